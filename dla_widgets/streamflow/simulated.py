"""Simulated basins, the offline default: invented weather, invented rivers, in the schema of real ones.

The weather comes from :mod:`.weather`, the rivers from :mod:`.catchment`. What a learner sees of them is imperfect,
as in nature: rain gauges miss snow and local storms, rating curves drift, discharge has gaps. So no model can be
perfect, and which one comes nearest depends on what it remembers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from .basins import FORCINGS, TARGET, BasinError
from .catchment import Fluxes, parameters, priestley_taylor, run
from .climates import CLIMATES
from .weather import Weather, ar1, make_weather, normal

#: Years simulated before the first day, so that the stores have forgotten how they began.
SPIN_UP = 2

#: name -> (unit, long name) of the static attributes, as in Addor et al. (2017), doi:10.5194/hess-21-5293-2017.
ATTRIBUTES = {
    "area": ("km2", "catchment area"),
    "area_gages2": ("km2", "catchment area"),
    "elev_mean": ("m", "mean elevation"),
    "slope_mean": ("m/km", "mean slope"),
    "p_mean": ("mm/day", "mean precipitation"),
    "pet_mean": ("mm/day", "mean potential evapotranspiration"),
    "p_seasonality": ("1", "seasonality of precipitation, positive where summers are wetter"),
    "frac_snow": ("1", "fraction of precipitation on days below 0 degC"),
    "aridity": ("1", "potential evapotranspiration over precipitation"),
    "high_prec_freq": ("days/year", "days with at least five times the mean precipitation"),
    "high_prec_dur": ("day", "mean length of spells of such days"),
    "low_prec_freq": ("days/year", "days with less than 1 mm"),
    "low_prec_dur": ("day", "mean length of spells of such days"),
    "frac_forest": ("1", "forested fraction"),
    "lai_max": ("1", "leaf area index of the greenest month"),
    "lai_diff": ("1", "leaf area index, greenest minus barest month"),
    "gvf_max": ("1", "green vegetation fraction of the greenest month"),
    "gvf_diff": ("1", "green vegetation fraction, greenest minus barest month"),
    "soil_depth_pelletier": ("m", "depth to bedrock"),
    "soil_depth_statsgo": ("m", "soil depth, at most 1.5"),
    "soil_porosity": ("1", "volumetric porosity"),
    "soil_conductivity": ("cm/h", "saturated hydraulic conductivity"),
    "max_water_content": ("m", "water that the soil can hold"),
    "sand_frac": ("%", "sand in the soil"),
    "silt_frac": ("%", "silt in the soil"),
    "clay_frac": ("%", "clay in the soil"),
    "carbonate_rocks_frac": ("1", "fraction of carbonate rock"),
    "geol_permeability": ("log10(m2)", "permeability of the rock below"),
}


def simulated_basins(n: int = 32, years: int = 20, seed: int = 0) -> xr.Dataset:
    """Invented basins in the one schema, the same ones every time.

    Parameters
    ----------
    n : how many; the first four are the same whether 4 or 400 are asked for
    years : water years from 1989-10-01; 20 cover the periods of :data:`~dla_widgets.streamflow.basins.PERIODS`
    seed : another seed, other basins

    Returns
    -------
    Dataset (basin, time): prcp [mm/day], srad [W/m2], tmax, tmin [degC], vp [Pa], dayl [s], discharge [mm/day] with
    gaps, and static attributes (basin,) under their CAMELS names; the gauges are ``sim-00``, ``sim-01``, ...

    Raises
    ------
    BasinError : `n`, `years` or `seed` is not a whole number, or too small
    """
    for name, value, least in (("n", n, 1), ("years", years, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise BasinError(f"{name} must be a whole number of at least {least}, got {value!r}")
    # A day more than is kept: whether it rains tomorrow decides how much of a storm falls today.
    time = np.arange(f"{1989 - SPIN_UP}-10-01", f"{1989 + years}-10-02", dtype="datetime64[D]")
    keep = slice(int(np.searchsorted(time, np.datetime64("1989-10-01"))), -1)
    truth = make_rivers(n, time, seed)
    seen = _observed_weather(truth.places, truth.weather, seed)
    daily = {name: getattr(seen, name)[keep] for name in ("prcp", "srad", "tmax", "tmin", "vp", "dayl")}
    static = truth.static | _climate(daily, priestley_taylor(seen)[keep], seen.doy[keep])
    daily[TARGET] = _gauged(truth.water.discharge, seed)[keep]
    return _dataset(truth.places, time[keep], daily, static, seed)


class Rivers(NamedTuple):
    """The simulated world as nobody ever sees one: without errors of measurement."""

    places: dict[str, np.ndarray]  #: (basin,) what was drawn from the climates
    static: dict[str, np.ndarray]  #: (basin,) attributes of land, plants, soil and rock
    weather: Weather
    water: Fluxes


def make_rivers(n: int, time: np.ndarray, seed: int) -> Rivers:
    """Weather and water of `n` basins on the days `time`, every flux known."""
    places = _places(n, seed)
    static = _landscape(places, n, seed)
    weather = make_weather(places, _day_of_year(time), seed)
    return Rivers(places, static, weather, run(parameters(static, _per_basin(seed, 7, n, 20).T), weather))


def _places(n: int, seed: int) -> dict[str, np.ndarray]:
    """Where each basin lies and what climate it has: a draw from the ranges of its climate."""
    rows = []
    for i in range(n):
        climate, rng = vars(CLIMATES[i % len(CLIMATES)]), np.random.default_rng([seed, i, 0])
        rows.append({k: rng.uniform(*v) if isinstance(v, tuple) else v for k, v in climate.items()})
    return {k: np.array([row[k] for row in rows]) for k in rows[0]}


def _landscape(places: dict[str, np.ndarray], n: int, seed: int) -> dict[str, np.ndarray]:
    """Static attributes (basin,) of land, plants, soil and rock, spread and tied to each other as in CAMELS."""
    z = _per_basin(seed, 8, n, 12).T
    u = _per_basin(seed, 9, n, 4, normal=False).T
    forest, slope, west = places["forest"], places["slope"], places["lon"] < -105
    sand = np.clip(37 + 13 * z[0] + 6 * west, 8, 88)
    clay = np.clip(20 + 7 * z[1] - 0.25 * (sand - 37), 3, np.minimum(50, 96 - sand))
    porosity = 0.505 - 0.00142 * sand - 0.00037 * clay  # Cosby et al. (1984), doi:10.1029/WR020i006p00682
    depth = np.clip(1.4 - 0.002 * slope + 0.2 * z[2], 0.45, 1.5)
    lai = np.clip(0.5 + 3.9 * forest + 0.25 * places["rain"] * (1 - forest) + 0.35 * z[3], 0.35, 5.6)
    deciduous = np.clip(np.where(west, 0.35, 0.72) + 0.08 * z[4], 0.15, 0.9)
    green = np.clip(0.32 + 0.11 * lai + 0.03 * z[5], 0.18, 0.92)
    area = np.clip(330 * np.exp(1.1 * z[6]), 12, 5000)
    return {
        "area": area, "area_gages2": area, "elev_mean": places["elevation"], "slope_mean": slope, "frac_forest": forest,
        "lai_max": lai, "lai_diff": lai * deciduous,
        "gvf_max": green, "gvf_diff": green * np.clip(deciduous - 0.1, 0.05, 0.8),
        "soil_depth_pelletier": 0.8 + 0.5 * u[0] + 40 * u[0] ** 2 * np.exp(-slope / 14), "soil_depth_statsgo": depth,
        "soil_porosity": porosity, "soil_conductivity": 2.54 * 10 ** (-0.6 + 0.0126 * sand - 0.0064 * clay),
        "max_water_content": np.clip(depth * porosity * (0.95 + 0.08 * z[7]), 0.09, 1.05),
        "sand_frac": sand, "silt_frac": 100 - sand - clay, "clay_frac": clay,
        "carbonate_rocks_frac": np.where(u[1] < 0.3, u[2] ** 1.5, 0.0),
        "geol_permeability": np.clip(-13.9 + 1.25 * z[8], -16.5, -10.9),
    }  # fmt: skip


def _observed_weather(places: dict[str, np.ndarray], w: Weather, seed: int) -> Weather:
    """What gauges make of the weather: they miss snow and local storms, and the thermometers stand elsewhere."""
    days, n = w.prcp.shape
    error, off = normal(seed, 10, n, days), ar1(normal(seed, 11, n, days), 0.6)
    mean = (w.tmin + w.tmax) / 2
    local = 0.26 + 0.80 * places["storms"] / (1 + np.exp(-(mean - 14) / 3))
    caught = 1 - 0.35 / (1 + np.exp(1.8 * (mean - 0.9)))
    prcp = w.prcp * caught * np.exp(local * error - local**2 / 2)
    return Weather(w.doy, np.round(prcp, 2), w.tmin + 0.6 * off, w.tmax + 0.6 * off, w.srad, w.dayl, w.vp)


def _gauged(discharge: np.ndarray, seed: int) -> np.ndarray:
    """Discharge [mm/day] as a gauge reports it: a drifting rating curve, daily noise, and gaps (NaN)."""
    days, n = discharge.shape
    noise, drift = normal(seed, 12, n, days), ar1(normal(seed, 13, n, days), 0.99)
    measured = discharge * np.exp(0.06 * drift + 0.04 * noise)
    return np.where(_gaps(days, n, seed), np.nan, measured)


def _gaps(days: int, n: int, seed: int) -> np.ndarray:
    """(time, basin) True where the gauge was down: about one outage in two years, some days to some months long."""
    down = np.zeros((days, n), bool)
    for i in range(n):
        rng = np.random.default_rng([seed, i, 14])
        often = rng.uniform(0.2, 1.8) / 730
        fails, lasts = rng.random((days, 2)).T
        for start in np.flatnonzero(fails < often):
            down[start : start + 1 + int(-20 * np.log(1 - lasts[start])), i] = True
    return down


def _climate(daily: dict[str, np.ndarray], pet: np.ndarray, doy: np.ndarray) -> dict[str, np.ndarray]:
    """The climatic attributes of CAMELS, computed from the weather as seen."""
    prcp, mean = daily["prcp"], (daily["tmin"] + daily["tmax"]) / 2
    p_mean, pet_mean = prcp.mean(0), pet.mean(0)
    high, low = prcp >= 5 * p_mean, prcp < 1
    return {
        "p_mean": p_mean, "pet_mean": pet_mean, "aridity": pet_mean / p_mean,
        "frac_snow": np.where(mean < 0, prcp, 0).sum(0) / prcp.sum(0),
        "p_seasonality": _seasonality(prcp, mean, doy),
        "high_prec_freq": high.mean(0) * 365.25, "high_prec_dur": _spell(high),
        "low_prec_freq": low.mean(0) * 365.25, "low_prec_dur": _spell(low),
    }  # fmt: skip


def _seasonality(prcp: np.ndarray, mean: np.ndarray, doy: np.ndarray) -> np.ndarray:
    """Amplitude of rain in step with temperature: Woods (2009), doi:10.1016/j.advwatres.2009.06.011, eq. 14."""
    wave = np.exp(2j * np.pi * doy / 365.25)[:, None]
    p, t = 2 * (prcp * wave).mean(0) / prcp.mean(0), 2 * (mean * wave).mean(0)
    return np.abs(p) * np.cos(np.angle(p) - np.angle(t))


def _spell(days: np.ndarray) -> np.ndarray:
    """Mean length [day] of the runs of True along time."""
    starts = (days[1:] & ~days[:-1]).sum(0) + days[0]
    return days.sum(0) / np.maximum(starts, 1)


def _per_basin(seed: int, stream: int, n: int, size: int, normal: bool = True) -> np.ndarray:
    """(basin, size) random numbers, each row from a stream of its own."""
    streams = [np.random.default_rng([seed, i, stream]) for i in range(n)]
    return np.stack([rng.standard_normal(size) if normal else rng.random(size) for rng in streams])


def _day_of_year(time: np.ndarray) -> np.ndarray:
    return (time - time.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1


def _dataset(places, time, daily, static, seed) -> xr.Dataset:
    """The pieces in the one schema, in single precision."""
    names = FORCINGS | {TARGET: ("mm/day", "discharge")}
    data = {k: (("basin", "time"), np.ascontiguousarray(v.T, "float32"), _labels(names[k])) for k, v in daily.items()}
    data |= {k: ("basin", static[k].astype("float64"), _labels(v)) for k, v in ATTRIBUTES.items()}
    data["climate"] = ("basin", places["name"], {"units": "", "long_name": "climate that the basin was drawn from"})
    coords = {
        "basin": [f"sim-{i:02d}" for i in range(len(places["lat"]))],
        "time": time.astype("datetime64[ns]"),
        "lat": ("basin", places["lat"], {"units": "degrees_north", "long_name": "latitude of the gauge"}),
        "lon": ("basin", places["lon"], {"units": "degrees_east", "long_name": "longitude of the gauge"}),
    }
    return xr.Dataset(data, coords, {"source": f"simulated (seed {seed})"})


def _labels(unit_and_name: tuple[str, str]) -> dict[str, str]:
    return {"units": unit_and_name[0], "long_name": unit_and_name[1]}
