"""The Keras layers that Keras has not: from radar power to standard units, and a map's true size again.

Registered under ``dla_widgets``, so a ``.keras`` file holds no code.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from ..errors import CourseError
from .scenes import FLOOR


class LayerError(CourseError):
    """A layer was given what it cannot work with."""


@keras.saving.register_keras_serializable("dla_widgets")
class Decibels(keras.layers.Layer):
    """From linear power to standard units: decibel, minus the mean, over the spread; where nothing was seen, 0.

    The mean and spread of each channel are measured once, on the training scenes (:meth:`adapt`), and saved in the model.
    """

    def __init__(self, **options):
        super().__init__(**{"trainable": False} | options)

    def build(self, input_shape) -> None:
        channels = (input_shape[-1],)
        self.mean = self.add_weight(shape=channels, initializer="zeros", trainable=False, name="mean")
        self.spread = self.add_weight(shape=channels, initializer="ones", trainable=False, name="spread")
        self.fitted = self.add_weight(shape=(), initializer="zeros", trainable=False, name="fitted")

    def call(self, power):
        decibels = 10 / np.log(10) * ops.log(ops.maximum(power, FLOOR))
        scaled = (decibels - self.mean) / self.spread
        return ops.where(ops.isfinite(power), scaled, ops.zeros_like(scaled))

    def adapt(self, power: np.ndarray) -> None:
        """Measure mean and spread of the decibels of `power`, (..., channel)."""
        flat = power.reshape(-1, power.shape[-1])
        seen = [column[np.isfinite(column)] for column in flat.T]
        if not all(map(len, seen)):
            raise LayerError("a channel has no measured pixel at all; are these the right scenes?")
        decibels = [10 * np.log10(np.maximum(column, FLOOR)) for column in seen]
        # double precision: millions of single-precision decibels do not add up to their sum
        self.mean.assign([d.mean(dtype="f8") for d in decibels])
        self.spread.assign([max(d.std(dtype="f8"), 1e-3) for d in decibels])
        self.fitted.assign(1.0)

    def compute_output_shape(self, input_shape):
        return input_shape
