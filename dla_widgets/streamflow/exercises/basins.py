"""The exercises of lesson 01: units, gaps and water years; those on the water balance are in :mod:`.balance`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...exercise import Exercise, Probe
from ..basins import cfs_to_mm_per_day
from ..signatures import water_year

FOOT = 0.3048  # [m]
DAY = 86_400  # [s]
MISSING = -999.0


# --- units ---------------------------------------------------------------------------------------------------------


def gauges(rng: np.random.Generator) -> Iterator[tuple]:
    """Discharge [ft3/s] and area [km2]: one gauge, one with a gap and a dry day, several gauges at once."""
    yield rng.integers(20, 900, 4).astype(float), float(rng.integers(110, 900))
    record = rng.gamma(1.5, 300, 30).round(1)
    record[[3, 4, 20]] = np.nan, np.nan, 0.0
    yield record, float(rng.integers(1100, 2500))
    yield rng.gamma(1.5, 300, 5).round(1), rng.uniform(20, 4000, 5).round(1)


cfs_to_mm = Exercise(
    "cfs_to_mm",
    answer=cfs_to_mm_per_day,
    probes=gauges,
    rtol=1e-3,
    hints=[
        "Three steps: how many cubic metres pass in a day, spread them over the catchment, call the depth millimetres.",
        "A foot is 0.3048 m, so a cubic foot is 0.3048 ** 3 cubic metres; a day has 86 400 seconds; a square kilometre is "
        "1e6 m2.",
        "volume = discharge * 0.3048 ** 3 * 86_400 is in m3/day. What do you divide by to get metres, and what turns them "
        "into mm?",
    ],
)


@cfs_to_mm.mistake(
    "That is the water of the whole river. Spread it over the catchment: divide by its area, or a big "
    "basin will always look wetter than a small one."
)
def area_forgotten(discharge, area):
    return discharge * FOOT**3 * DAY / 1e6 * 1000


@cfs_to_mm.mistake("A cubic foot is a foot times a foot times a foot: 0.3048 ** 3 m3. You converted a length.")
def foot_not_cubed(discharge, area):
    return discharge * FOOT * DAY / (area * 1e6) * 1000


@cfs_to_mm.mistake(
    "You turned the foot round: a cubic foot is *smaller* than a cubic metre, so the number must shrink."
)
def foot_turned_round(discharge, area):
    return discharge / FOOT**3 * DAY / (area * 1e6) * 1000


@cfs_to_mm.mistake("That is mm per hour: 3600 seconds. The kit counts in days.")
def per_hour(discharge, area):
    return discharge * FOOT**3 * 3600 / (area * 1e6) * 1000


@cfs_to_mm.mistake("That is still per second. How many seconds does the water have to cover the catchment in a day?")
def per_second(discharge, area):
    return discharge * FOOT**3 / (area * 1e6) * 1000


@cfs_to_mm.mistake("That depth is in metres. Rain is counted in millimetres, and so is the discharge that it becomes.")
def depth_in_metres(discharge, area):
    return discharge * FOOT**3 * DAY / (area * 1e6)


@cfs_to_mm.mistake(
    "Cubic metres over square *kilometres*: turn the area into m2 first (1 km2 = 1e6 m2), then metres into mm."
)
def volume_over_km2(discharge, area):
    return discharge * FOOT**3 * DAY / area


@cfs_to_mm.mistake("A square kilometre is 1000 m times 1000 m: 1e6 m2, not 1000.")
def thousand_m2_to_a_km2(discharge, area):
    return discharge * FOOT**3 * DAY / (area * 1000) * 1000 * 1000


@cfs_to_mm.mistake("You took the area for square miles. It is in km2 already; only the discharge is in American units.")
def area_in_square_miles(discharge, area):
    return discharge * FOOT**3 * DAY / (area * 2.589988e6) * 1000


@cfs_to_mm.mistake(
    "You multiplied by the area: twice the catchment would give twice the depth. The same water spread "
    "over more land is shallower."
)
def multiplied_by_the_area(discharge, area):
    return discharge * FOOT**3 * DAY * (area * 1e6) * 1000


# --- gaps ----------------------------------------------------------------------------------------------------------


def mask(discharge: np.ndarray, flag: np.ndarray) -> np.ndarray:
    """Discharge with NaN where nothing was measured: flag M, value -999. Zero and estimated days stay."""
    return np.where((flag == "M") | (discharge == MISSING), np.nan, discharge)


def records(rng: np.random.Generator) -> Iterator[Probe]:
    """Discharge [ft3/s] and flags as the USGS publishes them; the second record runs dry and freezes over."""
    short = rng.integers(20, 900, 4).astype(float)
    short[1] = MISSING
    yield Probe((short, np.array(["A", "M", "A", "A"])), part="missing days")
    long, flag = rng.gamma(1.5, 300, 40).round(1), np.full(40, "A", dtype="U3")
    gap, dry, ice = rng.integers(8, 14), rng.integers(18, 24), rng.integers(28, 34)
    long[dry : dry + 3] = 0.0
    flag[ice : ice + 5] = "A:e"
    long[gap : gap + 4], flag[gap : gap + 4] = MISSING, "M"
    yield Probe((long, flag), part="days that run dry or are estimated")


mask_missing = Exercise(
    "mask_missing",
    answer=mask,
    probes=records,
    hints=[
        "A missing day stays in its place, so that every later day keeps its date. Which value says 'I do not know'?",
        "np.where(condition, this, that) makes a new array and leaves the old one alone.",
        'Only the flag "M" means missing. "A" is approved, "A:e" is approved too: estimated, because the gauge was under '
        "ice.",
    ],
)


@mask_missing.mistake(
    "A river that was not measured is not a river that ran dry: 0 would drag every mean down. Use np.nan."
)
def missing_is_zero(discharge, flag):
    return np.where(flag == "M", 0.0, discharge)


@mask_missing.mistake(
    "You cut the missing days out, and everything after the gap now has the wrong date. Keep the "
    "length, put np.nan in the gap."
)
def days_cut_out(discharge, flag):
    return discharge[flag != "M"]


@mask_missing.mistake("Zero is a measurement: small rivers do run dry, and a model has to learn when. Mask -999 only.")
def dry_days_too(discharge, flag):
    return np.where(discharge <= 0, np.nan, discharge)


@mask_missing.mistake(
    '"A:e" is approved as well, only estimated: mostly days under ice. Throw them away and your river has no winter.'
)
def estimated_days_too(discharge, flag):
    return np.where(flag == "A", discharge, np.nan)


@mask_missing.mistake(
    "You carried the last value forward. That invents water, and a model would be praised for guessing your invention."
)
def carried_forward(discharge, flag):
    last = np.maximum.accumulate(np.where(flag == "M", 0, np.arange(len(discharge))))
    return discharge[last]


@mask_missing.mistake(
    "You filled the gap with the mean. Gauges often fail in a flood, when the mean is far off: leave it unknown."
)
def filled_with_the_mean(discharge, flag):
    return np.where(flag == "M", discharge[flag != "M"].mean(), discharge)


@mask_missing.mistake(
    "You drew a straight line across the gap. Rivers do not: leave it unknown, and let whoever needs a number decide."
)
def interpolated(discharge, flag):
    day, there = np.arange(len(discharge)), flag != "M"
    return np.interp(day, day[there], discharge[there])


@mask_missing.mistake("The -999 is still there. One such day costs the mean of a year nearly three units.")
def left_as_it_is(discharge, flag):
    return discharge.astype(float)


@mask_missing.mistake("That is the mask itself, true and false. Use it to put np.nan where it says missing.")
def the_mask_only(discharge, flag):
    return flag == "M"


# --- water years ---------------------------------------------------------------------------------------------------


def year_and_month(time: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Calendar year and month (1 to 12) of dates, (time,) each."""
    months = time.astype("datetime64[M]").astype(int)
    return 1970 + months // 12, months % 12 + 1


def means_by(year: np.ndarray, discharge: np.ndarray, mean=None) -> dict[int, float]:
    """`mean` of the measured days of each year."""
    there = np.isfinite(discharge)
    groups = {int(y): discharge[(year == y) & there] for y in np.unique(year)}
    return {y: float((mean or np.mean)(values)) if values.size else np.nan for y, values in groups.items()}


def by_water_year(time: np.ndarray, discharge: np.ndarray) -> dict[int, float]:
    """Mean discharge of each water year, which begins on 1 October and is named by the year it ends in, without gaps."""
    year, month = year_and_month(time)
    return means_by(year + (month >= 10), discharge)


def whole_years(result, *_args):
    """A mapping year -> mean, from a dict or a pandas or xarray series."""
    if hasattr(result, "to_series"):
        result = result.to_series()
    if not hasattr(result, "items"):
        return result
    # pandas labels years by dates too
    return {int(getattr(year, "year", year)): value for year, value in result.items()}


def seasons(rng: np.random.Generator) -> Iterator[Probe]:
    """Dates and discharge [mm/day]: four days at the turn of the year, a year and a half, and the same with gaps."""
    start = np.datetime64(f"{rng.integers(1981, 2012)}-09-29", "D")
    yield Probe((start + np.arange(4), rng.uniform(0.2, 6, 4).round(2)), part="the turn of the year")
    time = np.datetime64(f"{rng.integers(1981, 2012)}-06-{rng.integers(1, 28):02}", "D") + np.arange(500)
    discharge = rng.gamma(1.2, 1.5, time.size).round(3)
    yield Probe((time, discharge), part="the turn of the year")
    gaps = discharge.copy()
    gaps[np.arange(150)] = np.nan  # the whole of the first water year
    gaps[rng.choice(np.arange(160, 500), 40, replace=False)] = np.nan
    yield Probe((time, gaps), part="gaps in the record")


water_year_means = Exercise(
    "water_year_means",
    answer=by_water_year,
    probes=seasons,
    observe=whole_years,
    away=[water_year],
    hints=[
        "Which water year does 30 September 2001 belong to, and which 1 October 2001?",
        "From October on, a day belongs to the water year of the next calendar year: year + (month >= 10).",
        "pd.DatetimeIndex(time) has .year and .month. Group by the water year; pandas' mean leaves missing days out by "
        "itself.",
        "pd.Series(discharge).groupby(water_year).mean().to_dict() with water_year = year + (month >= 10)",
    ],
)


@water_year_means.mistake(
    "Those are calendar years. Snow that falls in December melts in May: cut at New Year and "
    "half of a winter's water lands in the wrong year."
)
def calendar_years(time, discharge):
    return means_by(year_and_month(time)[0], discharge)


@water_year_means.mistake(
    "You named each water year by the year in which it starts. October 2001 belongs to water year 2002."
)
def named_by_its_start(time, discharge):
    year, month = year_and_month(time)
    return means_by(year - (month < 10), discharge)


@water_year_means.mistake(
    "Your year starts on 1 November: month > 10 leaves October behind. The water year starts *in* October."
)
def starts_in_november(time, discharge):
    year, month = year_and_month(time)
    return means_by(year + (month > 10), discharge)


@water_year_means.mistake("Your year starts on 1 September. Months count from 1: October is 10.")
def starts_in_september(time, discharge):
    year, month = year_and_month(time)
    return means_by(year + (month >= 9), discharge)


@water_year_means.mistake(
    "Those are sums. A year with a gap would look dry; a mean over the measured days does not mind."
)
def sums(time, discharge):
    year, month = year_and_month(time)
    return means_by(year + (month >= 10), discharge, np.sum)


@water_year_means.mistake("One missing day made the whole year NaN. Average the days that were measured (np.nanmean).")
def missing_day_spoils_the_year(time, discharge):
    year, month = year_and_month(time)
    return {int(y): discharge[year + (month >= 10) == y].mean() for y in np.unique(year + (month >= 10))}


@water_year_means.mistake("You counted missing days as zero, so a year with a failed gauge looks like a drought.")
def missing_days_as_zero(time, discharge):
    year, month = year_and_month(time)
    return means_by(year + (month >= 10), np.nan_to_num(discharge))


@water_year_means.mistake(
    "That is the median. It hardly sees the floods, and the floods carry much of the year's water."
)
def medians(time, discharge):
    year, month = year_and_month(time)
    return means_by(year + (month >= 10), discharge, np.median)
