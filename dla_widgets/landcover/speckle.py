r"""Speckle: filters for radar power, and what to judge them by.

Speckle multiplies: a surface of power :math:`R` is seen as :math:`z = R v`, with :math:`v` of mean 1 and, for L looks, of
variance 1/L. So the squared coefficient of variation of a window, :math:`C_z^2 = \mathrm{var}(z) / \bar z^2`, is
:math:`C_v^2 = 1/L` where the surface is all the same, and more where it is not. Most filters here are a mean that gives way to
the pixel itself as :math:`C_z` grows.

All take linear power, (..., y, x) arrays or DataArrays, and give float32 of the same shape. What is NaN, infinite or masked
becomes NaN and is in nobody's window; windows end at the image's border.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Timer

import numpy as np
import xarray as xr
from numba import config
from numpy.typing import ArrayLike

from ..errors import CourseError
from . import speckle_kernels as kernels

#: Looks of Sentinel-1 backscatter at 10 m as it is usually delivered; ESA states 4.4 for its ground-range product (IW GRDH),
#: 4.7 to 5.0 was measured on the terrain-corrected chips that this course was made with.
LOOKS = 5.0
_ROWS = 64  # of a strip: what its sums need stays in the processor's cache


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
    return _each(power, (kernels.frost, half, damping), before=(kernels.slide, half, kernels.VARIATION, 1.0, 0.0))


def refined_lee(power: ArrayLike, looks: float = LOOKS):
    """Refined Lee filter: statistics from the half of a 7x7 window that lies on the pixel's side of an edge.

    The edge is looked for in the 3x3 means around, in four directions. Lee (1981), doi:10.1016/S0146-664X(81)80018-4.
    """
    looks, _ = _looks(looks), _half(power, 7)
    return _each(power, (kernels.refined_lee, looks), before=(kernels.slide, 1, kernels.BOXCAR, 1.0, 0.0))


def quegan(powers: ArrayLike, size: int = 7):
    r"""Multitemporal filter: the dates lend each other looks, and keep their own brightness.

    .. math:: J_k = \frac{\bar z_k}{N} \sum_i \frac{z_i}{\bar z_i}

    with local means :math:`\bar z_i`. Quegan and Yu (2001), doi:10.1109/36.964973, for dates whose speckle is independent.

    Parameters
    ----------
    powers : (time, ..., y, x) at least two dates; of a DataArray, ``time`` may be any of the dimensions
    """
    if isinstance(powers, xr.DataArray) and "time" in powers.dims:
        ordered = powers.transpose("time", ...)
        return ordered.copy(data=quegan(ordered.values, size)).transpose(*powers.dims)
    values = _values(powers)
    if values.ndim < 3 or values.shape[0] < 2:
        raise SpeckleError(f"a multitemporal filter needs (time, y, x) with two dates or more; got the shape {values.shape}")
    local = boxcar(values, size)
    seen = np.isfinite(local)
    ratio = np.divide(values, local, out=np.ones_like(values), where=seen & (local > 0))
    dates = np.maximum(seen.sum(axis=0), 1)
    return _like(powers, local * (ratio.sum(axis=0, where=seen) / dates).astype(np.float32))


def enl(power: ArrayLike) -> float:
    r"""Equivalent number of looks of a homogeneous area, :math:`\bar z^2 / \mathrm{var}(z)`.

    Where the surface is not all the same, it says too little.
    """
    values = _values(power).astype(float)
    values = values[np.isfinite(values)]
    if values.size < 2 or not values.var() > 0:
        raise SpeckleError(f"looks are counted where power varies; here are {values.size} measured pixels that do not")
    return float(values.mean() ** 2 / values.var())


def ratio_image(power: ArrayLike, filtered: ArrayLike):
    """What a filter took away, power over filtered power: of a good one it is speckle alone, without a shape in it."""
    top, below = _values(power), _values(filtered)
    _same_shape(top, below)
    return _like(power, np.divide(top, below, out=np.full_like(top, np.nan), where=below > 0))


def edge_preservation(reference: ArrayLike, filtered: ArrayLike) -> float:
    """Correlation of the edges (Laplacians) of two images: 1 where every edge is kept.

    The index beta of Sattar et al. (1997), doi:10.1109/83.585241. The reference should be free of speckle, as only a
    simulated scene has it; against the speckled image itself the index rewards keeping speckle.
    """
    a, b = _values(reference).astype(float), _values(filtered).astype(float)
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
    return _each(power, (kernels.slide, _half(power, size), rule, _looks(looks), damping))


def _each(power, step: tuple, before: tuple | None = None):
    """Run `step`, a kernel and its settings, over every image; where it needs what another finds `before`, it gets that."""
    images = _values(power)
    if images.size and (lowest := np.nanmin(images, initial=np.inf)) < 0:
        raise SpeckleError(f"filters work on linear power, which is not negative; the lowest value here is {lowest:.3g}. "
                           "Are these decibels? linear(values) turns them into power.")  # fmt: skip
    images = images.reshape(-1, *images.shape[-2:])
    given = (images,) if before is None else (images, _strips(before, images))
    return _like(power, _strips(step, *given).reshape(np.shape(power)))


def _strips(step: tuple, *given: np.ndarray) -> np.ndarray:
    """All images, a strip of rows after the other on every core that Numba may use; the kernels let go of Python's lock."""
    kernel, *settings = step
    out = np.empty_like(given[0])

    def strip(at: int, first: int, last: int) -> None:
        kernel(*(images[at] for images in given), *settings, first, last, out[at])

    rows = out.shape[1]
    parts = [(at, first, min(first + _ROWS, rows)) for at in range(len(out)) for first in range(0, rows, _ROWS)]
    if parts and not kernel.signatures:
        _compile(strip)
    if out.size < 1 << 16 or config.NUMBA_NUM_THREADS == 1:
        for part in parts:
            strip(*part)
    else:
        with ThreadPoolExecutor(config.NUMBA_NUM_THREADS) as pool:
            list(pool.map(strip, *zip(*parts, strict=True)))
    return out


def _compile(strip: Callable) -> None:
    """Have Numba translate a kernel, on no row at all, and say so if that takes a while: it does the very first time."""
    notice = Timer(1.0, print, ["Translating the filter for this computer: some seconds, the first time only."],
                   {"flush": True})  # fmt: skip
    notice.daemon = True
    notice.start()
    try:
        strip(0, 0, 0)
    finally:
        notice.cancel()


def _values(power) -> np.ndarray:
    """Power as float32; what a masked array hides is NaN."""
    if np.ma.isMaskedArray(power):
        power = power.astype(np.float32).filled(np.nan)
    values = np.ascontiguousarray(power, np.float32)
    return values if values.flags.writeable else values.copy()  # to Numba read-only is another type, compiled anew


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
