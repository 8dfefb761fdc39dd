"""Histogram counts say what the pixels themselves say, up to the width of a level."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dla_widgets import BackscatterExplorer, simulated_scenes
from dla_widgets.landcover.explorers.backscatter import BINS, STEP, _averaged
from dla_widgets.landcover.scenes import arrays, decibel
from dla_widgets.panels.explorer import ExplorerError


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
    level = np.clip(np.floor((decibel(vv[:, 0]) + 36) / STEP), 0, 255).astype(int)
    found = explorer.show("band=VV;scaling=minmax").received()
    assert (found["low"], found["high"]) == (0, 1)
    wanted = MinMaxScaler().fit_transform(vv)[:, 0]
    np.testing.assert_allclose(found["values"][level], wanted, atol=0.03)
    assert found["far"] == pytest.approx((1 - wanted.mean()) / wanted.std(), rel=0.03)
    np.testing.assert_allclose(np.cumsum(found["bins"]), np.cumsum(np.histogram(wanted, BINS)[0]) / wanted.size, atol=0.03)
    found = explorer.show("band=VV;scaling=decibel").received()
    np.testing.assert_allclose(found["values"][level], StandardScaler().fit_transform(decibel(vv))[:, 0], atol=0.06)


@pytest.mark.parametrize("scaling", ["none", "standard", "minmax", "clipped", "decibel"])
def test_every_pixel_is_in_a_hundredth_of_the_range(explorer, scaling):
    found = explorer.show(f"scaling={scaling}").received()
    assert found["bins"].sum() == pytest.approx(1) and (found["bins"] >= 0).all()
    if scaling == "clipped":  # what was cut off lies at the ends
        assert found["bins"][0] > found["bins"][1] and found["bins"][-1] > found["bins"][-2]


def test_the_distance_of_two_classes_is_that_of_two_gaussians(explorer, pixels):
    """The Bhattacharyya coefficient integrated over the plane, in place of the formula."""
    power, labels = pixels
    explorer.show("first=6;second=0")
    y, x = np.mgrid[-60:20:0.1, -60:20:0.1]
    both = np.moveaxis(np.stack([x, y]), 0, -1)
    density = []
    for k in (6, 0):
        values = decibel(power[labels == k]).astype(float)
        density.append(multivariate_normal(values.mean(axis=0), np.cov(values.T, bias=True)).pdf(both))
    shared = np.sqrt(density[0] * density[1]).sum() * 0.1**2
    assert explorer.separability() == pytest.approx(2 * (1 - shared), abs=1e-3)
    assert explorer.show("first=0;second=0").separability() == pytest.approx(0, abs=1e-12)


def test_gaps_are_in_no_window():
    power = np.ones((1, 9, 9, 2), np.float32)
    power[0, 4, 4] = np.nan
    averaged = _averaged(power, 3)
    assert np.isnan(averaged[0, 4, 4]).all() and np.nanmin(averaged) == pytest.approx(1)


@pytest.mark.parametrize(("preset", "expected"), [
    ("water", {"best_right": 0.79, "common": 0.43}), ("smoothed", {"right": 0.82}), ("hopeless", {"best_right": 0.54}),
    ("raw_input", {"far": 13}), ("good_input", {"far": 3.5}),
])  # fmt: skip
def test_a_preset_shows_what_it_promises(preset, expected):
    numbers = BackscatterExplorer(state=preset).numbers()
    assert {name: numbers[name] for name in expected} == pytest.approx(expected, abs=0.006, rel=0.02)


def test_other_classes_are_drawn_besides(explorer):
    assert explorer.show("also=2,3").state == "also=2,3"
    assert explorer.figure().png() != explorer.show("").figure().png()
    with pytest.raises(ExplorerError, match="also=12: expected whole numbers"):
        explorer.show("also=12")


def test_averaging_narrows_the_forest(explorer):
    spreads = [explorer.show(f"smooth={size}").numbers()["spread.b"] for size in (1, 3, 7)]
    assert spreads[0] > spreads[1] > spreads[2]


def test_a_class_that_is_not_there_is_no_error(explorer):
    numbers = explorer.show("first=8").numbers()
    assert np.isnan(numbers["mean.a"]) and np.isnan(numbers["right"]) and np.isnan(numbers["jm"])
    assert "n/a" in explorer.describe()


def test_scenes_without_vh_are_refused_in_words(scenes):
    assert BackscatterExplorer(scenes.isel(band=[0])).problem == "VV and VH are needed; these scenes have VV"
    assert "needs a stack of scenes" in BackscatterExplorer(42).problem
    blank = BackscatterExplorer(scenes.assign(landcover=scenes["landcover"] * 0 + 255))
    assert "not one pixel of these scenes is both measured and labelled" in blank.problem


def test_table(explorer):
    assert "forest" in explorer.show("").table().index
