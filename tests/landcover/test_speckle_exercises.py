"""What the exercises of lesson 02 call right is what the kit, SciPy and pandas call right."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import ndimage

from dla_widgets.exercise import find
from dla_widgets.landcover import speckle


@pytest.fixture
def image():
    rng = np.random.default_rng(3)
    power = np.where(np.arange(30) < 13, 0.05, 0.3) * rng.gamma(5, 0.2, (24, 30))
    power[5, 7] = 4.0
    return power


@pytest.fixture
def gaps(image):
    image[[3, 3, 11, 23], [2, 3, 20, 0]] = np.nan
    return image


def answer(name, *arguments):
    return find(name).answer(*arguments)


@pytest.mark.parametrize("size", [3, 7])
def test_filters_are_those_of_the_kit(gaps, size):
    np.testing.assert_allclose(answer("boxcar_mean", gaps, size), speckle.boxcar(gaps, size), rtol=2e-5)
    np.testing.assert_allclose(answer("lee_filter", gaps, size, 4.0), speckle.lee(gaps, size, 4.0), rtol=2e-5)


def test_inside_a_boxcar_is_scipys(image):
    inner = np.s_[3:-3, 3:-3]
    np.testing.assert_allclose(answer("boxcar_mean", image, 7)[inner], ndimage.uniform_filter(image, 7)[inner])


def test_the_copied_lee_is_the_one_that_is_copied(image):
    """As it stands on the net: two uniform filters and the variance of everything. Inside, borders aside, it is our mistake."""
    mean = ndimage.uniform_filter(image, 5)
    variance = ndimage.uniform_filter(image**2, 5) - mean**2
    copied = mean + variance / (variance + ndimage.variance(image)) * (image - mean)
    mistake = next(m for m in find("lee_filter").mistakes if m.name == "variance_of_the_whole_image")
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(mistake.function(image, 5, 5.0)[inner], copied[inner])
    assert not np.allclose(answer("lee_filter", image, 5, 5.0)[inner], copied[inner], rtol=0.05)


def test_looks_and_ratios_are_those_of_the_kit(gaps):
    assert answer("estimate_enl", gaps) == pytest.approx(speckle.enl(gaps))
    filtered = speckle.boxcar(gaps, 5)
    ratio = speckle.ratio_image(gaps, filtered)
    told = answer("ratio_check", gaps, filtered)
    assert told == pytest.approx({"mean": np.nanmean(ratio), "looks": speckle.enl(ratio)}, rel=1e-5)


def test_blocks_are_xarrays(gaps):
    coarse = xr.DataArray(gaps, dims=("y", "x")).coarsen(y=5, x=5, boundary="trim").mean()
    np.testing.assert_allclose(answer("multilook", gaps, 5), coarse.values)


def test_correlation_is_that_of_pandas(gaps):
    for lag in (1, 3):
        pairs = pd.DataFrame({"left": gaps[:, :-lag].ravel(), "right": gaps[:, lag:].ravel()})
        assert answer("lag_correlation", gaps, lag) == pytest.approx(pairs.corr().loc["left", "right"])


def test_white_speckle_keeps_its_promise():
    power = np.random.default_rng(0).gamma(5, 0.2, (400, 400))
    assert answer("estimate_enl", power) == pytest.approx(5, rel=0.03)
    assert answer("estimate_enl", answer("multilook", power, 4)) == pytest.approx(80, rel=0.05)
    assert abs(answer("lag_correlation", power, 1)) < 0.01
