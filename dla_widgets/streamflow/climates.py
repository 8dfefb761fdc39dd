"""Sixteen American climates that simulated basins are drawn from: where gauges stand, and what weather they see.

The numbers are of the size that the CAMELS-US basins of each region have (Addor et al. 2017,
doi:10.5194/hess-21-5293-2017). Every box of latitude and longitude lies on dry land well inside the country.
"""

from __future__ import annotations

from dataclasses import dataclass

Range = tuple[float, float]


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


# Basins are made in this order, so that the first few already differ as much as rivers do. First line of each: where.
# Second: rain, how often, when, how lasting, how uneven; warmth, its seasons and its moods; dryness of the air; storms.
# fmt: off
CLIMATES = (
    Climate("New England",        (44.7, 46.4), ( -69.8,  -68.2), ( 150,  550), ( 12,  60), (0.85,  1.0),
            (3.0, 3.8), 0.40, 0.10, 280, 0.24, 0.75,  0.5, 13.5, 6.0, 12.5, 0.3, 0.35),
    Climate("Pacific Northwest",  (43.2, 46.7), (-123.5, -121.9), ( 250, 1250), ( 70, 140), (0.85,  1.0),
            (4.6, 7.6), 0.48, 0.80, 355, 0.40, 0.65,  4.8,  7.0, 3.7, 12.5, 0.2, 0.05),
    Climate("Rocky Mountains",    (37.5, 44.5), (-109.5, -105.7), (2100, 3250), ( 70, 150), (0.40,  0.9),
            (1.6, 2.9), 0.33, 0.15,  60, 0.32, 1.00,  6.0, 11.5, 5.0, 15.5, 1.6, 0.55),
    Climate("Appalachians",       (35.6, 40.6), ( -82.5,  -78.4), ( 300,  950), ( 25,  90), (0.80,  1.0),
            (3.0, 4.3), 0.39, 0.08, 130, 0.22, 0.85,  0.0, 11.5, 5.4, 13.0, 0.2, 0.50),
    Climate("Southern plains",    (30.3, 36.4), (-100.0,  -95.7), ( 150,  600), (  4,  20), (0.05,  0.5),
            (1.9, 3.0), 0.23, 0.25, 160, 0.26, 0.70,  0.3, 10.5, 5.4, 13.5, 0.8, 0.70),
    Climate("California",         (37.6, 40.6), (-121.9, -120.1), ( 300, 1500), ( 60, 130), (0.45,  0.9),
            (1.7, 3.3), 0.22, 1.10,  20, 0.52, 0.85,  3.8,  8.0, 3.1, 15.0, 1.4, 0.05),
    Climate("Southeast",          (31.2, 34.6), ( -88.8,  -82.2), (  60,  260), (  3,  15), (0.65,  1.0),
            (3.4, 4.2), 0.31, 0.10,  50, 0.22, 0.75,  0.0,  9.3, 4.8, 13.0, 0.1, 0.65),
    Climate("Great Lakes",        (43.0, 46.2), ( -93.8,  -88.8), ( 230,  480), (  3,  15), (0.40,  1.0),
            (2.1, 2.8), 0.36, 0.40, 205, 0.22, 0.85, -0.5, 15.0, 5.6, 11.8, 0.2, 0.50),
    Climate("Southwest",          (32.4, 35.8), (-112.5, -107.0), (1300, 2400), ( 30,  90), (0.20,  0.8),
            (1.1, 1.9), 0.19, 0.35,  15, 0.36, 0.80,  3.0, 10.3, 3.9, 17.0, 4.0, 0.80),
    Climate("Midwest",            (37.5, 41.8), ( -94.5,  -86.0), ( 150,  330), (  3,  14), (0.05,  0.6),
            (2.5, 3.3), 0.31, 0.28, 170, 0.22, 0.75,  0.0, 13.6, 5.8, 12.2, 0.2, 0.60),
    Climate("Northern Rockies",   (44.3, 48.3), (-116.3, -111.5), (1200, 2200), ( 80, 150), (0.60,  1.0),
            (1.9, 3.4), 0.38, 0.25, 350, 0.34, 1.00,  4.3, 11.2, 4.8, 13.5, 0.8, 0.30),
    Climate("Mid-Atlantic",       (38.7, 42.2), ( -78.8,  -77.3), ( 120,  600), ( 12,  60), (0.45,  1.0),
            (2.9, 3.6), 0.36, 0.10, 190, 0.20, 0.80,  0.0, 12.6, 5.3, 12.5, 0.2, 0.50),
    Climate("Northern plains",    (41.2, 47.5), (-102.8,  -97.2), ( 380, 1000), (  3,  14), (0.00,  0.1),
            (1.3, 2.1), 0.26, 0.65, 165, 0.24, 0.75,  1.0, 15.8, 6.6, 14.0, 0.6, 0.60),
    Climate("Ozarks",             (35.0, 37.6), ( -94.3,  -90.2), ( 180,  420), ( 12,  45), (0.50,  1.0),
            (3.1, 3.8), 0.29, 0.18, 135, 0.24, 0.70,  0.0, 11.6, 5.6, 13.3, 0.2, 0.55),
    Climate("Catskills",          (41.5, 44.0), ( -75.6,  -72.4), ( 300,  700), ( 30,  90), (0.90,  1.0),
            (3.0, 3.9), 0.41, 0.08, 200, 0.22, 0.75,  0.7, 12.8, 5.8, 12.0, 0.2, 0.40),
    Climate("Cascades",           (42.3, 48.3), (-121.8, -120.8), ( 900, 1600), (100, 170), (0.85,  1.0),
            (4.5, 7.0), 0.46, 0.75, 350, 0.40, 0.70,  5.0,  8.8, 4.0, 12.5, 0.6, 0.05),
)
# fmt: on
