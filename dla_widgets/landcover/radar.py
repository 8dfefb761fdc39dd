"""What Sentinel-1 would see of a landscape: mean backscatter, texture, slopes, wind, season, and correlated speckle."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import fft, ndimage

from .landscape import BARE, BUILT, CROPS, FOREST, GRASS, SHRUBS, SNOW, WATER, WETLAND, Landscape
from .random_fields import fractal, smooth_noise
from .scenes import linear

#: Looks of the speckle, and the width of its blur [pixel]: together they give the autocorrelation of real 10 m images.
LOOKS = 5
BLUR = 1.08

#: Noise floor of VV and VH [dB]; it is part of what the radar measures.
NOISE = (-25.5, -26.0)


class Signature(NamedTuple):
    """Backscatter of a class: means [dB], how far it spreads at four scales [dB], and its fall with the incidence angle."""

    vv: float
    vh: float
    scenes: float  #: between scenes
    broad: float  #: within a scene, over hundreds of metres
    patchy: float  #: over some 50 m: hollows, hedges, wind on water
    fine: float  #: over some 20 m: crowns, shrubs, houses
    slope: float  #: [dB per degree] away from 38 degrees


#: Means after the real chips in the course's table, plus 0.5 dB: the mean of decibels of five looks lies that much below
#: the decibel of the mean. Shrubs stand between grassland and forest, as in the western-US plots of the same table.
SIGNATURES = {
    FOREST: Signature(-8.0, -13.7, 0.4, 0.5, 0.2, 0.5, -0.03),
    SHRUBS: Signature(-10.0, -16.2, 0.5, 0.6, 0.6, 0.7, -0.05),
    GRASS: Signature(-12.2, -18.0, 0.6, 0.7, 0.9, 0.3, -0.10),
    CROPS: Signature(-11.4, -17.8, 0.5, 0.4, 0.9, 0.4, -0.09),
    BUILT: Signature(-11.3, -17.2, 0.6, 0.5, 0.8, 0.8, -0.03),
    BARE: Signature(-16.0, -22.2, 0.8, 0.8, 0.9, 0.3, -0.14),
    WATER: Signature(-18.0, -23.8, 0.8, 0.4, 0.7, 0.1, -0.25),
    WETLAND: Signature(-9.4, -16.8, 0.6, 1.0, 0.6, 0.5, -0.08),
    SNOW: Signature(-13.8, -21.2, 1.0, 1.2, 0.8, 0.3, -0.10),
}


def speckle(rng: np.random.Generator, shape: tuple[int, int], looks: int = LOOKS, blur: float = BLUR,
            correlation: float = 0.1) -> np.ndarray:  # fmt: skip
    """Fully developed speckle of two polarisations (2, y, x): mean 1, variance 1 / `looks`, correlated in space.

    The mean of `looks` squared moduli of complex Gaussian noise (Goodman 1976, doi:10.1364/JOSA.66.001145), blurred as the
    radar's point response and the resampling to 10 m do; so neighbours are alike: exp(-d^2 / (2 blur^2)) at a distance d.

    Parameters
    ----------
    correlation : of the speckle of VV with that of VH
    """
    y, x = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])[None]
    response = np.exp(-2 * (np.pi * blur) ** 2 * (y**2 + x**2))
    response = (response / np.sqrt((response**2).sum() * 2)).astype(np.float32)
    noise = rng.standard_normal((2, looks, *shape, 2), np.float32).view(np.complex64)[..., 0]
    noise[1] = np.sqrt(correlation) * noise[0] + np.sqrt(1 - correlation) * noise[1]
    field = fft.ifft2(noise * response, axes=(-2, -1), norm="forward", overwrite_x=True)
    return (field.real**2 + field.imag**2).mean(axis=1)


class View(NamedTuple):
    """How the radar looks at a scene."""

    incidence: float  #: of a flat ground [degree]
    look: float  #: direction in which it looks [radian, from east towards south]
    speckle_correlation: float  #: of VV with VH


def draw_view(rng: np.random.Generator, across: float) -> View:
    """How Sentinel-1 sees a place `across` its swath (0 to 1), looking east: from 31 to 45 degrees."""
    return View(31 + 14 * across + rng.normal(0, 0.3), 0.17, rng.uniform(0.02, 0.15))


def outside_swath(rng: np.random.Generator, size: int, left: bool) -> np.ndarray:
    """Mask (size, size) of what lies beyond the edge of the swath, at the left or the right; in most scenes nothing."""
    y, x = np.mgrid[:size, :size]
    beyond = size * (0.2 * rng.random() if rng.random() < 0.25 else -1)
    return (x if left else size - 1 - x) + 0.17 * (y - size / 2) < beyond


def incidence_angle(elevation: np.ndarray, view: View) -> np.ndarray:
    """Local incidence angle [degree] on the slopes of `elevation` [m] at 10 m."""
    dy, dx = np.gradient(ndimage.gaussian_filter(elevation, 1.5), 10.0)
    towards = -(dx * np.cos(view.look) + dy * np.sin(view.look))  # positive where the ground falls away from the radar
    angle = np.radians(view.incidence)
    cosine = (np.cos(angle) - towards * np.sin(angle)) / np.sqrt(1 + dx**2 + dy**2)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1))).astype(np.float32)


class Scene(NamedTuple):
    """What stays the same from date to date."""

    mean: np.ndarray  #: (2, y, x) VV and VH [dB]
    angle: np.ndarray  #: (y, x) local incidence [degree]
    planting: np.ndarray  #: (y, x) when its crop is planted, as a share of a year


def mean_backscatter(rng: np.random.Generator, land: Landscape, view: View) -> Scene:
    """Mean backscatter of a landscape, before season, wind and speckle."""
    shape = land.classes.shape
    table = np.array([SIGNATURES[c] for c in range(len(SIGNATURES))])
    common = rng.standard_normal(len(table)) * table[:, 2]
    own = rng.standard_normal((2, len(table))) * 0.4 * table[:, 2]
    angle = incidence_angle(land.elevation, view)
    broad, patchy, fine = fractal(rng, shape[0], 2.6), smooth_noise(rng, shape, 2.2), smooth_noise(rng, shape, 1.1)
    c = land.classes
    shared = common[c] + table[c, 3] * broad + table[c, 4] * patchy + table[c, 5] * fine
    shared += table[c, 6] * (np.clip(angle, 15, 65) - 38)
    mean = np.stack([table[c, 0] + own[0][c] + shared, table[c, 1] + own[1][c] + shared])
    mean -= 0.06 * (angle - view.incidence)  # what terrain correction leaves
    units = int(land.unit.max()) + 1
    kind = rng.standard_normal((3, units))
    plot = (land.unit > 0) * np.where(c == CROPS, 1.0, 0.5)  # crops differ more than fallows do
    mean[0] += plot * (1.1 * kind[0] + 0.6 * kind[1])[land.unit]
    mean[1] += plot * (1.1 * kind[0] + 0.9 * kind[2])[land.unit]
    _edges(land, view, mean)
    _houses(rng, land, mean)
    planting = (0.25 + 0.12 * rng.standard_normal(units))[land.unit]
    return Scene(mean.astype(np.float32), angle, planting.astype(np.float32))


def _edges(land: Landscape, view: View, mean: np.ndarray) -> None:
    """Trees beside a clearing: a bright wall where they face the radar, a shadow of two pixels where they hide the ground.

    Bouvet et al. (2018) find clearings by it, doi:10.3390/rs10081250.
    """
    forest = land.classes == FOREST
    step = 1 if np.cos(view.look) > 0 else -1
    for reach, shade, bright in ((1, -2.2, 1.6), (2, -1.2, 0.6)):
        before = np.roll(forest, step * reach, axis=1)  # what stands between here and the radar
        before[:, : reach] |= step > 0
        before[:, -reach:] |= step < 0
        mean[:, ~forest & before] += shade
        mean[:, forest & ~before] += bright


def _houses(rng: np.random.Generator, land: Landscape, mean: np.ndarray) -> None:
    """Corners between wall and ground throw the wave straight back; streets and yards throw it away."""
    built = land.classes == BUILT
    corner = built & ~land.street & (smooth_noise(rng, built.shape, 0.7) > 1.1)
    strength = 2.5 + 2.5 * rng.standard_exponential(int(corner.sum()))
    strength = np.minimum(strength, 14) + rng.standard_normal()  # how the streets lie to the radar
    mean[0][corner] += strength
    mean[1][corner] += 0.75 * strength
    mean[:, land.street & built] -= 3.5
    mean[:, land.street & ~built & (land.classes != WATER)] -= 2.0  # a track: a slit in the canopy


def observe(rng: np.random.Generator, scene: Scene, land: Landscape, view: View, year: float) -> np.ndarray:
    """One image (2, y, x), linear power, on a date given as a share of a year."""
    power = surface(rng, scene, land, year)
    return (power * speckle(rng, land.classes.shape, correlation=view.speckle_correlation)).astype(np.float32)


def surface(rng: np.random.Generator, scene: Scene, land: Landscape, year: float) -> np.ndarray:
    """The same without its speckle (2, y, x): what the mean of endless looks on that date would be."""
    mean = scene.mean.copy()
    c = land.classes
    rain = np.cos(2 * np.pi * (year - 0.35))  # wet season in May
    growth = np.clip(np.sin(np.pi * np.clip((np.mod(year - scene.planting + 1, 1)) / 0.45, 0, 1)), 0, 1)
    crops = c == CROPS
    mean[0] += np.where(crops, 3.2 * growth - 2.0 + 0.5 * rain, 0)
    mean[1] += np.where(crops, 4.4 * growth - 2.8, 0)
    mean += np.array([0.5, 0.4])[:, None, None] * rain * ((c == GRASS) | (c == BARE))
    flooded = (c == WETLAND) * (0.5 + 0.5 * rain) * land.wet
    mean[0] += 2.0 * flooded
    mean[1] -= 0.8 * flooded
    wind = rng.normal(0, 1.6) + 1.3 * fractal(rng, c.shape[0], 2.6)
    mean[0] += np.where(c == WATER, wind, 0)
    mean[1] += np.where(c == WATER, 0.6 * wind, 0)
    power = linear(mean)
    power = np.stack([ndimage.gaussian_filter(p, BLUR / np.sqrt(2), truncate=3) for p in power])  # the same point response
    return power + linear(np.array(NOISE))[:, None, None]
