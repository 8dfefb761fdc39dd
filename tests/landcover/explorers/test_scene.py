"""Coordinates are the projection's, values those of the scene, the bundled map that of the bundled model."""

import numpy as np
import pytest
from rasterio.warp import transform

from dla_widgets import SceneExplorer, simulated_scenes
from dla_widgets.landcover.explorers import bundled_map
from dla_widgets.landcover.scenes import decibel
from dla_widgets.landcover.skill import Confusion


@pytest.fixture(scope="module")
def scenes():
    return simulated_scenes(4)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (100, 37), (255, 255)])
def test_where_and_what_is_under_the_cursor(scenes, row, column):
    numbers = SceneExplorer(state=f"row={row};column={column}").numbers()
    one = scenes.isel(scene=bundled_map.SCENE)
    a, _, c, _, e, f = one.transform.values
    x, y = c + (column + 0.5) * a, f + (row + 0.5) * e
    assert (numbers["x"], numbers["y"]) == (x, y)
    lon, lat = transform(str(one.crs.values), "EPSG:4326", [x], [y])
    assert (numbers["lon"], numbers["lat"]) == (pytest.approx(lon[0], abs=1e-6), pytest.approx(lat[0], abs=1e-6))
    for band in ("VV", "VH"):
        power = one.backscatter.isel(time=0).sel(band=band).values[row, column]
        assert numbers[band.lower()] == pytest.approx(decibel(power), abs=0.1)


def test_the_bundled_map_is_that_of_the_bundled_model():
    from dla_widgets.landcover.explorers.bundled_map.make import make

    assert np.mean(make() == bundled_map.stored()) > 0.999


def test_scores_are_those_of_the_map(scenes):
    numbers, labels = SceneExplorer().numbers(), scenes.landcover.values[bundled_map.SCENE]
    wanted = Confusion().add(labels, bundled_map.stored())
    assert (numbers["accuracy"], numbers["macro_f1"]) == (pytest.approx(wanted.accuracy), pytest.approx(wanted.macro_f1))
    known = labels != 255
    assert numbers["wrong_labels"] == pytest.approx(np.mean(labels[known] != scenes.truth.values[bundled_map.SCENE][known]))


def test_another_scene_of_a_stack_and_a_map_of_your_own(scenes):
    maps = np.zeros((4, 256, 256), np.uint8)
    explorer = SceneExplorer(scenes, maps, name="sim-01")
    assert explorer.describe().startswith("Scene sim-01: ") and explorer.numbers()["prediction"] == "forest"
    bare = SceneExplorer(scenes.drop_vars("truth"))
    assert bare.numbers()["truth"] == "not given" and np.isnan(bare.numbers()["accuracy"]) and bare.figure().png()


def test_gaps_of_a_map_and_of_the_radar_are_not_counted(scenes):
    one = scenes.isel(scene=[0]).copy(deep=True)
    one["backscatter"][0, 0, :, 5, 7] = np.nan
    mapped = np.where(np.arange(256) < 100, 255, 0)[None, None] * np.ones((1, 256, 1), int)
    explorer = SceneExplorer(one, mapped, state="row=5;column=7")
    numbers, labels = explorer.numbers(), one.landcover.values[0][:, 100:]
    assert np.isnan(numbers["vv"]) and numbers["prediction"] == "unknown"
    assert numbers["accuracy"] == pytest.approx(np.mean(labels[labels != 255] == 0))


@pytest.mark.parametrize(("arguments", "said"), [
    (lambda s: (s, None, "sim-99"), "no scene 'sim-99'; there are sim-00, sim-01, sim-02, sim-03"),
    (lambda s: (s, np.zeros((3, 3), int)), "the prediction needs whole numbers of shape (256, 256)"),
    (lambda s: (s, np.zeros((3, 256, 256), int)), "the prediction has 3 scenes and the stack 4"),
    (lambda s: (s.isel(band=[1]),), "VV and VH are needed; these scenes have VH"),
    (lambda s: (7,), "needs a stack of scenes"),
])  # fmt: skip
def test_what_can_not_be_shown_is_explained(scenes, arguments, said):
    assert said in SceneExplorer(*arguments(scenes)).problem
