"""Random fields and shapes on a grid: what a simulated landscape and a simulated radar image are drawn with."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage


def fractal(rng: np.random.Generator, size: int, slope: float = 3.0, longest: float = 1.0) -> np.ndarray:
    """A field (size, size) whose power falls with the wavenumber as k^-`slope`; mean 0, standard deviation 1.

    Terrain has a slope near 3 to 4, patchy vegetation one near 2.5. Waves longer than `longest` times the side are left out.
    The field is cut from a larger one, because one made by Fourier transform repeats itself at its edges.
    """
    wide = fft.next_fast_len(int(1.4 * size), real=True)
    k = np.hypot(np.fft.fftfreq(wide)[:, None], np.fft.rfftfreq(wide)[None])
    weight = np.maximum(k, 1 / (longest * wide)) ** (-slope / 2)
    weight[0, 0] = 0
    spectrum = rng.standard_normal((wide, k.shape[1], 2), np.float32).view(np.complex64)[..., 0] * weight.astype(np.float32)
    field = fft.irfft2(spectrum, s=(wide, wide))[:size, :size]
    return ((field - field.mean()) / (field.std() + 1e-9)).astype(np.float32)


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float) -> np.ndarray:
    """White noise blurred over `sigma` pixels; mean 0, standard deviation 1."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), sigma, mode="wrap", truncate=3)
    return field / (field.std() + 1e-9)


def smooth_series(rng: np.random.Generator, length: int, sigma: float) -> np.ndarray:
    """A wandering series of `length` values, correlated over `sigma` of them; standard deviation about 1."""
    coarse = max(int(length / max(sigma, 1.0)) + 4, 4)
    knots = rng.standard_normal(coarse)
    return ndimage.map_coordinates(knots, [np.linspace(1, coarse - 3, length)], order=3, mode="nearest") * 1.2


def blob(rng: np.random.Generator, size: int, centre: tuple[float, float], radius: float, rough: float = 0.25,
         stretch: float = 1.0, angle: float | None = None) -> tuple[tuple[slice, slice], np.ndarray]:  # fmt: skip
    """A patch with one wavy outline: the window (slices) that it lies in, and its mask there.

    Parameters
    ----------
    size : side of the map [pixel]
    centre : row and column
    radius : mean radius [pixel]
    rough : how much the outline waves, as a share of the radius
    stretch : long axis over short axis
    angle : of the long axis [radian]; drawn if not given
    """
    reach = int(radius * np.sqrt(stretch) * (1 + 2 * rough)) + 2
    top, left = (int(np.clip(c - reach, 0, size - 1)) for c in centre)
    low, right = (int(np.clip(c + reach + 1, 1, size)) for c in centre)
    y, x = np.mgrid[top:low, left:right].astype(np.float32)
    y, x = y - centre[0], x - centre[1]
    turn = rng.uniform(0, np.pi) if angle is None else angle
    along, across = x * np.cos(turn) + y * np.sin(turn), -x * np.sin(turn) + y * np.cos(turn)
    along, across = along / np.sqrt(stretch), across * np.sqrt(stretch)
    theta, outline = np.arctan2(across, along), np.ones_like(x)
    for k in range(2, 8):
        outline += rough * rng.standard_normal() / k * 1.5 * np.cos(k * theta + rng.uniform(0, 2 * np.pi))
    return (slice(top, low), slice(left, right)), np.hypot(along, across) < radius * np.maximum(outline, 0.3)


def parcels(rng: np.random.Generator, size: int, width: float, length: float, angle: float) -> np.ndarray:
    """Numbers (size, size) of rectangular parcels, about `width` by `length` pixels, turned by `angle` [radian].

    Strips run side by side; each is cut across at its own distances, as fields along a lane are.
    """
    y, x = np.mgrid[:size, :size].astype(np.float32)
    u, v = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
    number = int(3 * size / width) + 4
    widths = width * rng.uniform(0.55, 1.5, number)
    strip = np.searchsorted(np.cumsum(widths) - 0.4 * widths.sum(), u)
    strip = np.clip(strip, 0, number - 1)
    lengths = length * rng.uniform(0.6, 1.6, number)
    across = np.floor((v + rng.uniform(0, length, number)[strip]) / lengths[strip]).astype(np.int64)
    _, numbers = np.unique(strip * 4096 + across + 2048, return_inverse=True)
    return numbers.reshape(size, size)


def cells(rng: np.random.Generator, size: int, spacing: float) -> np.ndarray:
    """Numbers (size, size) of the cells of a Voronoi mosaic, about `spacing` pixels wide."""
    seeds = max(int((size / spacing) ** 2), 1)
    where = np.ones((size, size), bool)
    where.flat[rng.choice(size * size, seeds, replace=False)] = False
    nearest = ndimage.distance_transform_edt(where, return_distances=False, return_indices=True)
    _, numbers = np.unique(nearest[0] * size + nearest[1], return_inverse=True)
    return numbers.reshape(size, size)


def lowest(score: np.ndarray, area: float, units: np.ndarray | None = None, free: np.ndarray | None = None) -> np.ndarray:
    """Mask of about `area` pixels with the lowest `score`, in whole `units` (numbered patches) if given, where `free`."""
    free = np.ones(score.shape, bool) if free is None else free
    if area < 1 or not free.any():
        return np.zeros(score.shape, bool)
    if units is None:
        kept = score[free]
        k = int(min(area, kept.size) - 1)
        return free & (score <= np.partition(kept, k)[k])
    inside = np.bincount(units.ravel(), free.ravel())
    total = np.bincount(units.ravel())
    mean = np.bincount(units.ravel(), score.ravel()) / np.maximum(total, 1)
    mean[inside < 0.6 * total] = np.inf  # a patch that is mostly something else already
    order = np.argsort(mean)
    taken = order[(np.cumsum(inside[order]) <= area + 0.5 * inside[order]) & np.isfinite(mean[order])]
    chosen = np.zeros(len(mean), bool)
    chosen[taken] = True
    return chosen[units] & free
