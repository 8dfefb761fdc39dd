"""Large scenes: tiles equal the whole, nothing is read twice too wide, and the map lies where the scene lay."""

import numpy as np
import pytest
import rasterio
import xarray as xr
from scipy import ndimage

from dla_widgets.landcover import models
from dla_widgets.landcover.class_weights import class_counts
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.mapping import MappingError, map_scene, write_map
from dla_widgets.landcover.prediction import PredictionError, predict, predict_logits
from dla_widgets.landcover.scenes import arrays, georeferenced, open_scenes
from dla_widgets.landcover.tiling import strips, tiled

DRAW = np.random.default_rng(5)


@pytest.fixture(scope="module")
def scenes():
    return open_scenes(n=2, size=192)


@pytest.fixture(scope="module")
def model(scenes):
    model = models.unet(base=4, seed=1)
    model.get_layer("decibels").adapt(arrays(scenes)[0])
    return model


def blurred(power):
    """A network that looks 8 pixels far, no more."""
    return ndimage.uniform_filter(power, (0, 17, 17, 0), mode="nearest")


@pytest.mark.parametrize("shape", [(64, 64), (100, 37), (33, 130), (5, 5)])
@pytest.mark.parametrize(("tile", "overlap"), [(32, 16), (16, 16), (64, 20), (40, 17)])
def test_where_half_the_overlap_is_as_far_as_it_looks_tiles_are_the_whole(shape, tile, overlap):
    power = DRAW.normal(size=(*shape, 3)).astype(np.float32)
    np.testing.assert_allclose(tiled(blurred, power, tile, overlap), blurred(power[None])[0], atol=2e-6)


def test_with_less_overlap_they_are_near_and_without_any_there_are_seams():
    power = DRAW.normal(size=(96, 96, 1)).astype(np.float32)
    worst = [np.abs(tiled(blurred, power, 32, overlap) - blurred(power[None])[0]).max() for overlap in (16, 8, 0)]
    assert worst[0] < 1e-5 < worst[1] < worst[2]


def test_strips_come_in_order_and_reads_are_small():
    read = []

    def window(rows, columns):
        read.append((rows.stop - rows.start, columns.stop - columns.start))
        return np.ones((*read[-1], 2), np.float32)

    found = list(strips(lambda power: power[..., :1], window, (150, 90), 32, 16))
    assert [rows.start for rows, _ in found[1:]] == [rows.stop for rows, _ in found[:-1]]
    assert found[0][0].start == 0 and found[-1][0].stop == 150
    assert max(map(max, read)) == 64 and len(read) == 5 * 3
    np.testing.assert_allclose(np.concatenate([values for _, values in found]), 1, rtol=1e-6)


@pytest.mark.parametrize("make", [models.unet, models.dilated, models.deeplab])
def test_no_network_looks_further_than_half_the_overlap_of_a_map(make):
    network = make(base=4, seed=2)
    power = DRAW.gamma(5, 0.02, (1, 192, 192, 2)).astype(np.float32)
    network.get_layer("decibels").adapt(power)
    before, far = predict_logits(network, power), 0
    for at in (96, 99, 103):
        changed = power.copy()
        changed[0, at, at] *= 1e4
        rows = np.flatnonzero(np.abs(predict_logits(network, changed) - before).max((0, 2, 3)) > 1e-6)
        far = max(far, at - rows.min(), rows.max() - at)
    assert 20 < far <= 65 < map_scene.__kwdefaults__["overlap"] / 2


def test_a_scene_in_tiles_is_the_scene_as_a_whole(scenes, model):
    name = str(scenes["scene"].values[1])
    whole = predict(model, scenes, adjust=(prior := class_counts(arrays(scenes)[1]))).sel(scene=name)
    lazy = georeferenced(scenes, name).chunk(x=100, y=100)
    labels = map_scene(model, lazy, adjust=prior, tile=64, overlap=64)
    assert (labels.values == whole.values).mean() > 0.999
    exact = map_scene(model, lazy, adjust=prior, tile=96, overlap=96)  # half is 48, of 54 that it looks
    assert (exact.values == whole.values).mean() > 0.9999
    assert len(np.unique(whole)) > 2


def test_for_the_bundled_model_the_usual_overlap_of_tiles_is_enough():
    network, power = models.load_reference(), arrays(open_scenes(n=1))[0]
    whole = predict_logits(network, power)[0]
    blended = tiled(lambda part: predict_logits(network, part), power[0], tile=128)
    assert np.abs(blended - whole).max() < 0.02 * whole.std()
    assert (blended.argmax(-1) != whole.argmax(-1)).mean() < 1e-3


def test_a_map_has_the_place_of_its_scene_and_nothing_where_nothing_was_seen(scenes, model, tmp_path):
    scene = georeferenced(scenes, "sim-00")
    scene["backscatter"][..., 40:60, 10:30] = np.nan
    scene["backscatter"][:, 0, 100, 100] = np.nan  # VH alone is something
    labels = map_scene(model, scene, tile=96, overlap=32)
    assert (labels[40:60, 10:30] == IGNORE).all() and int((labels == IGNORE).sum()) == 400
    path = write_map(labels, tmp_path / "maps" / "sim.tif")
    with rasterio.open(path) as file:
        box = scene.odc.geobox
        np.testing.assert_array_equal(file.read(1), labels)
        assert file.crs == box.crs and file.transform == box.affine and file.nodata == IGNORE
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and "7=wetland" in file.tags()["classes"]
    assert [p.name for p in path.parent.iterdir()] == ["sim.tif"]


def test_progress(scenes, model, capsys):
    map_scene(model, georeferenced(scenes, "sim-00"), tile=96, overlap=32, progress=True)
    assert capsys.readouterr().out == "192 of 192 rows mapped\n"


def test_what_cannot_be_mapped(scenes, model, tmp_path):
    with pytest.raises(MappingError, match=r"a stack of scenes; georeferenced\(scenes, name\) takes one"):
        map_scene(model, scenes)
    with pytest.raises(MappingError, match=r"dimensions \('y', 'x'\) and no place\. map_scene\(model, scene\) gives one"):
        write_map(xr.DataArray(np.zeros((4, 4), np.uint8), dims=("y", "x")), tmp_path / "x.tif")
    with pytest.raises(PredictionError, match="made for 2 channels and the power has 4"):
        predict_logits(model, np.ones((1, 32, 32, 4), np.float32))
    assert not list(tmp_path.iterdir())
