"""Land-cover maps of an invented country of forest: rivers, villages on roads, fields beside them, clearings, swamps.

What lies where follows from what causes it. Rivers meander, throw up bars inside their bends and drown their banks; roads
lead to settlements; fields are straight-edged parcels near both; shifting cultivation is a mosaic of small plots of all
ages within a walk of a track; ranches are large parcels along a road; natural grassland ends in a belt of shrubs. The
rest is forest, 75 to 99 % of a scene and about 93 % of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .legend import NAMES
from .random_fields import blob, cells, fractal, lowest, parcels, smooth_noise
from .waterways import around, lake, meander, oxbows, river

FOREST, SHRUBS, GRASS, CROPS, BUILT, BARE, WATER, WETLAND, SNOW = range(len(NAMES))


class Landscape(NamedTuple):
    """A map and what the radar needs to know besides: each (size, size)."""

    classes: np.ndarray  #: uint8, labels 0 to 7
    elevation: np.ndarray  #: [m]
    unit: np.ndarray  #: number of the parcel or plot, 0 where there is none
    street: np.ndarray  #: bool, asphalt or a bare yard inside built-up land
    wet: np.ndarray  #: 0 to 1, how near to water level the ground lies


@dataclass(frozen=True)
class Setting:
    """A kind of scene. Pairs are ranges that a number is drawn from; shares are of the land that is neither forest nor wet."""

    cleared: tuple[float, float]  #: share of the scene that is not forest
    relief: tuple[float, float]  #: [m]
    river: tuple[float, float] = (0, 0)  #: width [pixel]
    lakes: int = 0
    wetland: float = 0.0  #: share of what is not forest
    town: tuple[float, float] = (0, 0)  #: radius of the settlement [pixel]
    villages: int = 0
    crops: float = 0.0
    ranch: float = 0.0
    swidden: float = 0.0
    savanna: float = 0.0
    bare: float = 0.0


#: Taken in turn, scene by scene: every part of a stack gets every kind.
SETTINGS = {
    "river plain": Setting((0.05, 0.14), (8, 30), (4, 9), 1, 0.18, (0, 0), 2, 0.30, 0, 0.30, 0.25, 0.10),
    "frontier": Setting((0.04, 0.22), (20, 120), (-2, 3), 0, 0.02, (6, 10), 2, 0.33, 0.37, 0.15, 0.0, 0.15),
    "deep forest": Setting((0.004, 0.014), (20, 250), (-3, 2), 0, 0.15, (0, 0), 0, 0, 0, 0.50, 0.30, 0.20),
    "town": Setting((0.05, 0.22), (10, 80), (-3, 6), 0, 0.02, (18, 38), 1, 0.52, 0.12, 0.15, 0.05, 0.16),
    "swidden hills": Setting((0.015, 0.06), (80, 300), (-4, 3), 0, 0.02, (4, 8), 1, 0.15, 0, 0.80, 0.05, 0.0),
    "lakes and swamps": Setting((0.015, 0.08), (4, 15), (-3, 4), 3, 0.35, (0, 0), 1, 0.15, 0, 0.35, 0.50, 0.0),
    "forest and savanna": Setting((0.02, 0.15), (30, 150), (-4, 3), 0, 0.05, (0, 6), 1, 0.10, 0, 0.08, 0.65, 0.17),
}


#: No kind of clearing takes less of a scene than this [pixel]: two hectares.
LEAST = 200


def make_landscape(rng: np.random.Generator, size: int, setting: Setting) -> Landscape:
    """The map of one scene of `size` pixels of 10 m."""
    return _Map(rng, size, setting).draw()


def real_landscape(rng: np.random.Generator, labels: np.ndarray) -> Landscape:
    """A landscape on land cover that is known; its relief, and which pixels are one field, are invented."""
    size = len(labels)
    water = labels == WATER
    distance = ndimage.distance_transform_edt(~water) if water.any() else np.full(labels.shape, 999.0)
    elevation = fractal(rng, size, 3.4) * (1 - np.exp(-distance / 40)) * rng.uniform(5, 40)
    plots = (labels == CROPS) | (labels == GRASS)
    unit = np.where(plots, cells(rng, size, 11) + 1, 0).astype(np.int32)
    wet = np.exp(-distance / 6).astype(np.float32)
    return Landscape(labels.astype(np.uint8), elevation.astype(np.float32), unit, np.zeros(labels.shape, bool), wet)


class _Map:
    """A map that is being drawn: what comes later lies on what came before only where it is still forest."""

    def __init__(self, rng: np.random.Generator, size: int, setting: Setting) -> None:
        self.rng, self.size, self.setting = rng, size, setting
        self.classes = np.zeros((size, size), np.uint8)
        self.unit = np.zeros((size, size), np.int32)
        self.street = np.zeros((size, size), bool)
        self.relief = rng.uniform(*setting.relief)
        self.elevation = fractal(rng, size, 3.4)
        self.far = np.full((size, size), float(2 * size), np.float32)  # nothing near
        self.to_water, self.to_road, self.to_house = self.far, self.far, self.far
        low, high = setting.cleared
        self.cleared = (low + (high - low) * rng.random() ** 1.6) * size * size  # little is commoner than much

    def draw(self) -> Landscape:
        self._waters()
        self._wetlands()
        self._roads_and_settlements()
        self._clearings()
        wet = np.exp(-self.to_water / 6) * (self.elevation < 0.5)
        return Landscape(self.classes, self.elevation * self.relief / 4, self.unit, self.street, wet.astype(np.float32))

    def _put(self, mask: np.ndarray, land: int, over: bool = False) -> np.ndarray:
        mask = mask if over else mask & (self.classes == FOREST)
        self.classes[mask] = land
        return mask

    def _distance(self, mask: np.ndarray) -> np.ndarray:
        return ndimage.distance_transform_edt(~mask).astype(np.float32) if mask.any() else self.far

    def _waters(self) -> None:
        s, rng, size = self.setting, self.rng, self.size
        width = min(rng.uniform(*s.river), size / 16)
        if width > 1:
            water, bar, line = river(rng, size, width)
            near = np.exp(-((around(line, size)[0] / (4 * width + 10)) ** 2))
            self.elevation = self.elevation * (1 - 0.8 * near) - 1.2 * near  # a river runs in its valley
            if width > 5 and len(line.y):
                water |= oxbows(rng, size, line, width, rng.integers(1, 4))
            self._put(bar, BARE)
            self._put(water, WATER, over=True)
        for _ in range(s.lakes and rng.integers(1, s.lakes + 1)):
            radius = rng.uniform(0.15, 0.36) * np.sqrt(self.cleared)
            self._put(lake(rng, size, radius), WATER, over=True)
        self.to_water = self._distance(self.classes == WATER)

    def _wetlands(self) -> None:
        level = self.elevation + 0.045 * np.minimum(self.to_water, 60) + 0.45 * fractal(self.rng, self.size, 3.2)
        wanted = self.setting.wetland * self.cleared
        self._put(lowest(level, wanted, free=self.classes == FOREST), WETLAND)

    def _roads_and_settlements(self) -> None:
        s, rng, size = self.setting, self.rng, self.size
        radius = rng.uniform(*s.town)
        places = s.villages + (radius > 3)
        if not places:
            return
        road = meander(rng, size, rng.uniform(0.8, 2) * size, 0.25)
        distance, _ = around(road, size)
        self.to_road = distance
        for number in range(places):
            inside = np.flatnonzero((np.abs(road.y - size / 2) < 0.46 * size) & (np.abs(road.x - size / 2) < 0.46 * size))
            if not len(inside):
                break
            i = rng.choice(inside)
            town = number == 0 and radius > 3
            self._settlement((road.y[i], road.x[i]), road.heading[i], radius if town else rng.uniform(5, 11), distance)
            if town and radius > 8:  # a second road crosses in the town
                other = meander(rng, size, 1.5 * size, 0.25, (road.y[i], road.x[i]), road.heading[i] + rng.uniform(0.9, 2.2))
                self.to_road = np.minimum(distance, around(other, size)[0])
                distance = self.to_road
        self.to_house = self._distance(self.classes == BUILT)
        self.street |= self.to_road < 0.8
        if radius > 8:  # a road of asphalt; the others are tracks that no map of classes shows
            self._put(self.to_road < 0.8, BUILT, over=True)

    def _settlement(self, centre: tuple[float, float], heading: float, radius: float, to_road: np.ndarray) -> None:
        """Houses close to the road and the centre, gardens among them, streets in blocks of about a hundred metres."""
        rng, size = self.rng, self.size
        y, x = np.mgrid[:size, :size].astype(np.float32)
        y, x = y - centre[0], x - centre[1]
        spread = np.hypot(y, x) / radius + 0.9 * to_road / radius + 0.22 * smooth_noise(rng, (size, size), 2.5)
        houses = spread < 1.4
        garden = (smooth_noise(rng, (size, size), 1.6) > 1.3) & (spread > 0.5)
        houses = self._put(houses & ~garden & (self.classes != WATER), BUILT, over=True)
        self._put(garden & (spread < 1.15), GRASS)
        if radius > 8:
            u, v = x * np.cos(heading) + y * np.sin(heading), -x * np.sin(heading) + y * np.cos(heading)
            self.street |= houses & ((np.mod(u, 9) < 1) | (np.mod(v, 12) < 1))
        yard, mask = blob(rng, size, (centre[0] + rng.normal(0, radius), centre[1] + rng.normal(0, radius)), 0.25 * radius)
        self.street[yard] |= mask & houses[yard]

    def _clearings(self) -> None:
        s = self.setting
        left = self.cleared - np.count_nonzero(self.classes != FOREST)
        if left < 20:
            return
        shares = {"crops": s.crops, "ranch": s.ranch, "swidden": s.swidden, "savanna": s.savanna, "bare": s.bare}
        areas = {kind: left * share / sum(shares.values()) for kind, share in shares.items()}
        chief = max(areas, key=areas.__getitem__)
        areas[chief] += sum(area for area in areas.values() if area < LEAST)
        for kind, area in areas.items():
            if area >= LEAST or kind == chief:
                getattr(self, f"_{kind}")(area)

    def _people(self) -> np.ndarray:
        """How far [pixel] from houses, roads and, for those who come by boat, water."""
        return np.minimum(np.minimum(0.7 * self.to_house + 3, 0.9 * self.to_road + 6), 1.3 * self.to_water + 14)

    def _crops(self, area: float) -> None:
        rng, size = self.rng, self.size
        units = parcels(rng, size, rng.uniform(9, 16), rng.uniform(15, 36), rng.uniform(0, np.pi))
        score = self._people() + 9 * smooth_noise(rng, (size, size), 22)
        self._plots(lowest(score, area, units, self.classes == FOREST), units, {CROPS: 0.84, GRASS: 0.10, SHRUBS: 0.06})

    def _ranch(self, area: float) -> None:
        rng, size = self.rng, self.size
        units = parcels(rng, size, rng.uniform(18, 30), rng.uniform(30, 60), rng.uniform(0, np.pi))
        score = self.to_road + 12 * smooth_noise(rng, (size, size), 20)
        mask = lowest(score, area, units, self.classes == FOREST)
        regrowth = fractal(rng, size, 3.0) > 1.1
        self._plots(mask, units, {GRASS: 0.92, SHRUBS: 0.08})
        self.classes[mask & regrowth & (self.classes == GRASS)] = SHRUBS

    def _swidden(self, area: float) -> None:
        rng, size = self.rng, self.size
        units = cells(rng, size, rng.uniform(10, 16))
        score = np.minimum(self._people(), 30) + 15 * smooth_noise(rng, (size, size), 20)
        mask = lowest(score, area, units, self.classes == FOREST)
        self._plots(mask, units, {SHRUBS: 0.52, CROPS: 0.28, BARE: 0.10, GRASS: 0.10})

    def _savanna(self, area: float) -> None:
        rng = self.rng
        dry = fractal(rng, self.size, 4.0) - 0.3 * self.elevation + 0.1 * fractal(rng, self.size, 2.4)
        mask = lowest(dry, area, free=self.classes == FOREST)
        self._put(mask, SHRUBS)
        core = lowest(dry + 0.12 * fractal(rng, self.size, 2.6), 0.55 * area, free=mask)
        self._put(core, GRASS, over=True)

    def _bare(self, area: float) -> None:
        """Rock on the steepest high ground, or a quarry near the road."""
        rng, size = self.rng, self.size
        if self.to_road is self.far or rng.random() < 0.4:
            steep = np.hypot(*np.gradient(ndimage.gaussian_filter(self.elevation, 2)))
            score = -self.elevation - 8 * steep + 0.2 * fractal(rng, size, 2.8)
        else:
            free = np.flatnonzero((self.to_road > 6) & (self.to_road < 40) & (self.classes == FOREST))
            spot = np.unravel_index(rng.choice(free), (size, size)) if len(free) else (size // 2, size // 2)
            y, x = np.mgrid[:size, :size]
            score = np.hypot(y - spot[0], x - spot[1]) + 2.5 * smooth_noise(rng, (size, size), 4)
        self._put(lowest(score, area, free=self.classes == FOREST), BARE)

    def _plots(self, mask: np.ndarray, units: np.ndarray, mix: dict[int, float]) -> None:
        """Give each plot inside `mask` one class in the shares `mix`; neighbours are often alike, as they are worked together."""
        if not mask.any():
            return
        chosen = np.unique(units[mask])
        field = smooth_noise(self.rng, mask.shape, 14)
        mean = np.bincount(units.ravel(), field.ravel()) / np.bincount(units.ravel())
        rank = np.argsort(np.argsort(mean[chosen] + 0.2 * self.rng.standard_normal(len(chosen))))
        order = self.rng.permutation(list(mix))
        share = np.cumsum([mix[c] for c in order])
        kinds = np.zeros(len(mean), np.uint8)
        kinds[chosen] = order[np.searchsorted(share / share[-1], (rank + self.rng.random()) / len(chosen) % 1)]
        self.classes[mask] = kinds[units[mask]]
        self.unit[mask] = units[mask] + self.unit.max() + 1
