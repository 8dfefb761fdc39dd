"""Maps of scenes that do not fit into memory: tiles with an overlap, blended, as if the scene had been mapped whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..errors import CourseError


class TilingError(CourseError):
    """Tiles that cannot cover a scene; the message says why."""


def tiled(function: Callable[[np.ndarray], np.ndarray], power: np.ndarray, tile: int = 256, overlap: int = 64) -> np.ndarray:
    """What `function` makes of a large scene, tile by tile.

    A tile is cut with `overlap` more pixels on every side. The outermost half of the overlap, which sees too little of its
    surroundings, is thrown away; over the next `overlap` pixels one tile fades into the other. If half the overlap is as far
    as the network looks, the result is that of the whole scene.

    Parameters
    ----------
    function : (1, y, x, channel) power -> (1, y, x, class) logits, of any size that a tile can have
    power : (y, x, channel)
    tile : pixels along a tile without its overlap; a multiple of what the network folds into one
    overlap : more pixels on every side; a multiple of the same

    Returns
    -------
    (y, x, class) float32
    """
    if power.ndim != 3:
        raise TilingError(f"one scene is (y, x, channel); this has the shape {power.shape}")
    if tile < 1 or overlap < 0 or overlap > tile:
        raise TilingError(f"tiles need at least one pixel and an overlap between 0 and themselves; got {tile} and {overlap}")
    total = weights = None
    for rows, columns in windows(power.shape[:2], tile, overlap):
        values = np.asarray(function(power[None, rows, columns]))[0]
        weight = _ramp(rows, power.shape[0], overlap)[:, None] * _ramp(columns, power.shape[1], overlap)[None, :]
        if total is None:
            total, weights = np.zeros((*power.shape[:2], values.shape[-1]), np.float32), np.zeros(power.shape[:2], np.float32)
        total[rows, columns] += weight[..., None] * values
        weights[rows, columns] += weight
    return total / weights[..., None]


def windows(shape: tuple[int, int], tile: int, overlap: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of each tile with its overlap, cut off at the border."""
    for row in range(0, shape[0], tile):
        for column in range(0, shape[1], tile):
            yield tuple(
                slice(max(0, at - overlap), min(end, at + tile + overlap)) for at, end in ((row, shape[0]), (column, shape[1]))
            )


def _ramp(span: slice, end: int, overlap: int) -> np.ndarray:
    """1 inside, falling to nearly 0 over twice the overlap towards neighbours, not towards the border of the scene."""
    n = span.stop - span.start
    ramp = np.ones(n, np.float32)
    if overlap:
        rise = np.clip((np.arange(n) - 0.5 * overlap + 0.5) / overlap, 0, 1).astype(np.float32)
        if span.start > 0:
            ramp = np.minimum(ramp, rise)
        if span.stop < end:
            ramp = np.minimum(ramp, rise[::-1])
    return np.maximum(ramp, 1e-6)
