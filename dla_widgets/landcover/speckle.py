r"""Speckle: filters for radar power, and what to judge them by.

Speckle multiplies: a surface of power :math:`R` is seen as :math:`z = R v`, with :math:`v` of mean 1 and, for L looks, of
variance 1/L. So the squared coefficient of variation of a window, :math:`C_z^2 = \mathrm{var}(z) / \bar z^2`, is
:math:`C_v^2 = 1/L` where the surface is all the same, and more where it is not. Most filters here are a mean that gives way to
the pixel itself as :math:`C_z` grows.

All take linear power, (..., y, x) arrays or DataArrays, and give float32 of the same shape. NaN stays NaN and is in nobody's
window; windows end at the image's border.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import CourseError
from . import speckle_kernels as kernels

#: Looks of Sentinel-1 backscatter at 10 m as it is usually delivered; ESA states 4.4 for its ground-range product (IW GRDH),
#: 4.7 to 5.0 was measured on the terrain-corrected chips that this course was made with.
LOOKS = 5.0


class SpeckleError(CourseError):
    """A filter was asked for something that it cannot do; the message says what to change."""


def boxcar(power: ArrayLike, size: int = 7):
    """The mean of a window: the strongest against speckle, and against everything else."""
    return _slide(power, size, kernels.BOXCAR)


def lee(power: ArrayLike, size: int = 7, looks: float = LOOKS):
    r"""Lee filter: the mean where the window is homogeneous, the pixel itself where it is not.

    .. math:: \hat R = \bar z + \left(1 - C_v^2 / C_z^2\right) (z - \bar z), \quad C_z > C_v

    Lee (1980), doi:10.1109/TPAMI.1980.4766994, in the form of Lopes et al. (1990), doi:10.1109/36.62623.

    Parameters
    ----------
    power : (..., y, x) linear power
    size : pixels along the window, odd
    looks : L, the number of independent looks; see :func:`enl`
    """
    return _slide(power, size, kernels.LEE, looks)


def kuan(power: ArrayLike, size: int = 7, looks: float = LOOKS):
    r"""Kuan filter: the linear estimate of least squared error, Lee's weight over :math:`1 + C_v^2`.

    Kuan et al. (1985), doi:10.1109/TPAMI.1985.4767641.
    """
    return _slide(power, size, kernels.KUAN, looks)


def enhanced_lee(power: ArrayLike, size: int = 7, looks: float = LOOKS, damping: float = 1.0):
    r"""Enhanced Lee filter: mean below :math:`C_v`, pixel above :math:`C_{max} = \sqrt{1 + 2/L}`, an exponential in between.

    .. math:: \hat R = z + W (\bar z - z), \quad W = \exp\left(-K (C_z - C_v) / (C_{max} - C_z)\right)

    Lopes et al. (1990), doi:10.1109/36.62623.

    Parameters
    ----------
    damping : K; the larger, the more of the pixel itself is kept
    """
    return _slide(power, size, kernels.ENHANCED_LEE, looks, _positive("damping", damping))


def gamma_map(power: ArrayLike, size: int = 7, looks: float = LOOKS):
    r"""Gamma-MAP filter: the likeliest power where both surface and speckle are gamma distributed.

    With :math:`\alpha = (1 + C_v^2) / (C_z^2 - C_v^2)` the positive root of
    :math:`\alpha \hat R^2 - (\alpha - L - 1) \bar z \hat R - L z \bar z = 0`, for :math:`C_v < C_z < \sqrt 2 C_v`; below the
    mean, above the pixel itself. Lopes et al. (1993), doi:10.1080/01431169308953999.
    """
    return _slide(power, size, kernels.GAMMA_MAP, looks)


def frost(power: ArrayLike, size: int = 7, damping: float = 2.0):
    r"""Frost filter: a mean whose weights fall with the distance d as :math:`\exp(-K C_z^2 d)`.

    Frost et al. (1982), doi:10.1109/TPAMI.1982.4767223, with the coefficient of variation as in Lopes et al. (1990).

    Parameters
    ----------
    damping : K; the larger, the narrower
    """
    half, damping = _half(power, size), _positive("damping", damping)
    return _each(power, lambda image, variation, *rows: kernels.frost(image, variation, half, damping, *rows),
                 _pass(half, kernels.VARIATION))  # fmt: skip


def refined_lee(power: ArrayLike, looks: float = LOOKS):
    """Refined Lee filter: statistics from the half of a 7x7 window that lies on the pixel's side of an edge.

    The edge is looked for in the 3x3 means around, in four directions. Lee (1981), doi:10.1016/S0146-664X(81)80018-4.
    """
    looks, _ = _looks(looks), _half(power, 7)
    return _each(power, lambda image, means, *rows: kernels.refined_lee(image, means, looks, *rows), _pass(1, kernels.BOXCAR))


def quegan(powers: ArrayLike, size: int = 7):
    r"""Multitemporal filter: the dates lend each other looks, and keep their own brightness.

    .. math:: J_k = \frac{\bar z_k}{N} \sum_i \frac{z_i}{\bar z_i}

    with local means :math:`\bar z_i`. Quegan and Yu (2001), doi:10.1109/36.964973, for dates whose speckle is independent.

    Parameters
    ----------
    powers : (time, ..., y, x) at least two dates
    """
    values = np.asarray(powers, np.float32)
    if values.ndim < 3 or values.shape[0] < 2:
        raise SpeckleError(f"a multitemporal filter needs (time, y, x) with two dates or more; got the shape {values.shape}")
    local = np.asarray(boxcar(values, size))
    ratio = np.divide(values, local, out=np.full_like(values, np.nan), where=local > 0)
    seen = np.isfinite(ratio)
    mean = np.divide(np.where(seen, ratio, 0).sum(0), seen.sum(0), out=np.full(values.shape[1:], np.nan, np.float32),
                     where=seen.any(0))  # fmt: skip
    return _like(powers, np.where(np.isnan(values), np.nan, local * mean).astype(np.float32))


def enl(power: ArrayLike) -> float:
    r"""Equivalent number of looks of a homogeneous area, :math:`\bar z^2 / \mathrm{var}(z)`.

    Where the surface is not all the same, it says too little.
    """
    values = np.asarray(power, float)
    values = values[np.isfinite(values)]
    if values.size < 2 or not values.var() > 0:
        raise SpeckleError(f"looks are counted where power varies; here are {values.size} measured pixels that do not")
    return float(values.mean() ** 2 / values.var())


def ratio_image(power: ArrayLike, filtered: ArrayLike):
    """What a filter took away, power over filtered power: of a good one it is speckle alone, without a shape in it."""
    top, below = np.asarray(power, np.float32), np.asarray(filtered, np.float32)
    _same_shape(top, below)
    return _like(power, np.divide(top, below, out=np.full_like(top, np.nan), where=below > 0))


def edge_preservation(reference: ArrayLike, filtered: ArrayLike) -> float:
    """Correlation of the edges (Laplacians) of two images: 1 where every edge is kept.

    The index beta of Sattar et al. (1997), doi:10.1109/83.585241. The reference should be free of speckle, as only a
    simulated scene has it; against the speckled image itself the index rewards keeping speckle.
    """
    a, b = np.asarray(reference, float), np.asarray(filtered, float)
    _same_shape(a, b)
    edges = [_laplacian(image) for image in (a, b)]
    both = np.isfinite(edges[0]) & np.isfinite(edges[1])
    a, b = (e[both] - e[both].mean() for e in edges)
    spread = np.sqrt((a**2).sum() * (b**2).sum())
    if not spread > 0:
        raise SpeckleError("an image without any edge has none to keep: one of the two is constant")
    return float((a * b).sum() / spread)


def _laplacian(image: np.ndarray) -> np.ndarray:
    inner = image[..., 1:-1, 1:-1]
    return image[..., :-2, 1:-1] + image[..., 2:, 1:-1] + image[..., 1:-1, :-2] + image[..., 1:-1, 2:] - 4 * inner


# ------------------------------------------------------------------------------------------------- from array to rows


def _slide(power, size: int, rule: int, looks: float = 1.0, damping: float = 0.0):
    return _each(power, _pass(_half(power, size), rule, _looks(looks), damping))


def _pass(half: int, rule: int, looks: float = 1.0, damping: float = 0.0) -> Callable:
    return lambda image, *rows: kernels.slide(image, half, rule, looks, damping, *rows)


def _each(power, kernel: Callable, before: Callable | None = None):
    """Run `kernel` over every image of `power`; where it needs what another one finds `before`, it gets that second."""
    values = np.ascontiguousarray(power, np.float32)
    if values.size and (lowest := np.nanmin(values, initial=np.inf)) < 0:
        raise SpeckleError(f"filters work on linear power, which is not negative; the lowest value here is {lowest:.3g}. "
                           "Are these decibels? linear(values) turns them into power.")  # fmt: skip
    out = np.empty_like(values)
    images = values.reshape(-1, *values.shape[-2:])
    for image, result in zip(images, out.reshape(images.shape)):
        given = (image,) if before is None else (image, _strips(before, image))
        result[:] = _strips(kernel, *given)
    return _like(power, out)


def _strips(kernel: Callable, image: np.ndarray, *more: np.ndarray) -> np.ndarray:
    """One image, a strip of rows to each core; the kernels let go of Python's lock."""
    out = np.empty_like(image)
    cores = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
    edges = np.linspace(0, image.shape[0], (cores if image.size > 1 << 16 else 1) + 1).astype(int)
    if len(edges) == 2:
        kernel(image, *more, 0, image.shape[0], out)
        return out
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(lambda first, last: kernel(image, *more, int(first), int(last), out), edges[:-1], edges[1:]))
    return out


def _half(power, size: int) -> int:
    shape = np.shape(power)
    if len(shape) < 2:
        raise SpeckleError(f"a filter needs an image (..., y, x); this has the shape {shape}")
    if size != int(size) or size < 1 or size % 2 == 0:
        raise SpeckleError(f"a window has an odd number of pixels along its side, 3, 5, 7 ...; got {size}")
    if size > min(shape[-2:]):
        raise SpeckleError(f"a window of {size} pixels is larger than the image of {shape[-2]} by {shape[-1]}")
    return int(size) // 2


def _looks(looks: float) -> float:
    return _positive("looks", looks)


def _positive(name: str, value: float) -> float:
    if not np.isfinite(value) or value <= 0:
        raise SpeckleError(f"{name} must be a number above 0; got {value}")
    return float(value)


def _same_shape(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape:
        raise SpeckleError(f"both images must have one shape; these have {a.shape} and {b.shape}")


def _like(given, values: np.ndarray):
    return given.copy(data=values) if isinstance(given, xr.DataArray) else values
