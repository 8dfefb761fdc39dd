"""Where a network looks: crops of scenes, evenly or with a bias towards what is rare.

A crop is a row (scene, row, column) of its upper left pixel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import CourseError
from .class_weights import class_counts, class_weights
from .legend import IGNORE

if TYPE_CHECKING:
    import tensorflow as tf


class SamplingError(CourseError):
    """Crops that cannot be cut; the message says why."""


def random_crops(labels: np.ndarray, size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` crops anywhere, every place as likely as any other."""
    scenes, rows, columns = _room(labels, size)
    return np.stack([rng.integers(0, k, n) for k in (scenes, rows, columns)], axis=1)


def grid_crops(labels: np.ndarray, size: int, stride: int | None = None) -> np.ndarray:
    """Crops side by side, or every `stride` pixels; the last ones of a row end with it, so that every pixel is seen."""
    scenes, rows, columns = _room(labels, size)
    stride = stride or size
    along = [np.unique([*range(0, room, stride), room - 1]) for room in (rows, columns)]
    return np.stack(np.meshgrid(np.arange(scenes), *along, indexing="ij"), axis=-1).reshape(-1, 3)


def class_crops(labels: np.ndarray, size: int, n: int, rng: np.random.Generator, how: str = "balanced") -> np.ndarray:
    """`n` crops, each around a pixel of a class that is drawn first: ``balanced`` draws every class equally often.

    ``effective`` and ``sqrt`` draw a class by its pixels times those weights, which is between balanced and random.
    """
    return _around(_places(labels, size, how), labels.shape, size, n, rng)


def _places(labels: np.ndarray, size: int, how: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """How often each class that occurs is to be drawn, and where its pixels are."""
    _room(labels, size)
    counts = class_counts(labels)
    share = counts * class_weights(counts, {"balanced": "inverse"}.get(how, how))
    there = np.flatnonzero(counts)
    return share[there] / share.sum(), [np.flatnonzero(labels == c) for c in there]


def _around(places: tuple[np.ndarray, list], shape: tuple[int, ...], size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    shares, pixels = places
    picked = [pixels[c][rng.integers(len(pixels[c]))] for c in rng.choice(len(shares), n, p=shares)]
    scene, row, column = np.unravel_index(picked, shape)
    back = rng.integers(0, size, (2, n))
    return np.stack([scene, np.clip(row - back[0], 0, shape[1] - size), np.clip(column - back[1], 0, shape[2] - size)], axis=1)


def rare_crops(labels: np.ndarray, predicted: np.ndarray, size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` crops around pixels that a model gets wrong, every true class equally often: what it should see again.

    Parameters
    ----------
    labels, predicted : (scene, y, x) labels; ignored pixels are nobody's mistake
    """
    wrong = np.where((labels != predicted) & (labels != IGNORE), labels, IGNORE)
    if not (wrong != IGNORE).any():
        raise SamplingError("this model gets every known pixel right: there is nothing to look for")
    return class_crops(wrong, size, n, rng, "balanced")


def spatial_blocks(
    shape: tuple[int, int], block: int = 64, fractions: tuple[float, float, float] = (0.6, 0.2, 0.2), seed: int = 0
) -> np.ndarray:
    """Which part of a large scene a pixel belongs to: 0 train, 1 valid, 2 test, by whole blocks.

    Neighbouring pixels share their speckle, their field and often their label. A split by pixel asks a model about places
    that it was trained beside; a split by block does not, but for the blocks' borders.

    Parameters
    ----------
    shape : (y, x) of the scene
    block : pixels along a block; several times as far as anything in the scene is alike
    fractions : of the blocks, adding up to 1
    seed : of the draw

    Returns
    -------
    (y, x) uint8
    """
    if abs(sum(fractions) - 1) > 1e-9 or min(fractions) < 0:
        raise SamplingError(f"fractions of the parts are not negative and add up to 1; got {fractions}")
    if not 0 < block <= min(shape):
        raise SamplingError(f"blocks of {block} pixels do not fit into a scene of {shape[0]} by {shape[1]}")
    grid = (-(-shape[0] // block), -(-shape[1] // block))
    edges = np.round(np.cumsum(fractions) * grid[0] * grid[1]).astype(int)
    part = np.searchsorted(edges, np.random.default_rng(seed).permutation(grid[0] * grid[1]), side="right")
    fine = np.kron(part.reshape(grid).astype(np.uint8), np.ones((block, block), np.uint8))
    return fine[: shape[0], : shape[1]]


def cut(array: np.ndarray, crops: np.ndarray, size: int) -> np.ndarray:
    """The crops of `array` (scene, y, x, ...) as (crop, size, size, ...)."""
    return np.stack([array[s, r : r + size, c : c + size] for s, r, c in crops])


def crop_dataset(
    power: np.ndarray, labels: np.ndarray, size: int = 64, batch: int = 16, how: str = "random", seed: int = 0, augment=None
) -> tf.data.Dataset:
    """Endless batches of crops, (batch, size, size, channel) power and (batch, size, size) labels.

    Parameters
    ----------
    power, labels : as :func:`~.scenes.arrays` gives them
    how : ``random``, or a way of :func:`class_crops`
    augment : ``augment(power, labels)`` on batches, see :mod:`.augment`
    """
    import tensorflow as tf

    places = None if how == "random" else _places(labels, size, how)  # looked for once, not for every batch

    def batches():
        rng = np.random.default_rng(seed)
        while True:
            crops = _around(places, labels.shape, size, batch, rng) if places else random_crops(labels, size, batch, rng)
            yield cut(power, crops, size), cut(labels, crops, size)

    shape = (tf.TensorSpec((batch, size, size, power.shape[-1]), tf.float32), tf.TensorSpec((batch, size, size), tf.uint8))
    data = tf.data.Dataset.from_generator(batches, output_signature=shape)
    if augment is not None:
        data = data.map(augment)
    return data.prefetch(2)


def _room(labels: np.ndarray, size: int) -> tuple[int, int, int]:
    if labels.ndim != 3:
        raise SamplingError(f"labels are (scene, y, x); these have the shape {labels.shape}")
    scenes, rows, columns = labels.shape
    if not 0 < size <= min(rows, columns):
        raise SamplingError(f"crops of {size} pixels do not fit into scenes of {rows} by {columns}")
    if not (labels != IGNORE).any():
        raise SamplingError("no pixel has a label: all are ignored")
    return scenes, rows - size + 1, columns - size + 1
