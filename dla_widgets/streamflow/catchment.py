"""The rivers that the simulated basins are made of: a conceptual model richer than any that is calibrated against it.

Water passes a canopy whose leaves come and go, snow in five elevation bands that sun and warmth melt, ground that may
be frozen, a soil that sheds, stores and drains sideways and downwards, hollows that fill before they spill,
groundwater with a threshold, and the channel. Every step conserves water: precipitation = evaporation + discharge +
change of storage.

The pieces are textbook ones: variable contributing area (Wood et al. 1992, doi:10.1029/91JD01786), melt by warmth and
sunshine (Hock 2003, doi:10.1016/S0022-1694(03)00257-9), fill and spill (Shook et al. 2013, doi:10.1002/hyp.9867),
linear stores in a row for the channel (Nash 1957).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .weather import LAPSE, WARMEST, Weather, saturation

#: Height of the five equal-area bands above the mean, in parts of the relief [-].
BANDS = np.array([-1.3, -0.6, 0.0, 0.6, 1.3])


@dataclass(frozen=True)
class Parameters:
    """What makes one river unlike another; every field is (basin,)."""

    relief: np.ndarray  # standard deviation of height [m]
    degree_day: np.ndarray  # melt per kelvin above freezing [mm/K/day]
    sun_melt: np.ndarray  # melt by sunshine on a warm day [mm/day per W/m2]
    canopy: np.ndarray  # interception at full leaf [mm]
    evergreen: np.ndarray  # canopy and transpiration left in winter [-]
    soil: np.ndarray  # storage capacity of the root zone [mm]
    uneven: np.ndarray  # exponent of the variable contributing area [-]
    intake: np.ndarray  # infiltration capacity of a moist soil [mm/day]
    frost: np.ndarray  # part of that lost where the ground is frozen [-]
    drainage: np.ndarray  # percolation of a saturated soil [mm/day]
    drain_power: np.ndarray  # how steeply it falls as the soil dries [-]
    lateral: np.ndarray  # interflow of a saturated soil [mm/day]
    hollows: np.ndarray  # depression storage [mm]
    quick: np.ndarray  # residence time of the quick store at 10 mm [day]
    threshold: np.ndarray  # groundwater storage above which springs run [mm]
    springs: np.ndarray  # residence time above the threshold [day]
    base: np.ndarray  # residence time below it [day]
    riparian: np.ndarray  # fraction of the open evaporative demand that groundwater meets [-]
    bed: np.ndarray  # fraction of the open evaporative demand that the channel loses to its bed and banks [-]
    channel: np.ndarray  # travel time of each of two channel reaches [day]


@dataclass(frozen=True)
class Fluxes:
    """Daily water [mm/day], each (time, basin), and what was stored before the first day and after the last [mm]."""

    precipitation: np.ndarray
    evaporation: np.ndarray
    discharge: np.ndarray
    snow: np.ndarray  # water equivalent at the end of the day [mm]
    before: np.ndarray
    after: np.ndarray


def parameters(a: dict[str, np.ndarray], luck: np.ndarray) -> Parameters:
    """The hydrology that static attributes imply, and a little that they do not tell.

    Parameters
    ----------
    a : CAMELS attributes by name, each (basin,)
    luck : (20, basin) standard normal numbers: what no table knows of a catchment, about 10 % of each parameter
    """
    forest, sand, clay = a["frac_forest"], a["sand_frac"] / 100, a["clay_frac"] / 100
    steep = a["slope_mean"] / 50
    flat = np.exp(-a["slope_mean"] / 9)
    open_rock = 1 / (1 + np.exp(-(a["geol_permeability"] + 13.8) / 0.8))  # 0 tight ... 1 open
    karst = a["carbonate_rocks_frac"]
    values = dict(
        relief=18 + 5.5 * a["slope_mean"],
        degree_day=2.0 + 1.2 * (1 - forest),
        sun_melt=0.040 * (1 - 0.6 * forest),
        canopy=0.3 + 0.40 * a["lai_max"],
        evergreen=1 - a["lai_diff"] / a["lai_max"],
        soil=40 + 1000 * a["max_water_content"] * (0.28 + 0.25 * forest),
        uneven=0.05 + 0.9 * clay + 0.25 * flat,
        intake=14 * a["soil_conductivity"] * (1.0 + 1.5 * forest),
        frost=0.8 - 0.6 * forest,
        drainage=1.5 + 60 * sand**1.5 * (0.15 + open_rock),
        drain_power=2.5 + 9 * clay,
        lateral=1.0 + 8 * np.minimum(steep, 1.5) * (0.4 + sand),
        hollows=0.3 + 32 * flat * (1 - 0.6 * forest),
        quick=0.4 + 0.8 / (0.5 + steep),
        threshold=35 + 25 * np.sqrt(a["soil_depth_pelletier"]) * (1 - 0.6 * karst),
        springs=2 + 9 * (1 - karst) * (0.35 + open_rock),
        base=60 + 260 * open_rock * (1 - 0.6 * karst),
        riparian=0.01 + 0.10 * flat,
        bed=0.02 * flat * (1 - 0.7 * forest),
        channel=0.12 + 0.030 * a["area"] ** 0.37 / (0.45 + np.sqrt(steep)),
    )
    values = {name: value * np.exp(0.10 * z) for (name, value), z in zip(values.items(), luck, strict=True)}
    return Parameters(**values | {name: np.minimum(values[name], 0.95) for name in ("evergreen", "frost", "riparian")})


def priestley_taylor(weather: Weather) -> np.ndarray:
    """Open evaporative demand [mm/day], (time, basin), from sun, warmth and humidity.

    Priestley and Taylor (1972), doi:10.1175/1520-0493(1972)100<0081:OTAOSH>2.3.CO;2, net radiation as in FAO-56.
    """
    mean = (weather.tmin + weather.tmax) / 2
    sun = weather.srad * weather.dayl / 1e6
    longwave = 4.903e-9 * (mean + 273.16) ** 4 * (0.34 - 0.14 * np.sqrt(weather.vp / 1000)) * 0.55
    slope = 4098 * saturation(mean) / 1000 / (mean + 237.3) ** 2
    return np.maximum(1.26 * slope / (slope + 0.066) * (0.77 * sun - longwave) / 2.45, 0.02)


def run(p: Parameters, weather: Weather) -> Fluxes:
    """Daily water of all basins at once.

    Parameters
    ----------
    p : of the basins
    weather : of the same basins; the first two years should be thrown away, the stores start half full
    """
    days, n = weather.prcp.shape
    mean = (weather.tmin + weather.tmax) / 2
    ground, snow, left = _snow(p, weather, mean)
    leaf = _leaves(p, weather.doy)
    demand = priestley_taylor(weather)
    capacity = p.canopy * leaf
    transpiration = demand * (0.40 + 0.65 * leaf)
    stores = _Stores(p)
    before = left[0] + stores.total()
    evaporation, discharge = np.empty((days, n)), np.empty((days, n))
    for t in range(days):
        today = ground[t], mean[t], snow[t], capacity[t], demand[t], transpiration[t]
        evaporation[t], discharge[t] = stores.step(*today)
    return Fluxes(weather.prcp, evaporation, discharge, snow, before, left[1] + stores.total())


def _leaves(p: Parameters, doy: np.ndarray) -> np.ndarray:
    """Leaf area as a part of its summer maximum, (time, basin): a flush in spring, a fall in autumn."""
    summer = 1 / (1 + np.exp(-7 * (np.cos(2 * np.pi * (doy - WARMEST) / 365.25) + 0.15)))
    return p.evergreen + (1 - p.evergreen) * summer[:, None]


def _snow(p: Parameters, weather: Weather, mean: np.ndarray):
    """Water reaching the ground [mm/day] and snow left on it [mm], (time, basin); and both stores' (before, after)."""
    air = mean[..., None] - LAPSE * p.relief[:, None] * BANDS
    frozen = 1 / (1 + np.exp(1.8 * (air - 0.9)))
    falls = weather.prcp[..., None] * frozen
    rain = weather.prcp[..., None] - falls
    thaw = np.maximum(air - 0.2, 0) * p.degree_day[:, None]
    thaw += (p.sun_melt * weather.srad)[..., None] / (1 + np.exp(-1.2 * (air - 1.5)))
    freeze = np.maximum(-air, 0) * 0.8
    pack, water = np.zeros(falls.shape[1:]), np.zeros(falls.shape[1:])
    ground, snow = np.empty(mean.shape), np.empty(mean.shape)
    for t in range(len(mean)):
        pack = pack + falls[t]
        melt = np.minimum(thaw[t], pack)
        water = water + rain[t] + melt
        refrozen = np.minimum(freeze[t], np.minimum(water, 0.15 * pack))
        pack = pack - melt + refrozen
        water = water - refrozen
        drip = np.maximum(water - 0.08 * pack, 0)
        water = water - drip
        ground[t] = drip.mean(1)
        snow[t] = (pack + water).mean(1)
    return ground, snow, (np.zeros(mean.shape[1]), snow[-1])


class _Stores:
    """Everything below the snow, one (basin,) array per store [mm]."""

    def __init__(self, p: Parameters):
        zero = np.zeros_like(p.soil)
        self.p = p
        self.leaf, self.soil, self.hollow = zero, 0.5 * p.soil, zero
        self.quick, self.deep, self.reach1, self.reach2 = zero, p.threshold.copy(), zero, zero
        self.chill = zero  # temperature of the ground [degC], no water
        self.out1 = 1 - np.exp(-1 / p.channel)
        self.base, self.springs = 1 - np.exp(-1 / p.base), 1 - np.exp(-1 / p.springs)

    def total(self) -> np.ndarray:
        return self.leaf + self.soil + self.hollow + self.quick + self.deep + self.reach1 + self.reach2

    def step(self, ground, air, snow, capacity, demand, transpiration):
        p = self.p
        # Canopy: filled by what falls on it, emptied by evaporation; snow on the ground leaves it out.
        caught = np.minimum(ground, np.maximum(capacity - self.leaf, 0))
        dried = np.minimum(self.leaf + caught, demand)
        self.leaf = self.leaf + caught - dried
        water = ground - caught
        need = np.maximum(transpiration - 0.7 * dried, 0) * np.exp(-0.05 * snow)
        # Frozen ground takes up little; snow keeps the frost out.
        self.chill = self.chill + 0.09 * np.exp(-0.025 * snow) * (air - self.chill)
        open_ground = 1 - p.frost / (1 + np.exp(2.5 * (self.chill + 1.2)))
        wetness = self.soil / p.soil
        # Rain beyond what the ground takes in, and rain on the part that is full already.
        take = p.intake * open_ground * (1.6 - wetness)
        entering = take * (1 - np.exp(-water / take))
        entering = np.minimum(entering * np.maximum(1 - wetness, 0) ** p.uneven, p.soil - self.soil)
        runoff = water - entering
        # Soil: roots, sideways and downwards.
        soil = self.soil + entering
        wetness = soil / p.soil
        roots = np.minimum(need * np.minimum(wetness / 0.42, 1), 0.9 * soil)
        soil = soil - roots
        down = np.minimum(p.drainage * (0.3 + 0.7 * open_ground) * wetness**p.drain_power, 0.5 * soil)
        side = np.minimum(p.lateral * np.maximum(wetness - 0.45, 0) ** 1.5, 0.3 * soil)
        self.soil = soil - down - side
        # Hollows spill more of what they get the fuller they are, and dry out.
        full = self.hollow / p.hollows
        kept = np.minimum(runoff * (1 - full), p.hollows - self.hollow)
        hollow = self.hollow + kept
        lost = np.minimum(hollow, need * full)
        seep = 0.03 * (hollow - lost)
        self.hollow = hollow - lost - seep
        # Quick store: the fuller, the faster.
        quick = self.quick + runoff - kept + side
        fast = quick * (1 - np.exp(-np.sqrt(quick / 10 + 0.02) / p.quick))
        self.quick = quick - fast
        # Groundwater: springs above a threshold, slow flow below, and roots at the bank.
        deep = self.deep + down + seep
        spring = self.springs * np.maximum(deep - p.threshold, 0)
        slow = self.base * (deep - spring)
        bank = np.minimum(p.riparian * np.maximum(need - roots, 0), 0.1 * deep)
        self.deep = deep - spring - slow - bank
        # Channel; small rivers of the plains run dry in summer.
        self.reach1 = self.reach1 + fast + spring + slow
        passed = self.out1 * self.reach1
        self.reach1 = self.reach1 - passed
        reach2 = self.reach2 + passed
        sunk = np.minimum(p.bed * demand, reach2)
        self.reach2 = reach2 - sunk
        discharge = self.out1 * self.reach2
        self.reach2 = self.reach2 - discharge
        return dried + roots + lost + bank + sunk, discharge
