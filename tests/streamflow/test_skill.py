"""Scores by hand, against independent formulas, on random and real series; and what is said where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import signal, stats
from sklearn.metrics import r2_score

from dla_widgets.streamflow import skill
from dla_widgets.streamflow.skill import SkillError, UndefinedSkill

DATA = Path(os.environ.get("DLA_DATA", Path(__file__).parents[3] / "shared" / "data"))

OBSERVED = [1.0, 2.0, 3.0, 4.0]
SIMULATED = [1.0, 2.0, 3.0, 5.0]


def test_by_hand():
    """Errors 0 0 0 1; means 2.5 and 2.75, squared deviations from them 5 and 8.75, their products 6.5."""
    assert skill.nse(OBSERVED, SIMULATED) == pytest.approx(1 - 1 / 5)
    assert skill.rmse(OBSERVED, SIMULATED) == pytest.approx(0.5)
    assert skill.percent_bias(OBSERVED, SIMULATED) == pytest.approx(10.0)
    r, alpha, beta = 6.5 / np.sqrt(5 * 8.75), np.sqrt(8.75 / 5), 1.1
    assert skill.kge_parts(OBSERVED, SIMULATED) == pytest.approx((r, alpha, beta))
    assert skill.kge(OBSERVED, SIMULATED) == pytest.approx(1 - ((r - 1) ** 2 + (alpha - 1) ** 2 + 0.1**2) ** 0.5)
    gamma = alpha / beta
    assert skill.kge2012(OBSERVED, SIMULATED) == pytest.approx(1 - ((r - 1) ** 2 + (gamma - 1) ** 2 + 0.1**2) ** 0.5)
    assert skill.beta_nse(OBSERVED, SIMULATED) == pytest.approx(0.25 / np.sqrt(5 / 4))


def test_the_flow_curve_by_hand():
    observed = np.arange(100.0, 0, -1)  # already from high to low; the two highest are 100 and 99
    simulated = observed.copy()
    simulated[:2] = [80, 90]  # so that its own two highest are 98 and 97
    assert skill.fhv(observed, simulated) == pytest.approx(100 * (98 + 97 - 199) / 199)
    steeper = observed**2  # twice the slope of the logarithms everywhere
    assert skill.fms(observed, steeper) == pytest.approx(100)
    assert skill.flv(observed, steeper) == pytest.approx(-100)


def test_peaks_by_hand():
    o = np.ones(400)
    o[[50, 200, 350]] = 10, 12, 9
    s = np.ones(400)
    s[[52, 200]] = 8, 8
    s[349] = 7
    assert skill.peak_timing(o, s) == pytest.approx((2 + 0 + 1) / 3)
    assert skill.missed_peaks(o, s) == pytest.approx(1 / 3)  # two days late is not within one day
    assert skill.missed_peaks(o, s, window=2) == 0
    o[198] = np.nan  # a gap beside the second peak: it cannot be judged
    assert skill.peak_timing(o, s) == pytest.approx((2 + 1) / 2)


def random_series():
    rng = np.random.default_rng(42)
    for _ in range(20):
        o = rng.gamma(0.8, 2, size=3652)
        yield o, o * rng.lognormal(0, 0.4, o.size) + rng.gamma(1, 0.1, o.size)


def real_series():
    file = DATA / "camels_us_daymet.nc"
    if not file.exists():
        pytest.skip(f"no real discharge: set DLA_DATA to a folder that holds {file.name}")
    with xr.open_dataset(file) as basins:
        records = basins["QObs"].isel(basin=slice(0, None, 25)).sel(date=slice("1989-10-01", "1999-09-30")).values
    for o in records:  # yesterday's discharge is a simulation that every river has
        yield o.astype(float), np.r_[o[0], o[:-1]].astype(float) * 1.1


def independent(o, s):
    """The same scores written another way, from other libraries where there are some."""
    o, s = o[np.isfinite(o + s)], s[np.isfinite(o + s)]
    r = stats.pearsonr(o, s).statistic
    alpha, beta = np.sqrt(np.var(s, ddof=1) / np.var(o, ddof=1)), s.sum() / o.sum()
    gamma = stats.variation(s) / stats.variation(o)
    n, high_o, high_s = o.size, sorted(o, reverse=True), sorted(s, reverse=True)
    top, tail = round(0.02 * n), round(0.3 * n)
    lo, ls = (np.log(np.clip(x[-tail:], 1e-6, None)) for x in (high_o, high_s))
    middle = [np.log(max(x[round(0.2 * n)], 1e-6)) - np.log(max(x[round(0.7 * n)], 1e-6)) for x in (high_s, high_o)]
    epsilon = np.mean(o) / 100
    return {
        "nse": r2_score(o, s), "r": r, "alpha_nse": alpha, "beta_nse": (np.mean(s) - np.mean(o)) / np.std(o),
        "kge": 1 - np.linalg.norm([r - 1, alpha - 1, beta - 1]),
        "kge2012": 1 - np.linalg.norm([r - 1, gamma - 1, beta - 1]),
        "rmse": np.linalg.norm(o - s) / np.sqrt(n), "percent_bias": (beta - 1) * 100,
        "log_nse": r2_score(np.log(o + epsilon), np.log(s + epsilon)),
        "fhv": (sum(high_s[:top]) / sum(high_o[:top]) - 1) * 100, "fms": (middle[0] / middle[1] - 1) * 100,
        "flv": (1 - (ls - ls.min()).sum() / (lo - lo.min()).sum()) * 100,
    }  # fmt: skip


@pytest.mark.parametrize("series", [random_series, real_series])
def test_equal_to_an_independent_implementation(series):
    compared = 0
    for o, s in series():
        table = skill.scores(o, s)
        for name, value in independent(o, s).items():
            if np.isfinite(value):
                assert table[name] == pytest.approx(value, abs=1e-9, rel=1e-9), name
                compared += 1
    assert compared > 150


def test_peak_timing_equals_a_search_day_by_day():
    for o, s in random_series():
        lags = []
        for peak in signal.find_peaks(o, distance=100, prominence=np.std(o))[0]:
            if 3 <= peak < o.size - 3:
                highest = max(range(peak - 3, peak + 4), key=lambda day: s[day])
                is_peak = s[peak] > max(s[peak - 1], s[peak + 1])
                lags.append(0 if is_peak else abs(highest - peak))
        assert skill.peak_timing(o, s) == pytest.approx(np.mean(lags), abs=1e-12)


def test_perfect_is_perfect():
    rng = np.random.default_rng(1)
    o = rng.gamma(1, 1, 1000)
    for name, score in skill.SCORES.items():
        assert score(o, o) == pytest.approx(skill.BEST[name], abs=1e-12), name
    assert skill.nse_decomposition(o, o) == pytest.approx((0, 0, 0), abs=1e-12)


def test_the_observed_mean_as_a_forecast():
    """NSE 0 by construction, KGE 1 - sqrt(2) by the convention of Knoben et al. (2019)."""
    o = np.random.default_rng(2).gamma(1, 1, 500)
    mean = np.full(o.size, o.mean())
    assert skill.nse(o, mean) == pytest.approx(0, abs=1e-12)
    assert skill.kge(o, mean) == pytest.approx(1 - np.sqrt(2))


flows = arrays(float, st.integers(5, 40), elements=st.floats(0, 100, allow_subnormal=False))


@st.composite
def pairs(draw):
    o = draw(flows)
    s = draw(arrays(float, o.size, elements=st.floats(0, 100, allow_subnormal=False)))
    return o, s


@settings(max_examples=150, deadline=None)
@given(pairs(), st.floats(0.01, 100))
def test_properties(pair, factor):
    o, s = pair
    if np.ptp(o) < 1e-3 or o.mean() < 1e-3:
        return
    value = skill.nse(o, s)
    assert value <= 1 and skill.kge(o, s) <= 1
    assert skill.nse(o * factor, s * factor) == pytest.approx(value, rel=1e-6, abs=1e-6)  # the unit does not matter
    assert skill.kge(o * factor, s * factor) == pytest.approx(skill.kge(o, s), rel=1e-6, abs=1e-6)
    lost = skill.nse_decomposition(o, s)
    assert min(lost) >= 0 and sum(lost) == pytest.approx(1 - value, rel=1e-6, abs=1e-6)
    order = np.random.default_rng(0).permutation(o.size)
    assert skill.fhv(o, s[order]) == pytest.approx(skill.fhv(o, s))  # the flow curve knows no dates


def test_days_with_a_gap_are_left_out():
    o, s = np.array([1, np.nan, 3, 4.0]), np.array([1, 2, np.nan, 5.0])
    kept = skill.paired(o, s)
    np.testing.assert_array_equal(kept, [[1, 4], [1, 5]])
    assert skill.nse(o, s) == skill.nse([1, 4], [1, 5])


def test_series_with_dates_meet_on_their_days():
    days = pd.date_range("2000-01-01", periods=6)
    o = xr.DataArray([1.0, 2, 3, 4, 5, 6], dims="time", coords={"time": days})
    s = o[2:] + 1
    assert skill.rmse(o, s) == pytest.approx(1)
    assert skill.rmse(o.to_series(), s.to_series()) == pytest.approx(1)
    assert skill.rmse(o.expand_dims(basin=["a"]), s) == pytest.approx(1)


@pytest.mark.parametrize(
    ("observed", "simulated", "words"),
    [
        ([1, 2, 3], [1, 2], r"observed has shape \(3,\), simulated has \(2,\); one value per day"),
        ([1, 2, 3], [[1], [2], [3]], r"flatten a column with .ravel\(\)"),
        (np.ones((2, 9)), np.ones((2, 9)), r"for many basins use by_basin\(score, observed, simulated\)"),
        ([1, np.nan], [np.nan, 2], "no day is left: of 2 days, 1 have an observed value and 1 a simulated one"),
        ([], [], "no day is left"),
        ([1, 2, 3], [1, np.inf, 3], "simulated holds an infinite value .*diverged"),
        (["a", "b"], [1, 2], "observed must be numbers, received list"),
        (xr.Dataset({"discharge": ("time", [1.0, 2])}), [1, 2], r"needs one variable of it: basins\['discharge'\]"),
    ],
)  # fmt: skip
def test_series_that_do_not_fit_are_refused_with_advice(observed, simulated, words):
    with pytest.raises(SkillError, match=words):
        skill.nse(observed, simulated)


def test_periods_that_do_not_meet():
    one = xr.DataArray([1.0, 2], dims="time", coords={"time": pd.date_range("1999-10-01", periods=2)})
    two = one.assign_coords(time=pd.date_range("1989-10-01", periods=2))
    with pytest.raises(SkillError, match="observed is 1999-10-01 to 1999-10-02, simulated is 1989-10-01 to 1989-10-02"):
        skill.nse(one, two)


@pytest.mark.parametrize("level", [0.0, 0.1, 7.3])
def test_a_constant_river_has_no_skill_to_speak_of(level):
    """0.1 ten times has a mean that is not 0.1 and a spread that is not 0: compared value by value, it is constant."""
    o, s = np.full(10, level), np.arange(10.0)
    for score in (skill.nse, skill.alpha_nse, skill.beta_nse, skill.correlation, skill.nse_decomposition, skill.kge):
        with pytest.raises(UndefinedSkill, match=f"needs observations that vary; all 10 of them are {level:g}"):
            score(o, s)
    assert np.isfinite(skill.rmse(o, s))
    table = skill.scores(o, s)
    assert np.isnan(table.nse) and np.isfinite(table.rmse)


def test_a_dry_river():
    dry = np.zeros(100)
    for score, words in [(skill.percent_bias, "observed volume, which must be above 0"), (skill.flv, "are all 0"),
                         (skill.fhv, "all 100 of them are 0"), (skill.fms, "flat between 20% and 70%")]:  # fmt: skip
        with pytest.raises(UndefinedSkill, match=words):
            score(dry, np.ones(100))


def test_a_constant_simulation_follows_nothing():
    o = np.random.default_rng(3).gamma(1, 1, 50)
    assert skill.kge_parts(o, np.full(50, 0.1)) == pytest.approx((0, 0, 0.1 / o.mean()))
    with pytest.raises(UndefinedSkill, match="divides by the simulated mean, which must be above 0; it is 0"):
        skill.kge2012(o, np.zeros(50))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda o: skill.kge(o, o, weights=(1, 1)), "three weights"),
        (lambda o: skill.fhv(o, o, share=2), "2 % is 0.02"),
        (lambda o: skill.fms(o, o, upper=0.7, lower=0.2), "0 < upper < lower < 1, received 0.7 and 0.2"),
        (lambda o: skill.peak_timing(o[:3], o[:3]), "none of the 3 days stands out"),
        (lambda o: skill.missed_peaks(o[:2], o[:2]), "none of the 2 days is a local maximum above the 80th percentile"),
    ],
)
def test_settings_out_of_range(call, words):
    with pytest.raises(SkillError, match=words):
        call(np.random.default_rng(4).gamma(1, 1, 100))


@pytest.fixture
def two_basins():
    rng = np.random.default_rng(5)
    days = pd.date_range("1999-10-01", periods=400)
    coords = {"basin": ["a", "b", "c"], "time": days, "lat": ("basin", [40.0, 41, 42])}
    o = xr.DataArray(rng.gamma(1, 1, (3, 400)), dims=("basin", "time"), coords=coords, name="discharge")
    return o, (o * 1.2).sel(basin=["c", "a"])


def test_by_basin_follows_the_simulated_basins(two_basins):
    o, s = two_basins
    result = skill.by_basin(skill.nse, o, s)
    assert result["basin"].values.tolist() == ["c", "a"] and result["lat"].values.tolist() == [42, 40]
    assert float(result.sel(basin="a")) == skill.nse(o.sel(basin="a"), s.sel(basin="a"))
    np.testing.assert_allclose(skill.by_basin(skill.nse, o.values[[2, 0]], s.values).values, result.values)
    table = skill.by_basin(skill.scores, o, s)
    assert table.loc["a", "percent_bias"] == pytest.approx(20) and list(table.columns) == list(skill.SCORES)


def test_by_basin_writes_nan_where_a_score_is_undefined(two_basins):
    o, s = two_basins
    o.loc["a"] = 1.0
    result = skill.by_basin(skill.nse, o, s)
    assert np.isnan(result.sel(basin="a")) and np.isfinite(result.sel(basin="c"))
    o.loc["c"] = np.nan
    assert np.isnan(skill.by_basin(skill.nse, o, s)).all()


def test_by_basin_refuses_what_it_cannot_match(two_basins):
    o, s = two_basins
    with pytest.raises(SkillError, match=r"1 of 2 simulated basins have no observations \(first: 'a'"):
        skill.by_basin(skill.nse, o.sel(basin=["b", "c"]), s)
    with pytest.raises(SkillError, match=r"must be \(basin, time\), received the shape \(3,\)"):
        skill.by_basin(skill.nse, [1, 2, 3], [1, 2, 3])
    with pytest.raises(SkillError, match="has no dimension 'basin'"):
        skill.by_basin(skill.nse, o, s.sel(basin="a"))
    with pytest.raises(SkillError, match="basin 'c': simulated holds an infinite value"):
        skill.by_basin(skill.nse, o, s * np.inf)


def test_scores_import_numpy_alone():
    code = "import dla_widgets.streamflow.skill, sys; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"scipy", "pandas", "xarray", "matplotlib", "tensorflow", "keras", "ipywidgets", "sklearn"}
