"""Quantiles of discharge: are they honest, how wide are they, and what do they cost?"""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from dla_widgets.streamflow.calibration import calibration, crps, interval
from dla_widgets.streamflow.sequences import SequenceError

LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
RNG = np.random.default_rng(4)


def river(days=20000, gaps=0.1):
    """Discharge from known distributions, one per day, with gaps."""
    mean = RNG.gamma(2, 1, days)
    observed = stats.expon.rvs(scale=mean, random_state=RNG)
    observed[RNG.random(days) < gaps] = np.nan
    time = np.arange(days).astype("datetime64[D]").astype("datetime64[ns]")
    quantiles = stats.expon.ppf(np.array(LEVELS), scale=mean[:, None])
    return (xr.DataArray(observed, {"time": time}, ["time"]),
            xr.DataArray(quantiles, {"time": time, "quantile": LEVELS}, ["time", "quantile"]))  # fmt: skip


def test_true_quantiles_are_honest():
    observed, quantiles = river()
    table = calibration(observed, quantiles)
    assert list(table.index) == LEVELS and (abs(table["error"]) < 0.01).all()
    np.testing.assert_allclose(table["below"] - table["error"], LEVELS)
    assert (np.diff(table["discharge"]) > 0).all()


def test_ranges_that_are_too_narrow_show():
    observed, quantiles = river()
    median = quantiles.sel(quantile=0.5)
    narrow = median + 0.3 * (quantiles - median)
    assert calibration(observed, narrow).loc[0.95, "error"] < -0.1
    honest, boast = interval(observed, quantiles), interval(observed, narrow)
    assert honest["promised"] == boast["promised"] == pytest.approx(0.9)
    assert honest["inside"] == pytest.approx(0.9, abs=0.01) and boast["inside"] < 0.5
    assert boast["width"] == pytest.approx(0.3 * honest["width"])


def test_crps_of_a_single_number_is_the_mean_absolute_error():
    observed, quantiles = river()
    one = quantiles.sel(quantile=[0.5])
    assert crps(observed, one) == pytest.approx(float(abs(observed - one).mean()))


def test_crps_of_many_levels_is_the_integral():
    """Against the closed form of the exponential distribution: E|X - y| - E|X - X'| / 2."""
    observed, _ = river(days=3000, gaps=0)
    levels = (np.arange(400) + 0.5) / 400
    quantiles = xr.DataArray(
        np.tile(stats.expon.ppf(levels), (3000, 1)),
        {"time": observed["time"], "quantile": levels},
        ["time", "quantile"],
    )
    y = observed.values
    exact = (y + 2 * np.exp(-y) - 1.5).mean()
    assert crps(observed, quantiles) == pytest.approx(exact, rel=0.01)


def test_honest_ranges_cost_less():
    observed, quantiles = river()
    assert crps(observed, quantiles) < crps(observed, quantiles * 1.5) and crps(observed, quantiles) < crps(
        observed, quantiles * 0.6
    )


def test_what_it_says():
    observed, quantiles = river(days=50)
    with pytest.raises(SequenceError, match=r"expected quantiles with a dimension 'quantile', got \('time',\)"):
        calibration(observed, observed)
    with pytest.raises(SequenceError, match=r"no quantile 0.1; it has 0.05, 0.25, 0.5, 0.75, 0.95"):
        interval(observed, quantiles, low=0.1)
    with pytest.raises(SequenceError, match="no measured day in common"):
        crps(observed * np.nan, quantiles)
