"""The honest opponents: what they compute, what they refuse, and that they come in the order they should."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from dla_widgets.streamflow.baselines import (
    BaselineError,
    Climatology,
    Conceptual,
    Persistence,
    RidgeLags,
    potential_evapotranspiration,
)
from dla_widgets.streamflow.basins import INPUTS, PERIODS
from dla_widgets.streamflow.conceptual import PARAMETERS, simulate
from dla_widgets.streamflow.simulated import simulated_basins
from dla_widgets.streamflow.skill import nse

ALL = (Climatology, Persistence, RidgeLags, Conceptual)
#: Eight rivers of eight climates; the year before training fills the stores.
WARM = slice("1998-10-01", "2008-09-30")


@pytest.fixture(scope="module")
def basins():
    return simulated_basins(n=8)


@pytest.fixture(scope="module")
def fitted(basins):
    return {model: model().fit(basins.sel(time=WARM)) for model in ALL}


def scores(model, basins) -> np.ndarray:
    simulated = model.predict(basins).sel(time=PERIODS["test"]).values
    observed = basins.discharge.sel(time=PERIODS["test"]).values
    return np.array([nse(o, s) for o, s in zip(observed, simulated, strict=True)])


def of(discharge, start="1999-10-01", **forcings) -> xr.Dataset:
    """One basin with this discharge, and weather that does not matter unless given."""
    discharge = np.asarray(discharge, float)
    units = {"prcp": "mm/day", "srad": "W/m2", "tmax": "degC", "tmin": "degC", "vp": "Pa", "discharge": "mm/day"}
    series = {name: forcings.get(name, np.zeros(discharge.size)) for name in INPUTS} | {"discharge": discharge}
    data = {k: (("basin", "time"), np.asarray(v, float)[None], {"units": units[k]}) for k, v in series.items()}
    time = np.datetime64(start, "ns") + np.arange(discharge.size) * np.timedelta64(1, "D")
    return xr.Dataset(data, {"basin": ["b"], "time": time, "lat": ("basin", [45.0]), "lon": ("basin", [-70.0])})


# --------------------------------------------------------------------------------------------------- all of them


@pytest.mark.parametrize("model", ALL)
def test_predictions_follow_the_schema(fitted, basins, model):
    predicted = fitted[model].predict(basins)
    assert predicted.dims == ("basin", "time") and predicted.shape == basins.discharge.shape
    assert predicted.name == "discharge" and predicted.attrs["units"] == "mm/day"
    assert np.isfinite(predicted).all() and (predicted >= 0).all()
    assert (predicted.basin == basins.basin).all() and "lat" in predicted.coords


@pytest.mark.parametrize("model", ALL)
def test_the_dimensions_may_come_in_either_order(fitted, basins, model):
    few = basins.isel(basin=slice(2))
    np.testing.assert_array_equal(fitted[model].predict(few), fitted[model].predict(few.transpose("time", "basin")))


def test_they_come_in_the_order_of_the_literature(fitted, basins):
    order = (Climatology, RidgeLags, Conceptual)
    climatology, ridge, conceptual = (np.median(scores(fitted[model], basins)) for model in order)
    assert 0.05 < climatology < ridge - 0.1
    assert ridge < conceptual - 0.05
    assert conceptual < 0.75, "room is left for a network"


@pytest.mark.parametrize("model", [Climatology, RidgeLags, Conceptual])
def test_no_discharge_of_the_test_period_is_looked_at(fitted, basins, model):
    blind = basins.isel(basin=slice(2)).copy(deep=True)
    blind["discharge"].values[:] = np.nan
    np.testing.assert_array_equal(fitted[model].predict(blind), fitted[model].predict(basins.isel(basin=slice(2))))


@pytest.mark.parametrize("model", ALL)
def test_unfitted(basins, model):
    said = rf"this {model.__name__} has learnt nothing yet; call \.fit\(basins\) with training basins first"
    with pytest.raises(BaselineError, match=said):
        model().predict(basins)


@pytest.mark.parametrize("model", ALL)
def test_unknown_basin(fitted, basins, model):
    other = basins.assign_coords(basin=[*basins.basin.values[:-1], "sim-8"])
    said = r"no basin 'sim-8' in this .*; did you mean 'sim-0.'\?.* one model per basin"
    with pytest.raises(BaselineError, match=said):
        fitted[model].predict(other)


@pytest.mark.parametrize("model", [RidgeLags, Conceptual])
def test_missing_forcing(fitted, basins, model):
    with pytest.raises(BaselineError, match=rf"{model.__name__} needs 'tmin' \[degC\], which is not among area, "):
        fitted[model].predict(basins.drop_vars("tmin"))


def test_wrong_units(basins):
    kelvin = basins.assign(tmax=(basins.tmax + 273.15).assign_attrs(units="K"))
    with pytest.raises(BaselineError, match="'tmax' must be in degC, is in K; convert it"):
        Conceptual().fit(kelvin)
    cfs = basins.assign(discharge=basins.discharge.assign_attrs(units="ft3/s"))
    with pytest.raises(BaselineError, match="'discharge' must be in mm/day, is in ft3/s"):
        Climatology().fit(cfs)


def test_hole_in_the_forcing(basins):
    holed = basins.isel(basin=slice(2)).copy(deep=True)
    holed["prcp"].values[1, 10] = np.nan
    with pytest.raises(BaselineError, match="'prcp' is missing for basin 'sim-01' on 1989-10-11; fill the gap"):
        RidgeLags().fit(holed)


def test_nothing_measured():
    with pytest.raises(BaselineError, match="basin 'b' has no discharge in this period; leave it out"):
        Climatology().fit(of(np.full(800, np.nan)))
    with pytest.raises(BaselineError, match="basin 'b': RidgeLags needs two years of discharge to choose alpha"):
        RidgeLags().fit(of(np.ones(300)))
    with pytest.raises(BaselineError, match=r"basin 'b': Conceptual needs a year .* got 500 days"):
        Conceptual().fit(of(np.ones(500)))


# ---------------------------------------------------------------------------------------------------- one by one


def test_climatology_is_the_mean_of_the_calendar_day():
    record = of(np.r_[np.full(365, 1.0), np.full(365, 3.0)], start="2001-01-01")
    np.testing.assert_allclose(Climatology().fit(record).predict(record), 2.0)


def test_climatology_knows_leap_years():
    dates = np.datetime_as_string(np.arange("1996-01-01", "2004-01-01", dtype="datetime64[D]"))
    march, leap_days = (np.char.endswith(dates, day) for day in ("03-01", "02-29"))
    assert march.sum() == 8 and leap_days.sum() == 2
    record = of(march.astype(float), start="1996-01-01")
    predicted = Climatology(window=1).fit(record).predict(record).values[0]
    assert predicted[march].min() == predicted.max() > 0.7, "1 March is one day of the year in leap years too"
    np.testing.assert_array_equal(predicted[leap_days], predicted.max())
    assert predicted[~march & ~leap_days].max() == 0


def test_climatology_smooths_around_the_turn_of_the_year_and_over_gaps():
    q = np.zeros(365 * 3)
    q[[0, 365, 730]] = 5.0  # each 1 January
    predicted = Climatology(window=5).fit(record := of(q, start="2001-01-01")).predict(record).values[0]
    np.testing.assert_allclose(predicted[[363, 364, 365, 366, 367]], 1.0)
    q[100:130] = np.nan
    assert np.isfinite(Climatology().fit(of(q)).predict(of(q))).all()


def test_persistence_is_yesterday_and_never_today():
    record = of([1.0, 2.0, np.nan, 4.0, 5.0])
    np.testing.assert_allclose(Persistence().fit(record).predict(record)[0], [3, 1, 2, 2, 4])
    np.testing.assert_allclose(Persistence(lead=3).fit(record).predict(record)[0], [3, 3, 3, 1, 2])
    with pytest.raises(BaselineError, match="lead must be at least 1 day, got 0"):
        Persistence(lead=0)


def test_ridge_finds_a_linear_river():
    rain = np.random.default_rng(0).gamma(0.5, 4, 4000)
    q = 0.5 * rain + 0.3 * np.r_[0, rain[:-1]] + 0.1
    record = of(q, prcp=rain)
    assert nse(q[400:], RidgeLags().fit(record).predict(record).values[0, 400:]) > 0.999


def test_ridge_columns_are_lags_and_antecedent_means():
    rain = np.arange(500.0)
    columns = RidgeLags(lags=3, means=(7,)).columns(of(np.zeros(500), prcp=rain).isel(basin=0))
    assert columns.shape == (500, 4 * len(INPUTS))
    np.testing.assert_allclose(columns[100, [0, 5, 10, 15]], [100, 99, 98, np.mean(rain[94:101])])
    np.testing.assert_allclose(columns[0, [0, 5, 10, 15]], 0)


def test_ridge_alpha_is_chosen_by_years_left_out():
    """On noise the strongest penalty wins; days left out at random would not tell, since neighbours are alike."""
    rng = np.random.default_rng(1)
    q = np.convolve(rng.random(3000), np.ones(60), "same")
    record = of(q, prcp=np.convolve(rng.random(3000), np.ones(60), "same"))
    predicted = RidgeLags(alphas=(1e-3, 1e7)).fit(record).predict(record).values
    assert predicted.std() < 0.05 * q.std()


# -------------------------------------------------------------------------------------------- the conceptual model

THETA = st.tuples(*(st.floats(p.low, p.high) for p in PARAMETERS.values()))


@settings(max_examples=150, deadline=None)
@given(theta=THETA, seed=st.integers(0, 99), shift=st.floats(-25, 25), wetness=st.floats(0, 30))
def test_water_is_neither_made_nor_lost(theta, seed, shift, wetness):
    rng = np.random.default_rng(seed)
    prcp = rng.gamma(0.3, 1, 900) * wetness
    tmin = 10 * np.sin(np.arange(900) / 58) + shift + rng.normal(0, 3, 900)
    pet = rng.uniform(0, 8, 900)
    out = simulate(theta, prcp, tmin, tmin + rng.uniform(0, 15, 900), pet)
    gained = prcp.sum() + out["exchange"].sum()
    spent = out["discharge"].sum() + out["evaporation"].sum() + out["after"] - out["before"]
    assert spent == pytest.approx(gained, abs=1e-6 * (1 + prcp.sum()))
    for flux in ("discharge", "evaporation"):
        assert np.isfinite(out[flux]).all() and (out[flux] >= 0).all(), flux
    assert (out["evaporation"] <= np.maximum(pet, 0) + 1e-9).all()
    assert out["after"] >= 0


def test_snow_waits_for_warmth():
    days = 400
    mean = np.where(np.arange(days) < 200, -10.0, 10.0)
    out = simulate([50, 0, 30, 1, 4, 0.5], np.r_[np.full(200, 3.0), np.zeros(200)], mean - 1, mean + 1, np.zeros(days))
    assert out["discharge"][150:200].sum() < 0.05 * out["discharge"][200:].sum()


def test_calibration_finds_the_parameters_of_its_own_river(basins):
    one = basins.isel(basin=[0]).sel(time=WARM).copy(deep=True)
    weather = [one[k].values[0] for k in ("prcp", "tmin", "tmax")]
    pet = potential_evapotranspiration(*weather[1:], float(one.lat[0]), one.time.dt.dayofyear.values)
    true = [250, 0.5, 60, 1.8, 3.5, 0.6]
    one["discharge"].values[0] = simulate(true, *weather, pet)["discharge"]
    model = Conceptual(rounds=90).fit(one)
    assert nse(one.discharge.values[0, 400:], model.predict(one).values[0, 400:]) > 0.995
    assert float(model.parameters.x4[0]) == pytest.approx(1.8, rel=0.05)
    assert model.parameters.x1.attrs["units"] == "mm"


def test_the_same_seed_finds_the_same_parameters(fitted, basins):
    again = Conceptual().fit(basins.isel(basin=[3]).sel(time=WARM))
    same = fitted[Conceptual].parameters.sel(basin=["sim-03"])
    xr.testing.assert_identical(again.parameters, same)
    other = Conceptual(seed=1).fit(basins.isel(basin=[3]).sel(time=WARM))
    assert not other.parameters.identical(same)
    for name, p in PARAMETERS.items():
        assert (fitted[Conceptual].parameters[name] >= p.low - 1e-9).all()
        assert (fitted[Conceptual].parameters[name] <= p.high + 1e-9).all()


def test_calibration_looks_at_training_days_only(basins):
    """The days that fill the stores, and those without discharge, change nothing."""
    train = basins.isel(basin=[1]).sel(time=WARM)
    spoilt = train.copy(deep=True)
    spoilt["discharge"].values[:, :365] = 99.0
    xr.testing.assert_identical(Conceptual(rounds=5).fit(spoilt).parameters, Conceptual(rounds=5).fit(train).parameters)


def test_potential_evapotranspiration():
    """By hand: at the equator on 21 March the radiation above the atmosphere is 37.9 MJ/m2/day (FAO-56, table 2.6)."""
    assert potential_evapotranspiration(15, 25, 0.0, 80) == pytest.approx(37.9 / 2.45 * 25 / 100, rel=0.01)
    assert potential_evapotranspiration(-12, -6, 45.0, 180) == 0
    north = potential_evapotranspiration(10, 20, [[30.0], [60.0]], np.array([1, 172]))
    assert north.shape == (2, 2) and north[1, 0] < north[0, 0] < north[1, 1]


def test_conceptual_needs_the_latitude(basins):
    with pytest.raises(BaselineError, match="basin 'sim-00' has no coordinate 'lat'"):
        Conceptual().fit(basins.drop_vars("lat").sel(time=WARM))
