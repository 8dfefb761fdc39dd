"""Histogram counts say what the pixels themselves say, up to the width of a level."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dla_widgets import BackscatterExplorer, simulated_scenes
from dla_widgets.landcover.explorers.backscatter import STEP
from dla_widgets.landcover.scenes import arrays, decibel


@pytest.fixture(scope="module")
def scenes():
    return simulated_scenes(8)


@pytest.fixture(scope="module")
def explorer(scenes):
    return BackscatterExplorer(scenes)


@pytest.fixture(scope="module")
def pixels(scenes):
    from dla_widgets import select_scenes

    power, labels = arrays(select_scenes(scenes, "train"))
    known = labels != 255
    return power[known], labels[known]


@pytest.mark.parametrize(("band", "column"), [("VV", 0), ("VH", 1)])
def test_means_spreads_and_thresholds_are_those_of_the_pixels(explorer, pixels, band, column):
    power, labels = pixels
    explorer.show(f"band={band};first=3;second=0;threshold=-12")
    numbers = explorer.numbers()
    crops, forest = (decibel(power[labels == k, column]) for k in (3, 0))
    for name, of in (("a", crops), ("b", forest)):
        assert numbers[f"mean.{name}"] == pytest.approx(of.mean(), abs=0.02)
        assert numbers[f"spread.{name}"] == pytest.approx(of.std(), abs=0.02)
    assert numbers["right"] == pytest.approx((np.mean(crops < -12) + np.mean(forest >= -12)) / 2, abs=1e-3)
    every = [(np.mean(crops < t) + np.mean(forest >= t)) / 2 for t in np.arange(-30, 0, STEP)]
    assert numbers["best_right"] == pytest.approx(max(every), abs=2e-3)
    edges = np.arange(-36, 8, 0.5)
    shares = [np.histogram(of, edges)[0] / of.size for of in (crops, forest)]
    assert numbers["common"] == pytest.approx(np.minimum(*shares).sum(), abs=2e-3)


def test_scalings_are_those_of_scikit_learn(explorer, pixels):
    power, _ = pixels
    vv = power[:, :1].astype(float)
    explorer.show("band=VV;scaling=minmax")
    values, low, high, _ = explorer.received()
    level = np.clip(np.floor((decibel(vv[:, 0]) + 36) / STEP), 0, 255).astype(int)
    assert (low, high) == (0, 1)
    np.testing.assert_allclose(values[level], MinMaxScaler().fit_transform(vv)[:, 0], atol=0.03)
    explorer.show("band=VV;scaling=decibel")
    values, *_ = explorer.received()
    np.testing.assert_allclose(values[level], StandardScaler().fit_transform(decibel(vv))[:, 0], atol=0.06)


def test_averaging_narrows_the_forest(explorer):
    spreads = [explorer.show(f"smooth={size}").numbers()["spread.b"] for size in (1, 3, 7)]
    assert spreads[0] > spreads[1] > spreads[2]


def test_a_class_that_is_not_there_is_no_error(explorer):
    numbers = explorer.show("first=8").numbers()
    assert np.isnan(numbers["mean.a"]) and np.isnan(numbers["right"])
    assert "n/a" in explorer.describe()


def test_scenes_without_vh_are_refused_in_words(scenes):
    assert BackscatterExplorer(scenes.isel(band=[0])).problem == "VV and VH are needed; these scenes have VV"
    assert "needs a stack of scenes" in BackscatterExplorer(42).problem


def test_table(explorer):
    assert "forest" in explorer.show("").table().index
