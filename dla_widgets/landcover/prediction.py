"""From a trained network to a map: logits, a correction for what is rare, labels, a GeoTIFF."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import CourseError
from .scenes import LABELS, arrays, georeferenced, label_map

if TYPE_CHECKING:
    import keras

#: Sides are padded to a multiple of this, more than any network here folds into one pixel.
FOLD = 32


class PredictionError(CourseError):
    """A map that cannot be made; the message says why."""


def predict(model: keras.Model, scenes: xr.Dataset, adjust: ArrayLike | None = None, tau: float = 1.0,
            tta: bool = False, batch: int = 8) -> xr.DataArray:
    """The class of every pixel.

    Parameters
    ----------
    model : linear power -> logits
    scenes : a stack in the one schema
    adjust : (class,) shares of the classes in the training labels, to correct for what is rare; see :func:`adjust_prior`
    tau : how much of it
    tta : the mean over the eight ways to turn and mirror a scene (test-time augmentation)
    batch : scenes at a time

    Returns
    -------
    (scene, y, x) uint8 labels
    """
    power, _ = arrays(scenes)
    logits = predict_logits(model, power, tta=tta, batch=batch)
    if adjust is not None:
        logits = adjust_prior(logits, adjust, tau)
    return label_map(scenes, logits.argmax(-1))


def predict_logits(model: keras.Model, power: np.ndarray, tta: bool = False, batch: int = 8) -> np.ndarray:
    """Logits (scene, y, x, class) float32 of power (scene, y, x, channel), of any size.

    All of them are in memory at once; for a scene too large for that there is :func:`~.mapping.map_scene`.
    """
    if (channels := model.input_shape[-1]) not in (None, power.shape[-1]):
        raise PredictionError(f"this model was made for {channels} channels and the power has {power.shape[-1]} (bands times "
                              "dates); take scenes with as many dates as it was trained on")  # fmt: skip
    if tta:
        return sum(_turned_back(model, power, turn, batch) for turn in range(8)) / 8
    rows, columns = power.shape[1:3]
    padded = np.pad(power, ((0, 0), (0, -rows % FOLD), (0, -columns % FOLD), (0, 0)), mode="symmetric")
    parts = [np.asarray(model(padded[i : i + batch], training=False)) for i in range(0, len(padded), batch)]
    return np.concatenate(parts)[:, :rows, :columns]


def _turned_back(model, power, turn: int, batch: int) -> np.ndarray:
    turned = np.rot90(power[:, :, ::-1] if turn >= 4 else power, turn % 4, (1, 2))
    logits = np.rot90(predict_logits(model, np.ascontiguousarray(turned), batch=batch), -(turn % 4), (1, 2))
    return logits[:, :, ::-1] if turn >= 4 else logits


def adjust_prior(logits: np.ndarray, prior: ArrayLike, tau: float = 1.0) -> np.ndarray:
    r"""Logits without what the training's shares put into them, :math:`z_c - \tau \log \pi_c`.

    With ``tau=1`` the map is the one of a network for which every class was equally common (Menon et al. 2021,
    arXiv:2007.07314, equation 9). A class that never occurred in training stays as it was.

    Parameters
    ----------
    logits : (..., class)
    prior : (class,) shares or counts of the **training** labels
    """
    prior = np.asarray(prior, float)
    if prior.shape != logits.shape[-1:] or (prior < 0).any() or not prior.sum() > 0:
        raise PredictionError(f"a prior is one share per class, {logits.shape[-1]} of them, none negative; got {prior}")
    share = prior / prior.sum()
    return (logits - tau * np.log(np.where(share > 0, share, 1))).astype(np.float32)


def write_cog(prediction: xr.DataArray, scenes: xr.Dataset, name: str, path: str | os.PathLike) -> Path:
    """Write the map of one scene as a cloud-optimised GeoTIFF with the legend's colours.

    Parameters
    ----------
    prediction : (scene, y, x) labels
    scenes : the stack that they are of, which knows where its scenes lie
    name : which scene
    path : where to; the file appears whole or not at all
    """
    from .mapping import write_map

    place = georeferenced(scenes, name)[LABELS]
    return write_map(place.copy(data=prediction.sel(scene=name).values), path)
