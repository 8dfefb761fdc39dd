"""Scaling without leakage, windows without copies, splits that keep apart what they should."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dla_widgets.streamflow.basins import INPUTS, PERIODS
from dla_widgets.streamflow.sequences import (
    ATTRIBUTES,
    Scaler,
    SequenceError,
    attribute_array,
    by_basin,
    by_period,
    coverage,
    days_of,
    forcing_array,
    windows,
)
from dla_widgets.streamflow.simulated import simulated_basins


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(n=4)


@pytest.fixture
def gappy(basins):
    """The same basins with a hole in the forcings."""
    basins = basins.copy(deep=True)
    basins["tmax"][2, 100] = np.nan
    return basins


def test_kratzerts_attributes(basins):
    assert len(ATTRIBUTES) == len(set(ATTRIBUTES)) == 27
    assert attribute_array(basins).shape == (4, 27)


def test_forcings_come_in_the_order_asked_for(basins):
    array = forcing_array(basins, ("vp", "prcp"))
    assert array.dtype == np.float32 and array.flags.c_contiguous
    np.testing.assert_array_equal(array[1, :, 0], basins["vp"].values[1])
    np.testing.assert_array_equal(array[3, :, 1], basins["prcp"].values[3])
    np.testing.assert_array_equal(forcing_array(basins.isel(basin=1), ["vp"])[0, :, 0], array[1, :, 0])


def test_a_missing_forcing_is_named_with_its_basin_and_day(gappy):
    day = str(gappy["time"].values[100])[:10]
    with pytest.raises(
        SequenceError, match=rf"'tmax' is missing at basin sim-02 on {day} \(the first of 1 gaps\).*interpolate_na"
    ):
        forcing_array(gappy)


def test_an_unknown_forcing_gets_its_likely_meaning(basins):
    with pytest.raises(SequenceError, match=r"no forcing 'prpc' in simulated.*; did you mean 'prcp'?"):
        forcing_array(basins, ["prpc"])
    with pytest.raises(SequenceError, match=r"no static attribute 'aridty'.*did you mean 'aridity'?"):
        attribute_array(basins, ["aridty"])


def test_a_missing_attribute_names_the_basin(basins):
    broken = basins.assign(aridity=basins["aridity"].where(basins["basin"] != "sim-03"))
    with pytest.raises(SequenceError, match="attribute 'aridity' of basin sim-03 is missing"):
        attribute_array(broken, ["aridity"])


def test_coverage_counts_measured_days(basins):
    table = coverage(basins)
    known = np.isfinite(basins["discharge"].values)
    assert list(table.index) == list(basins["basin"].values)
    np.testing.assert_array_equal(table["measured"], known.sum(1))
    np.testing.assert_allclose(table["fraction"], known.mean(1))
    dry = coverage(basins.assign(discharge=basins["discharge"] * np.nan))
    assert (dry["measured"] == 0).all() and dry["first"].isna().all()
    first = coverage(
        basins.isel(time=slice(0, 50)).assign(discharge=lambda d: d["discharge"].where(d["time"] > d["time"][9]))
    )
    assert first["first"].iloc[0] == pd.Timestamp("1989-10-11")


# ----------------------------------------------------------------------------------------------------------- splits


def test_periods_are_cut_whole_and_apart(basins):
    parts = by_period(basins)
    assert str(parts["train"]["time"].values[0])[:10] == "1999-10-01"
    assert str(parts["test"]["time"].values[-1])[:10] == "1999-09-30"
    assert not set(parts["train"]["time"].values) & set(parts["test"]["time"].values)


def test_periods_that_share_a_day_are_refused(basins):
    with pytest.raises(SequenceError, match="'one' and 'two' share days, the first of them 1995-09-30"):
        by_period(basins, {"one": slice("1990-10-01", "1995-09-30"), "two": slice("1995-09-30", "1999-09-30")})


def test_a_period_outside_the_record_says_what_the_record_is(basins):
    with pytest.raises(
        SequenceError, match=r"2011-01-01 ... 2012-12-31 lies outside the record, 1989-10-01 ... 2009-09-30"
    ):
        days_of(basins, slice("2011-01-01", "2012-12-31"))
    with pytest.raises(SequenceError, match=r"no period 'trian'.*did you mean 'train'?"):
        days_of(basins, "trian")
    assert days_of(basins, None) == slice(0, basins.sizes["time"])


def test_every_basin_is_unseen_exactly_once():
    basins = simulated_basins(n=7, years=1)
    unseen = [list(new["basin"].values) for _, new in by_basin(basins, folds=3, seed=4)]
    assert sorted(b for fold in unseen for b in fold) == list(basins["basin"].values)
    for known, new in by_basin(basins, folds=3, seed=4):
        assert not set(known["basin"].values) & set(new["basin"].values)
    assert unseen == [list(new["basin"].values) for _, new in by_basin(basins, folds=3, seed=4)]
    assert unseen != [list(new["basin"].values) for _, new in by_basin(basins, folds=3, seed=5)]
    with pytest.raises(SequenceError, match=r"between 2 and the number of basins \(7\), got 9"):
        by_basin(basins, folds=9)


# ---------------------------------------------------------------------------------------------------------- scaling


def test_the_scaler_measures_the_training_period_alone(basins):
    train = by_period(basins)["train"]
    scaler = Scaler.fit(train)
    mean, spread = scaler.of(["prcp"])
    np.testing.assert_allclose(mean[0], train["prcp"].values.mean(dtype="f8"), rtol=1e-6)
    np.testing.assert_allclose(spread[0], train["prcp"].values.std(dtype="f8"), rtol=1e-6)
    assert abs(mean[0] - basins["prcp"].values.mean(dtype="f8")) > 1e-3  # the whole record would show
    assert scaler.period == ("1999-10-01", "2008-09-30") and scaler.basins == 4
    changed = basins.copy(deep=True)
    changed["prcp"][:, :3000] *= 10  # test days
    assert Scaler.fit(by_period(changed)["train"]) == scaler


def test_scaled_training_basins_have_mean_0_and_spread_1(basins):
    train = by_period(basins)["train"]
    scaler = Scaler.fit(train)
    scaled = scaler.transform(train)
    for name in (*INPUTS, "discharge", "aridity"):
        assert abs(float(scaled[name].mean())) < 1e-3 and abs(float(scaled[name].std()) - 1) < 1e-3, name
        assert scaled[name].attrs["units"] == "1"
    back = scaler.inverse(scaled["discharge"])
    np.testing.assert_allclose(back.values, train["discharge"].values, atol=1e-4)


def test_the_scaler_prints_what_it_saw_with_units(basins):
    text = repr(Scaler.fit(by_period(basins)["train"], ["prcp"], ["area"]))
    assert text.startswith("Scaler fitted on 1999-10-01 ... 2008-09-30, 4 basins")
    assert [line.split()[-1] for line in text.splitlines()[2:]] == ["mm/day", "km2", "mm/day"]


def test_a_fitted_scaler_refuses_other_days(basins):
    scaler = Scaler.fit(by_period(basins)["train"])
    with pytest.raises(SequenceError, match=r"was fitted on 1999-10-01 ... 2008-09-30, 4 basins; fitting it again"):
        scaler.fit(by_period(basins)["test"])


def test_json_holds_all_of_it(basins):
    scaler = Scaler.fit(by_period(basins)["train"])
    assert Scaler.from_json(scaler.to_json()) == scaler


def test_a_column_that_never_varies_becomes_zero(basins):
    one = by_period(basins.isel(basin=[0]))["train"]
    scaled = Scaler.fit(one).transform(one)
    assert float(abs(scaled["aridity"]).max()) < 1e-6


# ---------------------------------------------------------------------------------------------------------- windows


def test_windows_end_on_their_target(basins):
    w = windows(basins, length=30, attributes=["aridity"])
    forcing, static, discharge = w[[5, 900]]
    for k, (b, start) in enumerate(zip(*w.place([5, 900]), strict=True)):
        np.testing.assert_array_equal(forcing[k], forcing_array(basins)[b, start : start + 30])
        assert discharge[k] == np.float32(basins["discharge"].values[b, start + 29])
        assert static[k, 0] == np.float32(basins["aridity"].values[b])
        assert w.time[start] == basins["time"].values[start + 29]
    assert w[3][0].shape == (1, 30, 5)


def test_days_without_a_measurement_are_no_targets(basins):
    w = windows(basins, length=365)
    known = np.isfinite(basins["discharge"].values[:, 364:])
    assert len(w) == known.sum() < known.size
    assert np.isfinite(w[np.arange(0, len(w), 97)][2]).all()
    assert f"{len(w)} of {known.size} end on a day with measured discharge" in repr(w)


def test_windows_of_a_period_may_begin_before_it(basins):
    w = windows(basins, length=100, period="train")
    assert w.time[0] == np.datetime64("1999-10-01") and w.forcings.shape[1] == 3288
    first = days_of(basins, "train").start
    np.testing.assert_array_equal(w.forcings[0, 0], forcing_array(basins)[0, first - 99 : first + 1])


def test_windows_are_views_and_take_no_more_memory_than_the_record():
    basins = simulated_basins(n=30)
    raw = sum(basins[name].nbytes for name in (*INPUTS, "discharge"))
    tracemalloc.start()
    w = windows(basins, length=365)
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now <= peak < 1.5 * raw and w.forcings.nbytes > 200 * raw
    assert not w.forcings.flags.owndata and np.shares_memory(w.forcings[0, 0, 1:], w.forcings[0, 1, :-1])


def test_a_window_longer_than_the_record(basins):
    with pytest.raises(
        SequenceError, match=r"a window of 365 days does not fit into 100 days, 1989-10-01 ... 1990-01-08"
    ):
        windows(basins.isel(time=slice(0, 100)))


def test_nothing_measured(basins):
    empty = basins.isel(time=slice(0, 800)).assign(discharge=lambda d: d["discharge"] * np.nan)
    with pytest.raises(SequenceError, match="no discharge was measured at any of the 4 basins between 1989-10-01 and"):
        windows(empty)
    with pytest.raises(SequenceError, match="nothing to learn from"):
        windows(xr.Dataset(dict(basins.drop_vars("discharge").data_vars)))


def test_the_periods_are_kratzerts():
    assert PERIODS["train"] == slice("1999-10-01", "2008-09-30") and PERIODS["test"] == slice(
        "1989-10-01", "1999-09-30"
    )
