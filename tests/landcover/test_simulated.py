"""Simulated scenes: the same every time, in the schema, with the speckle of Sentinel-1 and the faults of a 100 m product."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from scipy import ndimage

from dla_widgets.landcover.label_faults import CELL, product_labels
from dla_widgets.landcover.landscape import BARE, BUILT, CROPS, FOREST, GRASS, SETTINGS, WATER, WETLAND, make_landscape
from dla_widgets.landcover.legend import IGNORE, LegendError
from dla_widgets.landcover.radar import LOOKS, View, incidence_angle, speckle
from dla_widgets.landcover.random_fields import blob, cells, fractal, lowest, parcels
from dla_widgets.landcover.scenes import SPLITS, SceneError, arrays, check_scenes, decibel, georeferenced, open_scenes
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.landcover.waterways import around, lake, meander, river


@pytest.fixture(scope="module")
def scenes():
    return simulated_scenes(35)


def digest(scenes) -> str:
    named = sorted(map(str, scenes.data_vars))
    return hashlib.sha256(b"".join(np.ascontiguousarray(scenes[k].values).tobytes() for k in named)).hexdigest()


def macro_f1(truth, called) -> float:
    scores = []
    for c in np.union1d(truth, called):
        hit = np.sum((truth == c) & (called == c))
        scores.append(2 * hit / (np.sum(truth == c) + np.sum(called == c)))
    return float(np.mean(scores))


def test_follows_the_schema(scenes):
    check_scenes(scenes)
    assert dict(scenes.sizes) == {"scene": 35, "time": 1, "band": 2, "y": 256, "x": 256, "affine": 6}
    assert scenes["backscatter"].dtype == np.float32 and scenes["landcover"].dtype == scenes["truth"].dtype == np.uint8
    seen = np.isfinite(scenes["backscatter"].values)
    np.testing.assert_array_equal(seen.all(axis=(1, 2)), scenes["valid"].values)
    assert (scenes["backscatter"].values[seen] > 0).all()
    assert {scenes[name].attrs["units"] for name in scenes.data_vars} == {"1", "degree"}
    assert scenes.attrs["source"] == "simulated" and open_scenes(n=1, size=64).attrs["source"] == "simulated"
    assert scenes["truth"].values.max() < 8, "no snow near the equator, and the truth has no gaps"


def test_another_process_makes_the_same_bytes():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_simulated import digest; "
        "from dla_widgets.landcover.simulated import simulated_scenes; print(digest(simulated_scenes(3, 96, 2)))"
    )
    here = __file__.rsplit("/", 1)[0]
    ran = subprocess.run([sys.executable, "-c", code, here], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == digest(simulated_scenes(3, 96, 2))


def test_fewer_are_the_first_of_many_and_a_seed_is_a_country(scenes):
    few = simulated_scenes(2)
    assert digest(few) == digest(scenes.isel(scene=slice(2)))
    assert digest(simulated_scenes(2, seed=1)) != digest(few)


def test_every_part_has_every_class_in_its_labels(scenes):
    turn = [str(s) for s in scenes["split"].values]
    assert [turn.count(split) for split in SPLITS] == [21, 7, 7]
    for split in SPLITS:
        labels = scenes["landcover"].values[[t == split for t in turn]]
        assert set(range(8)) <= set(np.unique(labels)), split


def test_forest_is_nearly_everywhere_and_every_scene_has_its_share(scenes):
    share = (scenes["truth"].values == FOREST).mean(axis=(1, 2))
    assert 0.91 < share.mean() < 0.95
    assert 0.70 < share.min() < 0.88 and 0.985 < share.max() < 1


def test_labels_err_as_a_product_of_100_m_does(scenes):
    truth, labels = scenes["truth"].values, scenes["landcover"].values
    known = labels != IGNORE
    assert 0.0005 < 1 - known.mean() < 0.01
    agreement = (truth == labels)[known].mean()
    assert 0.93 < agreement < 0.97, "as two versions of a real product, which agree on 96 %"
    assert 0.5 < macro_f1(truth[known], labels[known]) < 0.7
    narrow = truth == WATER
    assert (labels == WATER)[known].mean() < narrow[known].mean(), "narrow rivers are lost in wide cells"
    for c in range(8):
        assert np.mean(labels[(truth == c) & known] == c) > 0.2, c


def test_a_label_is_one_for_a_cell():
    truth = np.zeros((60, 60), np.uint8)
    truth[:, 30:] = CROPS
    labels = product_labels(np.random.default_rng(3), truth)
    edges = np.flatnonzero((np.diff(labels.astype(int), axis=1) != 0).any(0))
    assert len(set(edges % CELL)) == 1, "all borders lie on one grid of ten pixels"
    assert set(np.unique(product_labels(np.random.default_rng(0), np.full((40, 40), IGNORE, np.uint8)))) == {IGNORE}


def test_speckle_has_the_looks_and_the_correlation_of_real_images():
    vv, vh = speckle(np.random.default_rng(0), (512, 512), correlation=0.2)
    assert abs(vv.mean() - 1) < 0.01 and abs(vh.mean() - 1) < 0.01
    assert 1 / vv.var() == pytest.approx(LOOKS, rel=0.05)
    flat = (vv - vv.mean()) / vv.std()
    for lag, expected in ((1, 0.65), (2, 0.18), (3, 0.02)):
        for one, other in ((flat[lag:], flat[:-lag]), (flat[:, lag:], flat[:, :-lag])):
            assert np.mean(one * other) == pytest.approx(expected, abs=0.025), lag
    assert np.corrcoef(vv.ravel(), vh.ravel())[0, 1] == pytest.approx(0.2, abs=0.02)


def test_a_forest_seen_has_about_five_looks(scenes):
    deep = scenes.isel(scene=2)
    vv = deep["backscatter"].values[0, 0]
    inside = ndimage.binary_erosion((deep["truth"].values == FOREST) & deep["valid"].values, iterations=6)
    ratio = (vv / ndimage.gaussian_filter(np.nan_to_num(vv), 8))[inside]
    assert 4 < ratio.mean() ** 2 / ratio.var() < 6


def test_classes_are_as_bright_as_on_the_real_chips(scenes):
    x, truth = decibel(arrays(scenes)[0]), scenes["truth"].values
    real = {FOREST: (-8.6, -14.5), GRASS: (-12.3, -17.6), CROPS: (-11.6, -18.1), BUILT: (-11.4, -17.1),
            BARE: (-16.7, -21.6), WATER: (-16.7, -21.7)}  # fmt: skip
    for c, means in real.items():
        seen = x[(truth == c) & scenes["valid"].values]
        assert seen.mean(0) == pytest.approx(means, abs=2.5), c
        assert (seen.std(0) > 1.9).all() and (seen.std(0) < 4.2).all(), c
    forest, water, wetland = (x[(truth == c) & scenes["valid"].values].mean(0) for c in (FOREST, WATER, WETLAND))
    assert forest[1] > wetland[1] > water[1]
    assert wetland[0] - wetland[1] > forest[0] - forest[1] + 1, "stems in water throw back VV more than VH"


def test_single_pixels_do_not_tell_the_classes_apart(scenes):
    """The best that any rule can do on one band of one pixel, for equal priors: half a class's histogram is also forest's."""
    x, truth = decibel(arrays(scenes)[0])[..., 1], scenes["truth"].values
    histogram = [np.histogram(x[(truth == c) & np.isfinite(x)], np.arange(-35, 5))[0] for c in range(8)]
    share = np.array([h / h.sum() for h in histogram])
    assert np.minimum(share[FOREST], share[1:6]).sum(1).min() > 0.15
    assert np.minimum(share[GRASS], share[CROPS]).sum() > 0.8


def test_slopes_that_face_the_radar_have_small_incidence_angles():
    hill = np.tile(np.abs(np.arange(60) - 30.0)[None] * -3 + 90, (60, 1))
    angle = incidence_angle(hill, View(40, 0.0, 0.1))
    flat = incidence_angle(np.zeros((8, 8)), View(40, 0.0, 0.1))
    np.testing.assert_allclose(flat, 40, atol=1e-3)
    rise = np.degrees(np.arctan(0.3))
    assert angle[30, 10] == pytest.approx(40 - rise, abs=0.1) and angle[30, 50] == pytest.approx(40 + rise, abs=0.1)


def test_seasons_change_the_fields_and_leave_the_forest():
    year = simulated_scenes(4, dates=6)
    assert np.unique(year["acquired"].values[0]).size == 6
    x, truth = decibel(year["backscatter"].values)[:, :, 1], year["truth"].values
    over_year = {c: np.nanmean(np.where((truth == c)[:, None], x, np.nan), axis=(0, 2, 3)) for c in (FOREST, CROPS)}
    assert np.ptp(over_year[CROPS]) > 1.5 and np.ptp(over_year[FOREST]) < 0.3
    first, second = year["backscatter"].values[1, :2, 0]
    assert abs(np.corrcoef(first[:40, :40].ravel(), second[:40, :40].ravel())[0, 1]) < 0.7, "new speckle on each date"


def test_the_scenes_lie_apart_on_one_map(scenes):
    assert set(scenes["crs"].values) == {"EPSG:32733"}
    assert len({tuple(t) for t in scenes["transform"].values}) == scenes.sizes["scene"]
    one = georeferenced(scenes, "sim-09")
    assert abs(float(one.x[1] - one.x[0])) == 10 and str(one.time.values[0])[:10] == "2019-05-09"
    angle = scenes["incidence_angle"].mean(("y", "x")).values[:8]
    assert angle[0] == pytest.approx(31, abs=1.5) and angle[7] == pytest.approx(45, abs=1.5), "eight scenes cross the swath"


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("size", [32, 64, 200])
def test_every_setting_fits_a_map_of_any_size(setting, size):
    land = make_landscape(np.random.default_rng(size), size, SETTINGS[setting])
    assert land.classes.shape == land.elevation.shape == (size, size)
    assert land.classes.max() < 8 and np.isfinite(land.elevation).all() and 0 <= land.wet.min() <= land.wet.max() <= 1


def test_settlements_have_roads_and_fields_near_them():
    near = far = 0
    for i in range(8):
        c = make_landscape(np.random.default_rng(i), 256, SETTINGS["town"]).classes
        distance = ndimage.distance_transform_edt(c != BUILT)
        near, far = near + np.sum(c[distance < 15] == CROPS), far + np.sum(c[distance > 60] == CROPS)
    assert near > far


def test_wetland_lies_by_water():
    near = total = 0
    for i in range(6):
        c = make_landscape(np.random.default_rng(i), 256, SETTINGS["river plain"]).classes
        distance = ndimage.distance_transform_edt(c != WATER)
        near, total = near + np.sum(distance[c == WETLAND] < 20), total + np.sum(c == WETLAND)
    assert near > 0.8 * total > 0


def test_real_labels_are_kept_and_said_to_be_real():
    known = np.zeros((2, 64, 64), np.uint8)
    known[0, 10:40, 10:40], known[1, :, 30:], known[1, :5] = 8, CROPS, IGNORE
    made = simulated_scenes(2, 64, labels=known)
    np.testing.assert_array_equal(made["truth"].values, known)
    assert made.attrs["source"] == "simulated backscatter on real land cover"
    assert np.isfinite(made["backscatter"].values[1, 0, 0, 40]).any()
    with pytest.raises(SceneError, match=r"3 scenes of 64 pixels have the shape \(3, 64, 64\); these have \(2, 64, 64\)"):
        simulated_scenes(3, 64, labels=known)
    with pytest.raises(SceneError, match="9 is no label; they run from 0 to 8"):
        simulated_scenes(2, 64, labels=known + 1 * (known == 8))
    with pytest.raises(SceneError, match="unknown altogether; leave it out"):
        simulated_scenes(1, 64, labels=np.full((1, 64, 64), IGNORE))


@pytest.fixture
def tile(tmp_path):
    """A land-cover tile with forest, grassland, and a corner that nobody mapped."""
    import rasterio
    from affine import Affine

    codes = np.full((256, 256), 10, np.uint8)
    codes[::7, 3:60], codes[:, 200:210], codes[:64, :64] = 30, 50, 0
    path = tmp_path / "tile.tif"
    with rasterio.open(path, "w", driver="GTiff", height=256, width=256, count=1, dtype="uint8", crs="EPSG:4326", nodata=0,
                       transform=Affine(1 / 12000, 0, 6, 0, -1 / 12000, 1)) as file:  # fmt: skip
        file.write(codes, 1)
    return path


def test_windows_of_a_worldcover_tile_keep_their_place(tile):
    made = simulated_scenes(3, 64, labels=tile)
    assert set(made["crs"].values) == {"EPSG:4326"}
    corners = {tuple(np.round(t[[2, 5]] * 12000).astype(int)) for t in made["transform"].values}
    assert len(corners) == 3 and (72000, 12000) not in corners, "windows differ, and none is the unmapped corner"
    share = (made["truth"].values != FOREST).mean(axis=(1, 2))
    assert (share > 0.01).all() and (share < 0.6).all()
    np.testing.assert_array_equal(simulated_scenes(1, 64, labels=tile)["truth"][0], made["truth"][0])


def test_a_tile_that_does_not_serve_says_so(tile, tmp_path):
    with pytest.raises(SceneError, match="windows of 64 pixels with forest.*99 were asked for. Ask for fewer"):
        simulated_scenes(99, 64, labels=tile)
    with pytest.raises(SceneError, match="512 pixels does not fit into a map of 256 by 256"):
        simulated_scenes(1, 512, labels=tile)
    with pytest.raises(SceneError, match="no land-cover map at .*worldcover"):
        simulated_scenes(1, labels=tmp_path / "none.tif")
    (tmp_path / "torn.tif").write_bytes(tile.read_bytes()[:300])
    with pytest.raises(SceneError, match="cannot be read as a map"):
        simulated_scenes(1, 64, labels=tmp_path / "torn.tif")
    import rasterio

    with rasterio.open(tile, "r+") as file:
        file.write(np.full((256, 256), 77, np.uint8), 1)
    with pytest.raises(LegendError, match="no code 77"):
        simulated_scenes(1, 64, labels=tile)


@pytest.mark.parametrize("wrong", [{"n": 0}, {"n": 2.0}, {"size": 16}, {"dates": 0}, {"seed": -1}, {"n": True}])
def test_wrong_numbers_are_named(wrong):
    with pytest.raises(SceneError, match=f"{next(iter(wrong))} must be a whole number of at least .*, got"):
        simulated_scenes(**({"n": 1, "size": 64} | wrong))


def test_shapes_are_what_they_are_called():
    rng = np.random.default_rng(0)
    field = fractal(rng, 128, 3.0)
    assert abs(field.mean()) < 1e-4 and field.std() == pytest.approx(1, abs=1e-3)
    smoother = fractal(np.random.default_rng(1), 128, 4.0)
    assert np.abs(np.diff(smoother)).mean() < np.abs(np.diff(field)).mean()
    window, mask = blob(rng, 100, (50, 50), 12)
    assert mask.sum() == pytest.approx(np.pi * 144, rel=0.5) and mask.shape == (window[0].stop - window[0].start,) * 2
    for units in (parcels(rng, 100, 8, 20, 0.4), cells(rng, 100, 10)):
        counts = np.bincount(units.ravel())
        assert counts.min() > 0 and 30 < np.median(counts) < 400
    score = rng.random((50, 50))
    assert lowest(score, 100).sum() == 100 and not lowest(score, 0).any()
    whole = lowest(score, 500, cells(rng, 50, 8))
    assert 350 < whole.sum() < 650
    assert not lowest(score, 10, free=np.zeros((50, 50), bool)).any()


def test_a_river_runs_across_and_has_its_width():
    for seed in range(5):
        rng = np.random.default_rng(seed)
        water, bar, line = river(rng, 200, 8)
        assert not (water & bar).any() and water.any()
        across = 2 * ndimage.distance_transform_edt(np.pad(water, 8, mode="edge"))[8:-8, 8:-8]
        distance, _ = around(line, 200)
        assert 5 < np.median(across[distance < 0.8]) < 12
    assert lake(np.random.default_rng(2), 200, 20).sum() > 300
    assert len(meander(np.random.default_rng(0), 100, 40, 0.2).y) > 100
