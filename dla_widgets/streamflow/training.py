"""Training in seconds: random pieces of the record, with a year to warm up and a year to learn from.

The papers show a network 365 days to learn from one of them, and the next window is the same but for a day: the same
weather goes through the network 365 times. A piece of 730 days is as long as two windows and teaches 365 days at
once, which is about 180 times fewer steps per day learnt from. Both schemes are here; :data:`SCHEMES` names them.
"""

from __future__ import annotations

import time as clock
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..progress import ProgressLine
from .basins import PERIODS
from .prediction import arrays_for, feed
from .sequences import Scaler, SequenceError, days_of, discharge_array, nothing_measured

if TYPE_CHECKING:
    import keras

#: name -> (days that warm up, days that are learnt from) of one sample
SCHEMES = {"pieces": (365, 365), "windows": (364, 1)}


def train(
    model: keras.Model,
    basins: xr.Dataset,
    period: slice | str | None = PERIODS["train"],
    *,
    updates: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    scheme: str | tuple[int, int] = "pieces",
    loss: keras.losses.Loss | None = None,
    fused: bool | None = None,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    progress: bool = True,
) -> keras.callbacks.History:
    """Fit `model` to the discharge of `basins` in `period`.

    Scaling that the model brings unfitted is fitted first, on these basins and this period alone. One update is one
    epoch to Keras, so that `callbacks` and the history see each of them.

    Parameters
    ----------
    model : a model of :mod:`.models`, or your own: (sample, day, forcing) -> (sample, day, 1), or (sample, 1) with
        windows
    basins : forcings, discharge and attributes in the one schema; one basin or many
    period : a slice of dates, a name of PERIODS, or None for the whole record; the warm-up may come from the days
        before
    updates, batch, learning_rate : steps of gradient descent, sequences in each, and the highest rate, which is
        reached after a twentieth of the steps and then falls along a cosine; by default what :func:`usual` says for
        this number of basins
    scheme : ``"pieces"``, ``"windows"``, or your own pair: days that warm up, days that are learnt from
    loss : by default :class:`~.losses.BasinNSE`, or :class:`~.losses.Pinball` for a model of quantiles
    fused : run textbook LSTM layers through TensorFlow's fused kernel while training: same weights, same gradients;
        by default where it takes less time (small batches)
    seed : which pieces are drawn; first weights and dropout have the model's own seed
    progress : show one line that is rewritten

    Returns
    -------
    History : ``history["loss"]`` and ``history["seconds"]`` since the start, per update

    Raises
    ------
    SequenceError : no measured discharge in the period, a forcing is unknown or NaN, the period lies outside the record
    """
    import keras

    samples = draw_from(model, basins, period, scheme)
    _fit_scaling(model, samples.train_basins)
    usual_updates, usual_batch, usual_rate = usual(len(samples.starts), scheme)
    updates, batch, learning_rate = updates or usual_updates, batch or usual_batch, learning_rate or usual_rate
    runner = _runner(model, batch, fused)
    runner.compile(keras.optimizers.Adam(learning_rate, clipnorm=1.0), loss or _loss_for(model), jit_compile=False)
    rates = keras.callbacks.LearningRateScheduler(lambda update: float(rate_at(update, learning_rate, updates)))
    pace = _pace(updates, ProgressLine() if progress else None)
    history = _descend(runner, samples.batches(batch, seed), updates, [rates, pace, *callbacks])
    history.history["seconds"] = pace.seconds
    return history


def _descend(runner: keras.Model, batches: Iterator[tuple], updates: int, callbacks: list) -> keras.callbacks.History:
    """What ``fit`` does with one step per epoch, without the data pipeline that takes a third of so short a step."""
    import keras

    # Without this Keras would make the optimiser's variables while it traces the step, and so trace it twice.
    runner.optimizer.build(runner.trainable_variables)
    history = keras.callbacks.History()
    told = keras.callbacks.CallbackList([*callbacks, history], model=runner, epochs=updates, steps=1, verbose=0)
    runner.stop_training = False
    told.on_train_begin()
    for update in range(updates):
        told.on_epoch_begin(update)
        runner.reset_metrics()
        logs = runner.train_on_batch(*next(batches), return_dict=True)
        told.on_epoch_end(update, {name: float(value) for name, value in logs.items()})
        if runner.stop_training:
            break
    told.on_train_end()
    return history


def usual(basins: int, scheme: str | tuple[int, int] = "pieces") -> tuple[int, int, float]:
    """Updates, batch and learning rate that are enough for a useful hydrograph of so many basins.

    Chosen on years that neither teach nor test, by ``benchmarks/training_settings.py``.
    """
    if scheme == "windows":
        return 400, 256, 5e-3
    if basins == 1:
        return 120, 4, 3e-2
    updates = int(np.clip(70 * basins**0.6, 100, 1500))
    return (updates, 64, 1e-2) if basins > 60 else (updates, 32, 1e-2)


@dataclass(frozen=True, eq=False)
class Samples:
    """Sequences to draw from: where each may begin, and what was measured on its last days.

    daily : (basin, time, input); static : (basin, attribute) or None; discharge : (basin, time) [mm/day];
    spread : (basin,) standard deviation of discharge in the period [mm/day]; starts : per basin, rows where one may
        begin
    """

    daily: np.ndarray
    static: np.ndarray | None
    discharge: np.ndarray
    spread: np.ndarray
    starts: tuple[np.ndarray, ...]
    length: int
    taught: int
    train_basins: xr.Dataset

    def batches(self, size: int, seed: int) -> Iterator[tuple]:
        """Endless random batches (inputs, targets); targets are (sample, day, 2), discharge and spread of its basin."""
        rng = np.random.default_rng(seed)
        usable = [b for b, starts in enumerate(self.starts) if len(starts)]
        days = np.arange(self.length)
        while True:
            b = rng.choice(usable, size)
            rows = np.array([rng.choice(self.starts[i]) for i in b])[:, None] + days
            measured = self.discharge[b[:, None], rows[:, -self.taught :]]
            spread = np.broadcast_to(self.spread[b][:, None], measured.shape)
            inputs = feed(self.daily[b[:, None], rows], None if self.static is None else self.static[b])
            yield (tuple(inputs) if isinstance(inputs, list) else inputs), np.stack([measured, spread], -1)


def draw_from(
    model: keras.Model, basins: xr.Dataset, period: slice | str | None, scheme: str | tuple[int, int] = "pieces"
) -> Samples:
    """The samples of `basins` in `period` for `model`, checked; discharge outside the period is not in them."""
    warmup, taught = _days_of_scheme(scheme)
    basins = basins if "basin" in basins.dims else basins.expand_dims("basin")
    rows = days_of(basins, period)
    first = max(0, rows.start - warmup)
    seen, inside = basins.isel(time=slice(first, rows.stop)), basins.isel(time=rows)
    days = seen.sizes["time"]
    if days <= warmup:
        raise SequenceError(
            f"{days} days are too few: {warmup} go into the warm-up and nothing is left to learn from; choose a "
            "longer period"
        )
    taught = min(taught, days - warmup)
    discharge = discharge_array(seen)
    discharge[:, : rows.start - first] = np.nan
    measured = np.isfinite(discharge)
    if not measured[:, warmup:].any():
        raise SequenceError(nothing_measured(inside))
    spread = np.array(
        [np.std(q[ok], dtype="float64") if ok.any() else 0 for q, ok in zip(discharge, measured, strict=True)]
    )
    starts = tuple(_starts(ok, warmup, taught) for ok in measured)
    daily, static = arrays_for(model, seen)
    return Samples(daily, static, discharge, spread.astype("float32"), starts, warmup + taught, taught, inside)


def _days_of_scheme(scheme: str | tuple[int, int]) -> tuple[int, int]:
    """Days that warm up and days that are learnt from."""
    pair = SCHEMES.get(scheme) if isinstance(scheme, str) else scheme
    try:
        warmup, taught = map(int, pair)
    except (TypeError, ValueError):
        warmup, taught = -1, 0
    if warmup < 0 or taught < 1:
        raise SequenceError(
            f"scheme must be one of {', '.join(SCHEMES)}, got {scheme!r}; a pair of your own is (days that warm up, at "
            "least 0, days that are learnt from, at least 1)"
        )
    return warmup, taught


def _starts(measured: np.ndarray, warmup: int, taught: int) -> np.ndarray:
    """Rows where a sample may begin: those whose taught days have at least one measurement."""
    known = np.convolve(measured, np.ones(taught), "valid")[warmup:]
    return np.flatnonzero(known > 0.5)


def _fit_scaling(model: keras.Model, train_basins: xr.Dataset) -> None:
    """Fit the scaling inside `model` on the training period, unless it brings its own."""
    layers = [layer for layer in model.layers if type(layer).__name__ == "Scale"]
    if not layers or all(layer.saw for layer in layers):
        return
    names = {layer.name: layer.names for layer in layers if not layer.inverse}
    static = names.pop("scale_attributes", ())
    scaler = Scaler.fit(train_basins, [n for group in names.values() for n in group], static)
    for layer in layers:
        layer.take(scaler)


def rate_at(update: int, highest: float, updates: int) -> float:
    """Learning rate of an update: up to `highest` in the first twentieth, then down along a cosine to a tenth of it."""
    rise = max(1, updates // 20)
    if update < rise:
        return highest * (0.1 + 0.9 * update / rise)
    done = min(1.0, (update - rise) / max(1, updates - rise))
    return highest * (0.1 + 0.45 * (1 + np.cos(np.pi * done)))


def _runner(model: keras.Model, batch: int, wanted: bool | None) -> keras.Model:
    """A twin of `model` that shares its weights and bears the optimiser, so that `model` stays small on disk."""
    import keras

    from .fused import fused, worthwhile

    twin = fused(model) if (worthwhile(model, batch) if wanted is None else wanted) else model
    return keras.Model(model.inputs, model.outputs) if twin is model else twin


def _loss_for(model: keras.Model) -> keras.losses.Loss:
    from .losses import BasinNSE, Pinball

    levels = [layer.levels for layer in model.layers if type(layer).__name__ == "Quantiles"]
    return Pinball(levels[0]) if levels else BasinNSE()


def _pace(updates: int, line: ProgressLine | None) -> keras.callbacks.Callback:
    """A callback that takes the time of every update and shows where training is."""
    import keras

    class Pace(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.start, self.seconds, self.smooth = clock.perf_counter(), [], None

        def on_epoch_end(self, epoch, logs=None):
            self.seconds.append(clock.perf_counter() - self.start)
            loss = float(logs["loss"])
            self.smooth = loss if self.smooth is None else 0.9 * self.smooth + 0.1 * loss
            if line:
                left = self.seconds[-1] / (epoch + 1) * (updates - epoch - 1)
                line.show(f"update {epoch + 1} of {updates}, loss {self.smooth:.3f}, "
                          f"{self.seconds[-1]:.0f} s, {left:.0f} s to go", last=epoch + 1 == updates)  # fmt: skip

    return Pace()
