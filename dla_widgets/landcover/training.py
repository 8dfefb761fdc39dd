"""Training on crops: seconds instead of hours, every choice in sight."""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..errors import CourseError
from ..progress import ProgressLine
from .layers import Decibels
from .losses import Loss, cross_entropy
from .sampling import crop_dataset
from .scenes import arrays, select_scenes
from .skill import Confusion

if TYPE_CHECKING:
    import keras


class TrainingError(CourseError):
    """A training that cannot begin; the message says why."""


def train(
    model: keras.Model,
    scenes: xr.Dataset,
    loss: Loss | None = None,
    *,
    how: str = "random",
    steps: int = 300,
    batch: int = 16,
    size: int = 64,
    learning_rate: float = 5e-3,
    augment: bool | Callable = True,
    valid: xr.Dataset | None = None,
    every: int = 100,
    seed: int = 0,
    progress: bool = True,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> dict[str, list]:
    """Fit `model` to the labels of the training scenes.

    The scaling inside a fresh model is measured first, on these scenes alone.

    Parameters
    ----------
    model : one of :mod:`.models`, or your own: linear power (batch, y, x, channel) -> logits (batch, y, x, class)
    scenes : a stack in the one schema; if it has several parts, only ``train`` is used
    loss : of :mod:`.losses`; by default plain cross-entropy
    how : where the crops come from: ``random``, or ``balanced``, ``effective``, ``sqrt`` (:func:`~.sampling.class_crops`)
    steps, batch, size : steps of gradient descent, crops in each, pixels along a crop
    learning_rate : the highest one; it is reached after a twentieth of the steps and then falls along a cosine
    augment : flip, turn and jitter the crops (:mod:`.augment`), or a function of your own ``(power, labels)``
    valid : scenes to look at every `every` steps; its macro F1 goes into the history
    seed : which crops are drawn; the first weights have the model's own seed
    progress : show one line that is rewritten
    callbacks : Keras callbacks; an "epoch" is `every` steps, and one that sets ``model.stop_training`` ends the training

    Returns
    -------
    dict : ``loss`` and ``seconds`` per step; with `valid` also ``step`` and ``macro_f1``

    Raises
    ------
    TrainingError : the model takes other channels, or the loss is no number any more
    SceneError : a stack of several parts has none for training
    """
    several = len(np.unique(scenes["split"].values)) > 1
    power, labels = arrays(select_scenes(scenes, "train") if several else scenes)
    _fit_scaling(model, power)
    data = crop_dataset(power, labels, size, batch, how, seed, _augmentation(augment, seed))
    return _descend(model, data, loss or cross_entropy(), steps, learning_rate, valid, every, progress, callbacks)


def _augmentation(augment, seed):
    import tensorflow as tf

    if augment is True:
        from .augment import augmentation

        augment = augmentation(seed=seed)
    return tf.autograph.experimental.do_not_convert(augment) if augment else None


def _fit_scaling(model: keras.Model, power: np.ndarray) -> None:
    if (channels := model.input_shape[-1]) not in (None, power.shape[-1]):
        raise TrainingError(f"the model takes {channels} channels and these scenes have {power.shape[-1]} (bands times dates); "
                            f"make it with channels={power.shape[-1]}")  # fmt: skip
    for layer in model.layers:
        if isinstance(layer, Decibels) and not float(layer.fitted):
            layer.adapt(power)


def _descend(model, data, loss, steps, learning_rate, valid, every, progress, callbacks) -> dict[str, list]:
    import keras
    import tensorflow as tf

    rate = tf.Variable(0.0, trainable=False)
    optimiser = keras.optimizers.Adam(learning_rate, clipnorm=1.0)
    optimiser.build(model.trainable_variables)

    # Without AutoGraph, which reads the loss's source file and gets it wrong if that was edited since it was imported.
    @tf.function(autograph=False, reduce_retracing=True)
    def step(power, labels):
        with tf.GradientTape() as tape:
            value = loss(labels, model(power, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimiser.learning_rate.assign(rate)
        optimiser.apply_gradients(zip(gradients, model.trainable_variables))
        return value

    history = {"loss": [], "seconds": []} | ({"step": [], "macro_f1": []} if valid is not None else {})
    watching = keras.callbacks.CallbackList(list(callbacks), model=model, steps=every, epochs=-(-steps // every))
    model.stop_training = False
    watching.on_train_begin()
    line, start = ProgressLine() if progress else None, clock.perf_counter()
    for number, (power, labels) in zip(range(1, steps + 1), data):
        rate.assign(rate_at(number, learning_rate, steps))
        history["loss"].append(float(step(power, labels)))
        if not np.isfinite(history["loss"][-1]):
            raise TrainingError(f"the loss is {history['loss'][-1]} at step {number}; a lower learning_rate than "
                                f"{learning_rate:g} may help, or a loss of your own divides by 0")  # fmt: skip
        history["seconds"].append(clock.perf_counter() - start)
        watching.on_train_batch_end((number - 1) % every, {"loss": history["loss"][-1]})
        if number % every == 0 or number == steps:
            seen = {"loss": float(np.mean(history["loss"][-every:]))}
            if valid is not None:
                history["step"].append(number)
                history["macro_f1"].append(validate(model, valid))
                seen["val_macro_f1"] = history["macro_f1"][-1]
            watching.on_epoch_end((number - 1) // every, seen)
        if line:
            line.show(_words(history, number, steps), last=number == steps or model.stop_training)
        if model.stop_training:
            break
    watching.on_train_end()
    return history


def rate_at(step: int, highest: float, steps: int) -> float:
    """Learning rate of a step: up along a line for a twentieth of them, then down along a cosine."""
    rise = max(1, steps // 20)
    if step <= rise:
        return highest * step / rise
    return highest * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * (step - rise) / max(1, steps - rise))))


def validate(model: keras.Model, scenes: xr.Dataset) -> float:
    """Macro F1 of `model` on `scenes`."""
    from .prediction import predict

    return Confusion().add(arrays(scenes)[1], predict(model, scenes).values).macro_f1


def _words(history: dict, number: int, steps: int) -> str:
    spent = history["seconds"][-1]
    text = f"step {number} of {steps}, loss {np.mean(history['loss'][-20:]):.3f}"
    if history.get("macro_f1"):
        text += f", macro F1 on the validation scenes {history['macro_f1'][-1]:.3f}"
    return f"{text}, {spent:.0f} s, {spent / number * (steps - number):.0f} s to go"
