"""Maps of scenes that do not fit into memory: tiles with an overlap, blended, as if the scene had been mapped whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..errors import CourseError

Window = tuple[slice, slice]


class TilingError(CourseError):
    """Tiles that cannot cover a scene; the message says why."""


def tiled(function: Callable[[np.ndarray], np.ndarray], power: np.ndarray, tile: int = 256, overlap: int = 64) -> np.ndarray:
    """What `function` makes of a large scene, tile by tile.

    A tile is cut with `overlap` more pixels on every side. The outermost half of the overlap, which sees too little of its
    surroundings, is thrown away; over the next `overlap` pixels one tile fades into the other. If half the overlap is as far
    as the network looks, the result is that of the whole scene. The networks of :mod:`.models` look up to 65 pixels far, but
    what lies beyond 32 hardly counts.

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
    read = lambda rows, columns: power[rows, columns]  # noqa: E731
    return np.concatenate([values for _, values in strips(function, read, power.shape[:2], tile, overlap)])


def strips(
    function: Callable[[np.ndarray], np.ndarray],
    read: Callable[[slice, slice], np.ndarray],
    shape: tuple[int, int],
    tile: int = 256,
    overlap: int = 64,
) -> Iterator[tuple[slice, np.ndarray]]:
    """The same from top to bottom: rows, and their values, as soon as no further tile changes them.

    No more than one row of tiles is in memory.

    Parameters
    ----------
    read : rows, columns -> (y, x, channel) power there
    shape : (y, x) of the scene
    """
    if tile < 1 or overlap < 0 or overlap > tile:
        raise TilingError(f"tiles need at least one pixel and an overlap between 0 and themselves; got {tile} and {overlap}")
    done, total, weights = 0, None, np.zeros((0, shape[1], 1), np.float32)
    for row in range(0, shape[0], tile):
        rows = _span(row, shape[0], tile, overlap)
        grown = ((0, rows.stop - done - len(weights)), (0, 0), (0, 0))
        weights, total = np.pad(weights, grown), total if total is None else np.pad(total, grown)
        here = slice(rows.start - done, rows.stop - done)
        for column in range(0, shape[1], tile):
            columns = _span(column, shape[1], tile, overlap)
            values = np.asarray(function(read(rows, columns)[None]))[0]
            if total is None:
                total = np.zeros((*weights.shape[:2], values.shape[-1]), np.float32)
            weight = (_ramp(rows, shape[0], overlap)[:, None] * _ramp(columns, shape[1], overlap))[..., None]
            total[here, columns] += weight * values
            weights[here, columns] += weight
        final = shape[0] if row + tile >= shape[0] else max(0, row + tile - overlap)
        ready = final - done
        yield slice(done, final), total[:ready] / weights[:ready]
        done, total, weights = final, total[ready:], weights[ready:]


def windows(shape: tuple[int, int], tile: int, overlap: int) -> Iterator[Window]:
    """Rows and columns of each tile with its overlap, cut off at the border."""
    for row in range(0, shape[0], tile):
        for column in range(0, shape[1], tile):
            yield _span(row, shape[0], tile, overlap), _span(column, shape[1], tile, overlap)


def _span(start: int, end: int, tile: int, overlap: int) -> slice:
    return slice(max(0, start - overlap), min(end, start + tile + overlap))


def _ramp(span: slice, end: int, overlap: int) -> np.ndarray:
    """1 inside, falling to 0 towards neighbours, not towards the border of the scene."""
    n = span.stop - span.start
    ramp = np.ones(n, np.float32)
    if overlap:
        rise = np.clip((np.arange(n) - 0.5 * overlap + 0.5) / overlap, 0, 1).astype(np.float32)
        if span.start > 0:
            ramp = np.minimum(ramp, rise)
        if span.stop < end:
            ramp = np.minimum(ramp, rise[::-1])
    return ramp
