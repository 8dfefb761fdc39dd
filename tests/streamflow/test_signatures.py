"""Signatures by hand, and against the table that was published with CAMELS."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dla_widgets.streamflow import signatures as s
from dla_widgets.streamflow.baseflow import baseflow
from dla_widgets.streamflow.pairs import SkillError

DATA = Path(os.environ.get("DLA_DATA", Path(__file__).parents[3] / "shared" / "data"))


def series(values, start="1999-10-01"):
    days = pd.date_range(start, periods=len(values))
    return xr.DataArray(np.asarray(values, float), dims="time", coords={"time": days})


def test_flow_duration():
    curve = s.flow_duration([3, np.nan, 1, 2])
    np.testing.assert_array_equal(curve.discharge, [3, 2, 1])
    np.testing.assert_allclose(curve.exceedance, [0.25, 0.5, 0.75])


def test_by_hand():
    q = np.array([0, 1, 1, 2, 2, 2, 3, 4, 5, 40.0])
    assert s.runoff_ratio(q, 2 * q) == pytest.approx(0.5)
    assert s.zero_flow_frequency(q) == pytest.approx(0.1)
    assert s.high_flow_frequency(q) == pytest.approx(36.525)  # one of ten days is above 9 x 2
    assert s.high_flow_duration(q) == 1
    assert s.low_flow_frequency(q) == pytest.approx(3 * 36.525)  # 0, 1, 1 are below 0.2 x 6
    assert s.low_flow_duration(q) == 3
    assert s.flow_quantile(q, probability=0.5) == 2
    low, high = np.quantile(q, [0.33, 0.66])
    assert s.slope_fdc(q) == pytest.approx((high - low) / 6 / 0.33)
    assert s.slope_fdc(q, log=True) == pytest.approx(np.log(high / low) / 0.33)


def test_a_gap_ends_a_spell():
    assert s.low_flow_duration(np.array([9, 0, 0, np.nan, 0, 9, 9])) == pytest.approx(1.5)


def test_half_of_the_water_has_passed():
    """The water year 2000 has 366 days: a steady river passes half on day 184, a river of one flood on that day."""
    steady, flood = series(np.ones(366)), series(np.r_[np.zeros(100), 5, np.zeros(265)])
    assert s.half_flow_date(steady) == 184
    assert s.half_flow_date(flood) == 101
    assert np.isnan(s.half_flow_date(series(np.ones(200))))  # not a year


def test_elasticity_of_a_river_that_doubles_every_anomaly():
    years = s.water_year(pd.date_range("1990-10-01", "2000-09-30").values)
    p = np.take([8, 9, 10, 11, 12, 8, 9, 10, 11, 12], years - years[0]).astype(float)
    q = 0.5 * p.mean() * (1 + 2 * (p / p.mean() - 1))
    assert s.elasticity(series(q, "1990-10-01"), series(p, "1990-10-01")) == pytest.approx(2, abs=1e-3)


def test_water_years_start_in_october():
    days = np.array(["1999-09-30", "1999-10-01", "2000-01-01", "2000-09-30", "1969-10-01"], dtype="datetime64[ns]")
    assert s.water_year(days).tolist() == [1999, 2000, 2000, 2000, 1970]


def test_baseflow_lies_under_the_flow():
    rng = np.random.default_rng(0)
    q = 1 + np.convolve(rng.gamma(0.1, 5, 800), np.exp(-np.arange(20) / 5))[:800]
    slow = baseflow(q)
    assert (slow <= q + 1e-12).all() and (slow > 0).all()
    assert s.baseflow_index(q) == pytest.approx(slow.sum() / q.sum()) and 0.2 < slow.sum() / q.sum() < 0.9


def test_baseflow_equals_the_filter_written_as_a_loop():
    """Three passes over the mirrored series, each starting with the flow itself as quick flow (Ladson et al. 2013)."""
    q = np.random.default_rng(1).gamma(1, 1, 120)
    slow = np.concatenate([q[1:31][::-1], q, q[-31:-1][::-1]])
    for _ in range(3):
        quick, out = slow[0], np.empty(slow.size)
        for t in range(slow.size):
            quick = slow[0] if t == 0 else 0.925 * quick + 0.5 * (1 + 0.925) * (slow[t] - slow[t - 1])
            out[t] = slow[t] - max(quick, 0)
        slow = out[::-1]
    np.testing.assert_allclose(baseflow(q), slow[::-1][30:-30], atol=1e-12)


def test_baseflow_and_gaps():
    q = np.random.default_rng(2).gamma(1, 1, 200)
    q[90] = np.nan
    q[100] = np.nan
    slow = baseflow(q)
    assert np.isnan(slow[90:101]).all() and np.isfinite(slow[:90]).all() and np.isfinite(slow[101:]).all()
    with pytest.raises(SkillError, match="odd number of passes, received 2"):
        baseflow(q, passes=2)


def test_rivers_without_water_or_without_measurements_are_nan_not_wrong():
    for q in (np.zeros(500), np.full(500, np.nan)):
        basins = xr.Dataset({"discharge": series(q), "prcp": series(np.ones(500))}, {"basin": "x"})
        table = s.signatures(basins)
        assert np.isnan(table.loc["x", ["baseflow_index", "slope_fdc", "hfd_mean", "stream_elas"]].astype(float)).all()


def test_many_basins_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(3)
    time = pd.date_range("1990-10-01", "1995-09-30")
    dims, coords = ("basin", "time"), {"basin": ["a", "b"], "time": time}
    shape, names = (2, time.size), {"discharge": 1, "prcp": 3}
    basins = xr.Dataset({name: (dims, rng.gamma(1, mean, shape)) for name, mean in names.items()}, coords)
    both = s.signatures(basins)
    assert list(both.columns) == list(s.UNITS) and both.index.tolist() == ["a", "b"]
    pd.testing.assert_frame_equal(both.loc[["b"]], s.signatures(basins.sel(basin="b")))
    assert s.runoff_ratio(basins.discharge, basins.prcp).dims == ("basin",)


def test_what_a_signature_needs():
    with pytest.raises(SkillError, match=r"series of one length are needed, received \(3,\) and \(2,\)"):
        s.runoff_ratio([1, 2, 3], [1, 2])
    with pytest.raises(SkillError, match="needs a DataArray with dates as 'time', received ndarray"):
        s.half_flow_date(np.ones(400))
    with pytest.raises(SkillError, match="needs the dimension 'time'"):
        s.slope_fdc(xr.DataArray(np.ones(4), dims="day"))


def published():
    """Discharge and precipitation of the text files, and the table of signatures that came with them."""
    root = DATA / "camels_us"
    if not root.exists():
        pytest.skip("no CAMELS files: set DLA_DATA to a folder that holds camels_us/")
    table = pd.read_csv(root / "camels_attributes_v2.0/camels_hydro.txt", sep=";", dtype={"gauge_id": str})
    days = pd.date_range("1989-10-01", "2009-09-30")
    rows = {}
    for file in sorted(root.glob("usgs_streamflow/*/*_streamflow_qc.txt"))[:12]:
        q = pd.read_csv(file, sep=r"\s+", header=None, dtype={0: str})
        forcing = next(root.glob(f"basin_mean_forcing/daymet/*/{q[0][0]}_*"))
        p = pd.read_csv(forcing, sep=r"\s+", skiprows=3)
        dates = [pd.to_datetime(dict(zip(("year", "month", "day"), columns, strict=True))) for columns in
                 ([q[1], q[2], q[3]], [p.iloc[:, 0], p.iloc[:, 1], p.iloc[:, 2]])]  # fmt: skip
        flow = pd.Series(q[4].to_numpy(), dates[0]).replace(-999, np.nan).reindex(days)
        rain = pd.Series(p.filter(like="prcp").iloc[:, 0].to_numpy(), dates[1]).reindex(days)
        if flow.notna().all():
            rows[q[0][0]] = flow, rain
    dims, coords = ("basin", "time"), {"basin": list(rows), "time": days}
    flows, rains = (np.array(values) for values in zip(*rows.values(), strict=True))
    basins = xr.Dataset({"discharge": (dims, flows), "prcp": (dims, rains)}, coords)
    return basins, table.set_index("gauge_id").loc[list(rows)]


def test_equal_to_the_published_table_of_real_basins():
    """What does not depend on the basin's area, in cubic feet per second as in the files, to the last digits."""
    basins, table = published()
    mine = s.signatures(basins)
    assert len(table) >= 8
    for name in ("slope_fdc", "baseflow_index", "stream_elas", "hfd_mean", "low_q_freq", "low_q_dur", "zero_q_freq"):
        np.testing.assert_allclose(mine[name], table[name], rtol=1e-9, atol=1e-12, err_msg=name)
    same = np.isclose(mine["high_q_freq"], table["high_q_freq"], rtol=1e-9)  # a day of 9 medians may fall either way
    assert same.mean() >= 0.9
    scale = mine[["q_mean", "q5", "q95"]] / table[["q_mean", "q5", "q95"]]  # one factor per basin: its area
    np.testing.assert_allclose(scale["q5"], scale["q_mean"], rtol=1e-9)
    np.testing.assert_allclose(scale["q95"], scale["q_mean"], rtol=1e-9)
