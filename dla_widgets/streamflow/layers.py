"""The few Keras layers that Keras has not: physical units at both ends, static attributes, an entity-aware LSTM,
quantiles.

All are plain subclasses registered under ``dla_widgets``, so a ``.keras`` file holds no code: ``import
dla_widgets.streamflow.layers`` and ``keras.saving.load_model`` read it anywhere.
"""

from __future__ import annotations

import keras
from keras import ops

from ..errors import CourseError


class LayerError(CourseError):
    """A layer was given what it cannot work with."""


@keras.saving.register_keras_serializable("dla_widgets")
class Scale(keras.layers.Layer):
    """From physical units to standard units, ``(x - mean) / spread``, or back with ``inverse=True``.

    It remembers which columns it expects (`names`, `units`) and on which days and basins its numbers were measured
    (`saw`), and all of it is saved in the model file. Until it has been fitted it changes nothing.
    """

    def __init__(self, names, inverse: bool = False, units=None, saw: str | None = None, **options):
        super().__init__(trainable=False, **options)
        self.names, self.inverse, self.units, self.saw = tuple(names), inverse, units, saw

    def build(self, input_shape) -> None:
        if input_shape[-1] not in (len(self.names), None) and not self.inverse:
            raise LayerError(
                f"this layer scales {len(self.names)} columns ({', '.join(self.names)}), got {input_shape[-1]}"
            )
        self.mean = self.add_weight(shape=(len(self.names),), initializer="zeros", trainable=False, name="mean")
        self.spread = self.add_weight(shape=(len(self.names),), initializer="ones", trainable=False, name="spread")

    def call(self, values):
        return values * self.spread + self.mean if self.inverse else (values - self.mean) / self.spread

    def take(self, scaler) -> None:
        """Take over the numbers of a fitted :class:`~dla_widgets.streamflow.sequences.Scaler`."""
        mean, spread = scaler.of(self.names)
        self.mean.assign(mean)
        self.spread.assign(spread)
        self.units = [scaler.units[scaler.names.index(name)] for name in self.names]
        self.saw = scaler.saw

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self) -> dict:
        own = {"names": list(self.names), "inverse": self.inverse, "units": self.units, "saw": self.saw}
        return {k: v for k, v in super().get_config().items() if k != "trainable"} | own


@keras.saving.register_keras_serializable("dla_widgets")
class EveryDay(keras.layers.Layer):
    """Puts what does not change (sample, attribute) beside what does (sample, day, input), on every day."""

    def call(self, daily, static):
        n = (ops.shape(daily)[0], ops.shape(daily)[1], ops.shape(static)[-1])
        return ops.concatenate([daily, ops.broadcast_to(static[:, None, :], n)], -1)

    def compute_output_shape(self, daily_shape, static_shape):
        return (*daily_shape[:-1], daily_shape[-1] + static_shape[-1])


@keras.saving.register_keras_serializable("dla_widgets")
class EntityAwareCell(keras.layers.Layer):
    r"""One day of an EA-LSTM: its input gate comes with the input, ready-made from the static attributes.

    .. math::
        (f, g, o)_t &= (\sigma, \tanh, \sigma)(W x_t + U h_{t-1} + b) \\
        c_t &= f_t \odot c_{t-1} + i \odot g_t, \qquad h_t = o_t \odot \tanh(c_t)
    """

    def __init__(self, units: int, seed: int = 0, **options):
        super().__init__(**options)
        self.units, self.seed = units, seed
        self.state_size = [units, units]
        self.output_size = units

    def build(self, input_shape) -> None:
        inputs, n = input_shape[-1] - self.units, self.units
        self.kernel = self.add_weight(
            shape=(inputs, 3 * n), initializer=keras.initializers.GlorotUniform(self.seed), name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            shape=(n, 3 * n), initializer=keras.initializers.Orthogonal(seed=self.seed + 1), name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(3 * n,), initializer="zeros", name="bias")

    def call(self, inputs, states):
        h, c = states
        gate, today = inputs[:, -self.units :], inputs[:, : -self.units]
        f, g, o = ops.split(ops.matmul(today, self.kernel) + ops.matmul(h, self.recurrent_kernel) + self.bias, 3, -1)
        c = ops.sigmoid(f) * c + gate * ops.tanh(g)
        h = ops.sigmoid(o) * ops.tanh(c)
        return h, [h, c]

    def get_config(self) -> dict:
        return super().get_config() | {"units": self.units, "seed": self.seed}


@keras.saving.register_keras_serializable("dla_widgets")
class Quantiles(keras.layers.Layer):
    """A head that gives quantiles in rising order: the lowest, and positive steps from each to the next.

    Quantiles that cross would say that a flood is at once likelier and less likely to be exceeded.
    """

    def __init__(self, levels=(0.05, 0.25, 0.5, 0.75, 0.95), seed: int = 0, **options):
        super().__init__(**options)
        self.levels, self.seed = tuple(levels), seed
        if list(self.levels) != sorted(set(self.levels)) or not 0 < self.levels[0] <= self.levels[-1] < 1:
            raise LayerError(f"quantile levels must rise from above 0 to below 1, got {self.levels}")

    def build(self, input_shape) -> None:
        self.dense = keras.layers.Dense(
            len(self.levels), kernel_initializer=keras.initializers.GlorotUniform(self.seed)
        )
        self.dense.build(input_shape)

    def call(self, hidden):
        raw = self.dense(hidden)
        steps = ops.cumsum(ops.softplus(raw[..., 1:]), -1)
        return ops.concatenate([raw[..., :1], raw[..., :1] + steps], -1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], len(self.levels))

    def get_config(self) -> dict:
        return super().get_config() | {"levels": list(self.levels), "seed": self.seed}
