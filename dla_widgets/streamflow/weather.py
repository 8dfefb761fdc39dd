"""A stochastic weather generator: years of daily weather for invented catchments in sixteen American climates.

Rain comes in spells (a two-state Markov chain with gamma amounts, Richardson 1981, doi:10.1029/WR017i001p00182), more of it
in wetter months and wetter years. Temperature, its daily range, sunshine and humidity follow the season, remember yesterday,
and differ between wet and dry days. Each basin draws from streams of its own, so the first four basins are the same whether
4 or 400 are made, and the first year is the same whether 1 or 20 are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Range = tuple[float, float]

#: The warmest day of the year, about a month after the solstice.
WARMEST = 203
#: Fall of temperature with height [K/m].
LAPSE = 0.0055


@dataclass(frozen=True)
class Climate:
    """One American climate: where its gauges may stand, and what weather they see."""

    name: str
    lat: Range  # [degrees north]
    lon: Range  # [degrees east]
    elevation: Range  # mean of the catchment [m]
    slope: Range  # [m/km]
    forest: Range  # [-]
    rain: Range  # mean precipitation [mm/day]
    wet: float  # fraction of days with precipitation
    season: float  # the wettest season has (1 + season) times the mean precipitation
    peak: float  # ... around this day of the year
    linger: float  # P(wet | wet yesterday) - P(wet | dry yesterday)
    shape: float  # of the gamma distribution of wet-day amounts
    warmer: float  # than is usual at this latitude and elevation [K]
    summer: float  # half of summer minus winter [K]
    unrest: float  # standard deviation of daily temperature in winter [K]
    spread: float  # tmax - tmin on a dry day [K]
    depression: float  # dew point below tmin on a dry day [K]
    storms: float  # share of summer rain that falls in short local storms


# The order is that in which basins are made: the first few already differ as much as rivers do.
# fmt: off
CLIMATES = (
    #        name                    lat           lon               elevation     slope      forest       rain         wet  season peak linger shape warm  summ unrest spr  dep storms
    Climate("New England",          (44.7, 46.4), (-71.3, -68.6),   (150, 550),   (12, 60),  (0.85, 1.0), (3.0, 3.8),  0.40, 0.10, 280, 0.24, 0.75,  0.5, 13.5, 6.0, 12.5, 0.3, 0.35),
    Climate("Pacific Northwest",    (43.2, 46.7), (-123.5, -121.9), (250, 1250),  (70, 140), (0.85, 1.0), (4.6, 7.6),  0.48, 0.80, 355, 0.40, 0.65,  4.8,  7.0, 3.7, 12.5, 0.2, 0.05),
    Climate("Rocky Mountains",      (37.5, 44.5), (-109.5, -105.7), (2100, 3250), (70, 150), (0.40, 0.9), (1.6, 2.9),  0.33, 0.15, 60,  0.32, 1.00,  6.0, 11.5, 5.0, 15.5, 1.6, 0.55),
    Climate("Appalachians",         (35.6, 40.6), (-82.5, -78.4),   (300, 950),   (25, 90),  (0.80, 1.0), (3.0, 4.3),  0.39, 0.08, 130, 0.22, 0.85,  0.0, 11.5, 5.4, 13.0, 0.2, 0.50),
    Climate("Southern plains",      (30.3, 36.4), (-100.0, -95.7),  (150, 600),   (4, 20),   (0.05, 0.5), (1.9, 3.0),  0.23, 0.25, 160, 0.26, 0.70,  0.3, 10.5, 5.4, 13.5, 0.8, 0.70),
    Climate("California",           (37.6, 40.6), (-122.6, -120.1), (300, 1500),  (60, 130), (0.45, 0.9), (1.7, 3.3),  0.22, 1.10, 20,  0.52, 0.85,  3.8,  8.0, 3.1, 15.0, 1.4, 0.05),
    Climate("Southeast",            (31.2, 34.6), (-88.8, -82.2),   (60, 260),    (3, 15),   (0.65, 1.0), (3.4, 4.2),  0.31, 0.10, 50,  0.22, 0.75,  0.0,  9.3, 4.8, 13.0, 0.1, 0.65),
    Climate("Great Lakes",          (43.0, 46.2), (-93.8, -84.5),   (230, 480),   (3, 15),   (0.40, 1.0), (2.1, 2.8),  0.36, 0.40, 205, 0.22, 0.85, -0.5, 15.0, 5.6, 11.8, 0.2, 0.50),
    Climate("Southwest",            (32.4, 35.8), (-112.5, -107.0), (1300, 2400), (30, 90),  (0.20, 0.8), (1.1, 1.9),  0.19, 0.35, 15,  0.36, 0.80,  3.0, 10.3, 3.9, 17.0, 4.0, 0.80),
    Climate("Midwest",              (37.5, 41.8), (-94.5, -86.0),   (150, 330),   (3, 14),   (0.05, 0.6), (2.5, 3.3),  0.31, 0.28, 170, 0.22, 0.75,  0.0, 13.6, 5.8, 12.2, 0.2, 0.60),
    Climate("Northern Rockies",     (44.3, 48.3), (-116.3, -111.5), (1200, 2200), (80, 150), (0.60, 1.0), (1.9, 3.4),  0.38, 0.25, 350, 0.34, 1.00,  4.3, 11.2, 4.8, 13.5, 0.8, 0.30),
    Climate("Mid-Atlantic",         (38.7, 42.2), (-78.8, -74.8),   (120, 600),   (12, 60),  (0.45, 1.0), (2.9, 3.6),  0.36, 0.10, 190, 0.20, 0.80,  0.0, 12.6, 5.3, 12.5, 0.2, 0.50),
    Climate("Northern plains",      (41.2, 47.5), (-102.8, -97.2),  (380, 1000),  (3, 14),   (0.00, 0.1), (1.3, 2.1),  0.26, 0.65, 165, 0.24, 0.75,  1.0, 15.8, 6.6, 14.0, 0.6, 0.60),
    Climate("Ozarks",               (35.0, 37.6), (-94.3, -90.2),   (180, 420),   (12, 45),  (0.50, 1.0), (3.1, 3.8),  0.29, 0.18, 135, 0.24, 0.70,  0.0, 11.6, 5.6, 13.3, 0.2, 0.55),
    Climate("Catskills",            (41.5, 44.0), (-75.6, -72.4),   (300, 700),   (30, 90),  (0.90, 1.0), (3.0, 3.9),  0.41, 0.08, 200, 0.22, 0.75,  0.7, 12.8, 5.8, 12.0, 0.2, 0.40),
    Climate("Cascades",             (42.3, 48.3), (-121.8, -120.8), (900, 1600),  (100, 170), (0.85, 1.0), (4.5, 7.0), 0.46, 0.75, 350, 0.40, 0.70,  5.0,  8.8, 4.0, 12.5, 0.6, 0.05),
)
# fmt: on


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
    places : name -> (basin,) array: the fields of :class:`Climate`, ranges replaced by the value drawn
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
    return np.stack([np.random.default_rng([seed, i, stream]).standard_gamma(k, days) for i, k in enumerate(shape)], axis=1)


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
