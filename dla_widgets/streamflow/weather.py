"""A stochastic weather generator: years of daily weather for places in the :mod:`.climates` of simulated basins.

Rain comes in spells (a two-state Markov chain with gamma amounts, Richardson 1981, doi:10.1029/WR017i001p00182), more
of it in wetter months and wetter years. Temperature follows the season and remembers yesterday; the more it rains,
the darker the sky, the damper the air and the smaller the daily range of temperature. Each basin draws from streams
of its own, so the first four basins are the same whether 4 or 400 are made, and the first year is the same whether 1
or 20 are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: The warmest day of the year, about a month after the solstice.
WARMEST = 203
#: Fall of temperature with height [K/m].
LAPSE = 0.0055


@dataclass(frozen=True)
class Weather:
    """Daily weather, each field (time, basin) except the first, which are (time,)."""

    doy: np.ndarray  # day of the year
    prcp: np.ndarray  # [mm/day]
    tmin: np.ndarray  # [degC]
    tmax: np.ndarray  # [degC]
    srad: np.ndarray  # mean over daylight [W/m2]
    dayl: np.ndarray  # day length [s]
    vp: np.ndarray  # vapour pressure [Pa]


def make_weather(places: dict[str, np.ndarray], doy: np.ndarray, seed: int) -> Weather:
    """Weather of all `places` on the days `doy`.

    Parameters
    ----------
    places : name -> (basin,) array: the fields of :class:`~.climates.Climate`, ranges replaced by the value drawn
    doy : (time,) day of the year
    seed : of the streams; basin i uses the streams ``[seed, i, 1...]``
    """
    days, n = doy.size, places["lat"].size
    slow, warmth, width, cloud = (ar1(normal(seed, stream, n, days), phi)
                                  for stream, phi in ((3, 0.985), (4, 0.75), (5, 0.35), (6, 0.3)))  # fmt: skip
    wet = _spells(places, doy, slow, uniform(seed, 1, n, days))
    mean = places["rain"] / places["wet"] * _season(doy, places["peak"], 0.5 * places["season"])
    amount = gamma(seed, 2, places["shape"], days) / places["shape"] * mean
    prcp = _past_midnight(wet * amount, wet, uniform(seed, 15, n, days))
    dark = 1 - np.exp(-prcp / 15)  # the more rain, the thicker the clouds
    tmin, tmax = _temperature(places, doy, wet, dark, warmth, width)
    dayl, sky = extraterrestrial(places["lat"], doy)
    clear = np.clip(0.69 - 0.08 * wet - 0.46 * dark + 0.035 * cloud, 0.1, 0.77)
    dew = tmin - places["depression"] * _season(doy, WARMEST, 0.6) * (1 - wet) + 1.5 * dark
    return Weather(doy, prcp, tmin, tmax, sky * clear / dayl, dayl, saturation(dew))


def normal(seed: int, stream: int, n: int, days: int) -> np.ndarray:
    """(time, basin) standard normal numbers; each basin has a generator of its own."""
    return np.stack([np.random.default_rng([seed, i, stream]).standard_normal(days) for i in range(n)], axis=1)


def uniform(seed: int, stream: int, n: int, days: int) -> np.ndarray:
    """(time, basin) numbers in [0, 1)."""
    return np.stack([np.random.default_rng([seed, i, stream]).random(days) for i in range(n)], axis=1)


def gamma(seed: int, stream: int, shape: np.ndarray, days: int) -> np.ndarray:
    """(time, basin) gamma numbers of unit scale, `shape` (basin,)."""
    streams = [np.random.default_rng([seed, i, stream]) for i in range(len(shape))]
    return np.stack([rng.standard_gamma(k, days) for rng, k in zip(streams, shape, strict=True)], axis=1)


def ar1(noise: np.ndarray, phi: float) -> np.ndarray:
    """First-order autoregression of unit variance from white `noise` (time, basin)."""
    series = noise.copy()
    fresh = np.sqrt(1 - phi**2) * noise
    for t in range(1, len(series)):
        series[t] = phi * series[t - 1] + fresh[t]
    return series


def saturation(temperature: np.ndarray) -> np.ndarray:
    """Saturation vapour pressure [Pa] over water at `temperature` [degC] (FAO-56, eq. 11)."""
    return 610.8 * np.exp(17.27 * temperature / (temperature + 237.3))


def extraterrestrial(lat: np.ndarray, doy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Day length [s] and daily radiation above the atmosphere [J/m2], both (time, basin) (FAO-56, eqs. 21-25, 34)."""
    year = 2 * np.pi * doy[:, None] / 365.25
    declination = 0.409 * np.sin(year - 1.39)
    phi = np.radians(lat)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1, 1))
    height = sunset * np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.sin(sunset)
    return sunset * 86_400 / np.pi, 86_400 / np.pi * 1367 * (1 + 0.033 * np.cos(year)) * height


def _season(doy: np.ndarray, peak, size) -> np.ndarray:
    """1 + size at the day `peak`, 1 - size half a year later; never below 0.05."""
    return np.maximum(1 + size * np.cos(2 * np.pi * (doy[:, None] - peak) / 365.25), 0.05)


def _spells(places, doy, slow, chance) -> np.ndarray:
    """Which days are wet: a Markov chain whose odds follow the season and a slow drift of weeks to months."""
    often = places["wet"] * _season(doy, places["peak"], 0.6 * places["season"])
    often = np.clip(often * np.exp(0.30 * slow - 0.045), 0.01, 0.93)
    after_dry = often * (1 - places["linger"])
    after_wet = after_dry + places["linger"]
    wet = np.empty(chance.shape, bool)
    now = chance[0] < often[0]
    for t in range(len(wet)):
        now = chance[t] < np.where(now, after_wet[t], after_dry[t])
        wet[t] = now
    return wet


def _past_midnight(prcp, wet, part) -> np.ndarray:
    """Storms know no calendar: where the next day is wet too, some of a day's rain falls on it."""
    late = np.zeros_like(prcp)
    late[1:] = (0.5 * part * prcp)[:-1] * wet[1:]
    prcp = prcp + late
    prcp[:-1] -= late[1:]
    return prcp


def _temperature(places, doy, wet, dark, warmth, width) -> tuple[np.ndarray, np.ndarray]:
    """Minimum and maximum [degC]: season, autocorrelated anomaly, and a range that rain narrows."""
    mean = 21 - 0.95 * (places["lat"] - 30) + places["warmer"] - LAPSE * places["elevation"]
    cold = (1 - np.cos(2 * np.pi * (doy - WARMEST) / 365.25)) / 2
    mean = mean + places["summer"] * (1 - 2 * cold[:, None])
    anomaly = places["unrest"] * (0.52 + 0.48 * cold[:, None]) * warmth
    # Rain clouds cool a summer's day and warm a winter's night.
    anomaly = anomaly + dark * (4.0 * cold[:, None] - 2.4)
    half = places["spread"] / 2 * (1 - 0.12 * wet - 0.5 * dark) * np.exp(0.22 * width) * _season(doy, WARMEST, 0.08)
    middle = mean + anomaly
    return middle - half, middle + half
