"""Simulated basins: the same every time, in the schema, every drop of water accounted for, and like rivers."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dla_widgets.streamflow.basins import FORCINGS, INPUTS, PERIODS, BasinError, attributes, check_schema
from dla_widgets.streamflow.climates import CLIMATES
from dla_widgets.streamflow.outlines import outlines
from dla_widgets.streamflow.sequences import ATTRIBUTES
from dla_widgets.streamflow.signatures import signatures
from dla_widgets.streamflow.simulated import make_rivers, simulated_basins


@pytest.fixture(scope="module")
def basins():
    return simulated_basins()


@pytest.fixture(scope="module")
def character(basins):
    return signatures(basins)


def digest(basins) -> str:
    named = sorted(map(str, basins.data_vars))
    return hashlib.sha256(b"".join(np.ascontiguousarray(basins[k].values).tobytes() for k in named)).hexdigest()


def test_follows_the_schema(basins):
    check_schema(basins)
    assert dict(basins.sizes) == {"basin": 32, "time": 7305}
    assert str(basins.time.values[0])[:10] == "1989-10-01"
    assert str(basins.time.values[-1])[:10] == "2009-09-30"
    assert [str(b) for b in basins.basin.values[:2]] == ["sim-00", "sim-01"]
    assert {*INPUTS} <= {*FORCINGS} & {*map(str, basins.data_vars)}
    assert set(ATTRIBUTES) <= set(attributes(basins)), "a regional model finds the attributes that it takes from CAMELS"
    for name in [*INPUTS, "dayl", *attributes(basins)]:
        assert np.isfinite(basins[name]).all(), name
    assert all(basins.sel(time=period).sizes["time"] > 3000 for period in PERIODS.values())


def test_another_process_makes_the_same_bytes(basins):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_simulated import digest; "
        "from dla_widgets.streamflow.simulated import simulated_basins; print(digest(simulated_basins()))"
    )
    here = __file__.rsplit("/", 1)[0]
    ran = subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == digest(basins)


def test_fewer_are_the_first_of_many_and_shorter_is_the_beginning_of_longer(basins):
    few = simulated_basins(n=3, years=2)
    for name in ("prcp", "tmax", "srad", "discharge"):
        long = basins[name].values[:3, : few.sizes["time"]]
        np.testing.assert_allclose(few[name].values, long, rtol=1e-5, err_msg=name)


def test_another_seed_is_another_world(basins):
    other = simulated_basins(n=2, years=2, seed=1)
    for name, limit in (("prcp", 0.2), ("tmin", 0.95), ("discharge", 0.6)):
        a, b = (d[name].values[:2, :700].ravel() for d in (basins, other))
        both = np.isfinite(a) & np.isfinite(b)
        assert np.corrcoef(a[both], b[both])[0, 1] < limit, name
    assert not np.array_equal(basins["area"][:2], other["area"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n": 0}, "n must be a whole number of at least 1, got 0"),
        ({"years": 2.5}, "years must be a whole number of at least 1, got 2.5"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"n": True}, "n must be a whole number of at least 1, got True"),
    ],
)
def test_wrong_sizes_are_named(wrong, said):
    with pytest.raises(BasinError, match=said):
        simulated_basins(**wrong)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_drop_is_accounted_for(seed):
    water = make_rivers(16, np.arange("1999-10-01", "2001-10-01", dtype="datetime64[D]"), seed).water
    fallen = water.precipitation.sum(0)
    gone = water.evaporation.sum(0) + water.discharge.sum(0) + water.after - water.before
    np.testing.assert_allclose(gone, fallen, rtol=1e-9)
    for flux in (water.discharge, water.evaporation, water.snow, water.after):
        assert np.isfinite(flux).all() and (flux >= 0).all()


def test_weather_hangs_together(basins):
    assert (basins.tmax > basins.tmin).all() and (basins.prcp >= 0).all() and (basins.vp > 0).all()
    wet = basins.prcp > 5
    dry = basins.prcp == 0
    assert (basins.srad.where(wet).mean("time") < 0.85 * basins.srad.where(dry).mean("time")).all(), "rain is dark"
    spread = basins.tmax - basins.tmin
    assert (spread.where(wet).mean("time") < spread.where(dry).mean("time")).all(), "cloud narrows the daily range"
    saturated = 611 * np.exp(17.27 * basins.tmax / (basins.tmax + 237.3))
    assert (basins.vp < saturated).mean() > 0.999
    july, january = (basins.tmax.sel(time=basins.time.dt.month == m).mean("time") for m in (7, 1))
    assert (july - january > 10).all()


def test_attributes_come_from_the_weather_that_is_seen(basins):
    np.testing.assert_allclose(basins.p_mean, basins.prcp.mean("time"), rtol=1e-5)
    np.testing.assert_allclose(basins.aridity, basins.pet_mean / basins.p_mean)
    np.testing.assert_allclose(basins.sand_frac + basins.silt_frac + basins.clay_frac, 100)
    cold = (basins.tmin + basins.tmax) / 2 < 0
    snow = basins.prcp.where(cold, 0).sum("time") / basins.prcp.sum("time")
    np.testing.assert_allclose(basins.frac_snow, snow, rtol=1e-3)
    named = dict(zip(basins.climate.values, basins.p_seasonality.values, strict=True))
    assert named["California"] < -0.7 < 0.3 < named["Northern plains"]


def test_gauges_have_gaps_and_most_days(basins):
    missing = basins.discharge.isnull().mean("time")
    assert 0.01 < float(missing.mean()) < 0.06
    assert float(missing.max()) < 0.2


def test_gauges_stand_on_dry_land():
    basins = simulated_basins(n=10 * len(CLIMATES), years=1)
    coast = np.concatenate([np.stack([line[:-1], line[1:]], 1) for line in outlines("coast")])
    (x0, y0), (x1, y1) = coast[:, 0].T, coast[:, 1].T
    for lon, lat, climate in zip(basins.lon.values, basins.lat.values, basins.climate.values, strict=True):
        spans = (y0 > lat) != (y1 > lat)
        crossings = x0[spans] + (lat - y0[spans]) / (y1[spans] - y0[spans]) * (x1[spans] - x0[spans])
        assert (crossings > lon).sum() % 2 == 1, f"{climate}: {lat:.2f} N, {lon:.2f} E is abroad or in the water"


#: 5, 25, 75 and 95 % of 393 real basins, by benchmarks/signatures.py.
REAL = {
    "runoff_ratio": (0.054, 0.255, 0.502, 0.865), "baseflow_index": (0.169, 0.375, 0.590, 0.718),
    "slope_fdc": (0.296, 0.903, 1.67, 2.01), "hfd_mean": (135, 160, 200, 242), "q95": (0.26, 2.36, 6.23, 15.4),
    "low_q_freq": (0.56, 39.7, 163, 275), "high_q_freq": (1.76, 6.35, 35.9, 80.7),
}  # fmt: skip


@pytest.mark.parametrize("name", REAL)
def test_rivers_are_like_rivers(character, name):
    found = character[name]
    lowest, low, high, highest = REAL[name]
    assert low < found.median() < high, "the median river could be a real one"
    assert ((found >= lowest) & (found <= highest)).mean() >= 0.75, "and so could most of the others"


def test_snow_delays_and_dry_air_takes(basins, character):
    found = character
    assert np.corrcoef(basins.frac_snow, found["hfd_mean"])[0, 1] > 0.6, "snow melts late"
    assert np.corrcoef(np.log(basins.aridity), found["runoff_ratio"])[0, 1] < -0.8, "less runs off where the air is dry"
    assert np.corrcoef(basins.geol_permeability, found["baseflow_index"])[0, 1] > 0.1, "open rock feeds rivers"
