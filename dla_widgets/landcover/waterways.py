"""Rivers, lakes and wetlands of the simulated landscapes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .random_fields import blob, smooth_series

STEP = 0.7  #: distance between points of a centreline [pixel]


class Line(NamedTuple):
    """A centreline: points (row, column), heading and curvature at each of them."""

    y: np.ndarray
    x: np.ndarray
    heading: np.ndarray
    curvature: np.ndarray


def meander(rng: np.random.Generator, size: int, wavelength: float, swing: float, through: tuple[float, float] | None = None,
            heading: float | None = None) -> Line:  # fmt: skip
    """A curve across the map whose heading swings as a sine of the distance (Langbein and Leopold 1966, doi:10.3133/pp422H).

    Parameters
    ----------
    wavelength : along the curve, of one swing [pixel]
    swing : how far the heading turns to each side [radian]; 0.2 is a road, 1.8 nearly cuts its own necks
    through : a point (row, column) it passes; drawn from the middle of the map if not given
    heading : mean direction [radian]; drawn if not given
    """
    count = int(5 * size / STEP)
    scale = wavelength / STEP
    phase = np.cumsum(2 * np.pi / scale * np.exp(0.2 * smooth_series(rng, count, 2 * scale))) + rng.uniform(0, 2 * np.pi)
    swings = np.clip(swing * (1 + 0.4 * smooth_series(rng, count, 1.5 * scale)), 0.1 * swing, 1.75)
    drift = 0.3 * smooth_series(rng, count, 3 * scale)
    start = rng.uniform(0, 2 * np.pi) if heading is None else heading
    angle = start + drift - drift[count // 2] + swings * np.sin(phase)
    y, x = np.cumsum(STEP * np.sin(angle)), np.cumsum(STEP * np.cos(angle))
    to = through or tuple(rng.uniform(0.25 * size, 0.75 * size, 2))
    y, x = y - y[count // 2] + to[0], x - x[count // 2] + to[1]
    near = (y > -20) & (y < size + 20) & (x > -20) & (x < size + 20)
    curvature = np.gradient(ndimage.gaussian_filter1d(angle, 6)) / STEP
    return Line(y[near], x[near], angle[near], curvature[near])


def around(line: Line, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance [pixel] of every pixel (size, size) from a centreline, and the number of the point nearest to it."""
    pad = 20
    number = np.full((size + 2 * pad, size + 2 * pad), -1, np.int32)
    row, column = (np.clip(np.round(v).astype(int) + pad, 0, size + 2 * pad - 1) for v in (line.y, line.x))
    number[row, column] = np.arange(len(row))
    if not len(row):
        return np.full((size, size), np.inf, np.float32), np.zeros((size, size), np.int32)
    distance, nearest = ndimage.distance_transform_edt(number < 0, return_indices=True)
    inner = (slice(pad, pad + size),) * 2
    return distance[inner].astype(np.float32), number[tuple(nearest)][inner]


def river(rng: np.random.Generator, size: int, width: float) -> tuple[np.ndarray, np.ndarray, Line]:
    """A river: masks (size, size) of its water and of the sand bars inside its bends, and its centreline.

    Meanders are about eleven widths long as the crow flies (Leopold and Wolman 1960,
    doi:10.1130/0016-7606(1960)71[769:RM]2.0.CO;2).
    """
    line = meander(rng, size, max(20 * width, 60), rng.uniform(0.5, 1.5))
    distance, nearest = around(line, size)
    widths = width * np.exp(0.18 * smooth_series(rng, len(line.y), 8 * width / STEP))
    water = distance <= np.maximum(widths[nearest] / 2, 0.71)
    y, x = np.mgrid[:size, :size]
    side = (x - line.x[nearest]) * -np.sin(line.heading[nearest]) + (y - line.y[nearest]) * np.cos(line.heading[nearest])
    bend = line.curvature[nearest] * width
    inner = np.sign(side) == np.sign(bend)
    bar = inner & ~water & (distance < widths[nearest] / 2 + np.clip(np.abs(bend) - 0.35, 0, 0.5) * 1.8 * width)
    return water, bar, line


def oxbows(rng: np.random.Generator, size: int, line: Line, width: float, number: int) -> np.ndarray:
    """Mask of crescent lakes beside a river: old bends that it cut off."""
    mask = np.zeros((size, size), bool)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    for _ in range(number):
        i = rng.integers(len(line.y))
        off, turn = rng.uniform(3, 8) * width * rng.choice([-1, 1]), line.heading[i]
        cy, cx = line.y[i] + off * np.cos(turn), line.x[i] - off * np.sin(turn)
        radius, thick = rng.uniform(1.5, 3.0) * width, rng.uniform(0.5, 0.8) * width
        axis = rng.uniform(0, 2 * np.pi)
        along, across = (x - cx) * np.cos(axis) + (y - cy) * np.sin(axis), (y - cy) * np.cos(axis) - (x - cx) * np.sin(axis)
        theta = np.arctan2(across, along)
        taper = thick / 2 * np.sqrt(np.clip(1 - (theta / rng.uniform(1.2, 2.1)) ** 2, 0, 1))
        mask |= np.abs(np.hypot(along / rng.uniform(1.0, 1.7), across) - radius) < taper
    return mask


def lake(rng: np.random.Generator, size: int, radius: float) -> np.ndarray:
    """Mask of a lake with bays."""
    mask = np.zeros((size, size), bool)
    centre = rng.uniform(0.1 * size, 0.9 * size, 2)
    for _ in range(rng.integers(2, 5)):
        place = centre + rng.normal(0, 0.7 * radius, 2)
        window, inside = blob(rng, size, tuple(place), radius * rng.uniform(0.4, 0.9), 0.25, rng.uniform(1, 2.5))
        mask[window] |= inside
    return mask
