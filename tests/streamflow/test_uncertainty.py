"""Intervals of scores: of the right width, the same for the same seed, and quick."""

import time

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dla_widgets.streamflow.skill import SkillError, UndefinedSkill, nse, paired, percent_bias
from dla_widgets.streamflow.uncertainty import Interval, block_bootstrap, bootstrap_difference


def mean_of_observed(o, s):
    return float(paired(o, s)[0].mean())


def peak_in_the_first_years(o, s):
    """Defined for a record that starts as the real one does, and for few others."""
    if o[:1100].max() < 10 or o[1000] < 10:
        raise UndefinedSkill("no flood where one is looked for")
    return 1.0


@pytest.fixture
def ten_years():
    rng = np.random.default_rng(0)
    days = pd.date_range("1989-10-01", "1999-09-30")
    o = xr.DataArray(rng.gamma(0.8, 2, days.size), dims="time", coords={"time": days})
    return o, o * rng.lognormal(0, 0.5, o.size)


def test_an_interval_holds_the_score_and_reads_well(ten_years):
    low, value, high = interval = block_bootstrap(nse, *ten_years)
    assert low < value < high and value == nse(*ten_years)
    assert str(Interval(0.651, 0.72, 0.7849)) == "0.72 (0.65 to 0.78)"
    assert interval == block_bootstrap(nse, *ten_years) != block_bootstrap(nse, *ten_years, seed=1)


def test_the_spread_of_a_mean_is_that_of_its_years():
    """Years that are constant 1, 2, ... 10: the mean of 10 drawn years has the standard error sqrt(8.25 / 10)."""
    days = pd.date_range("1989-10-01", "1999-09-30")
    years = xr.DataArray((days.year + (days.month >= 10) - 1989).to_numpy(float), dims="time", coords={"time": days})
    low, _, high = block_bootstrap(mean_of_observed, years, years, n=4000)
    assert (high - low) / 2 == pytest.approx(1.645 * np.sqrt(0.825), rel=0.05)


def test_drawing_single_days_of_a_remembering_river_is_overconfident():
    """Yearly blocks must give a wider interval than daily ones where one day is like the next."""
    rng = np.random.default_rng(1)
    wetness = np.repeat(rng.gamma(2, 1, 20), 365)
    o = wetness * rng.gamma(5, 0.2, wetness.size)
    s = o + 0.5 * (wetness - 2)
    spread = {block: np.diff(block_bootstrap(percent_bias, o, s, block=block, n=300)[::2])[0] for block in (1, 365)}
    assert spread[365] > 3 * spread[1]


def test_coverage():
    """About 90 % of the 90 % intervals should hold the truth; 20 years are few, so it may be somewhat less."""
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(120):
        o = np.full(20 * 10, 5.0)
        s = o + np.repeat(rng.normal(0, 1, 20), 10)  # the true bias is 0
        low, _, high = block_bootstrap(percent_bias, o, s, block=10, n=200)
        hits += low <= 0 <= high
    assert 0.8 < hits / 120 < 0.97


def test_years_are_water_years_if_the_dates_are_known():
    days = pd.date_range("1990-01-01", "1993-12-31")  # five water years, two of them cut
    o = xr.DataArray(np.arange(days.size, dtype=float), dims="time", coords={"time": days})
    seen = set()

    def starts(obs, sim):
        seen.update(obs[np.r_[True, np.diff(obs) != 1]])
        return 0.0

    block_bootstrap(starts, o, o, n=50)
    firsts = {str(days[int(k)])[:10] for k in seen}
    assert firsts == {"1990-01-01", "1990-10-01", "1991-10-01", "1992-10-01", "1993-10-01"}


def test_a_difference_is_narrower_than_two_intervals(ten_years):
    """Both models share the floods; what is left is the difference between them."""
    o, s = ten_years
    worse = s * 1.05
    low, value, high = bootstrap_difference(nse, o, s, worse)
    assert value == pytest.approx(nse(o, s) - nse(o, worse)) and low > 0
    alone = block_bootstrap(nse, o, s)
    assert high - low < alone.high - alone.low
    assert bootstrap_difference(nse, o, s, s) == (0, 0, 0)


def test_gaps_are_drawn_along(ten_years):
    o, s = ten_years
    o = o.copy()
    o[:500] = np.nan  # more than the first water year: a record of nothing but that year is undefined, and left out
    low, value, high = block_bootstrap(nse, o, s, n=200)
    assert low < value < high


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"block": 2000}, "3652 days make 2 blocks, and a spread needs at least 3"),
        ({"level": 90}, "level is a share between 0 and 1, received 90; 90 % is 0.9"),
        ({"block": 0}, "a block has at least one day, received 0"),
    ],
)
def test_advice(ten_years, options, words):
    with pytest.raises(SkillError, match=words):
        block_bootstrap(nse, *ten_years, n=5, **options)


def test_a_score_that_is_mostly_undefined_has_no_interval(ten_years):
    """One flood in ten years: most drawn records do not have it where it was."""
    o, _ = ten_years
    o = xr.ones_like(o)
    o[1000], calm = 50, xr.ones_like(o)
    with pytest.raises(SkillError, match=r"the score is undefined for \d+% of the 50 resampled records"):
        block_bootstrap(peak_in_the_first_years, o, calm, n=50)


def test_two_models_of_different_days(ten_years):
    o, s = ten_years
    with pytest.raises(SkillError, match=r"observed has shape \(3652,\), simulated has \(3651,\)"):
        bootstrap_difference(nse, o.values, s.values, s.values[:-1])


def test_ten_years_take_less_than_a_second(ten_years):
    block_bootstrap(nse, *ten_years, n=10)
    start = time.process_time()
    block_bootstrap(nse, *ten_years)
    assert time.process_time() - start < 1
