"""Chips as TerraMesh publishes them -> the schema."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from stac_like import invented, real_chip, write_chips

from dla_widgets.landcover.chips import load_chips
from dla_widgets.landcover.legend import IGNORE, LegendError, regroup
from dla_widgets.landcover.scenes import SPLITS, SceneError, arrays, georeferenced, open_scenes, select_scenes


@pytest.fixture
def made():
    return [invented(f"chip{n}", (64, 64), corner=(500_003.25 + 5000 * n, 5_000_007.75), seed=n) for n in range(4)]


@pytest.fixture
def folder(made, tmp_path):
    return write_chips(tmp_path / "chips", made)


def rewrite(path, values=None, tags=None, **changes):
    """The file at `path`, changed."""
    with rasterio.open(path) as file:
        profile, old, said = file.profile, file.read(), file.tags()
    values = old if values is None else values
    profile |= {"count": len(values), "dtype": values.dtype, "height": values.shape[1], "width": values.shape[2]}
    with rasterio.open(path, "w", **{**profile, **changes}) as file:
        file.write(values)
        file.update_tags(**(said if tags is None else tags))


# What comes -------------------------------------------------------------------------------------------------------


def test_squares_are_the_chips_cut_up(folder, made):
    stack = load_chips(folder, size=32)
    assert stack.sizes["scene"] == 16 and stack["scene"].values[:2].tolist() == ["chip0-0", "chip0-1"]
    for name, row, column in (("chip2-1", 0, 32), ("chip2-2", 32, 0)):
        one = stack.sel(scene=name)
        here = (slice(row, row + 32), slice(column, column + 32))
        np.testing.assert_allclose(one["backscatter"].values[0], made[2].power[:, *here], rtol=1e-6)
        np.testing.assert_array_equal(one["landcover"].values, regroup(made[2].codes[here], "terramesh"))
        assert georeferenced(stack, name).odc.geobox == made[2].grid[row : row + 32, column : column + 32]
    assert (stack["acquired"].values == np.datetime64("2021-06-02T16:04:18")).all() and set(stack["crs"].values) == {"EPSG:32632"}


def test_every_chip_gives_to_every_part_and_another_corner_each_time(folder):
    stack = load_chips(folder, size=32)
    parts = stack["split"].values.reshape(4, 4)
    assert all(sorted(chip) == ["test", "train", "train", "valid"] for chip in parts.tolist())
    assert len({chip.tolist().index("test") for chip in parts}) == 4
    assert [arrays(select_scenes(stack, part))[0].shape for part in SPLITS] == [(8, 32, 32, 2), (4, 32, 32, 2), (4, 32, 32, 2)]


def test_whole_chips_are_whole_parts(folder):
    stack = load_chips(folder, size=64)
    assert stack["scene"].values.tolist() == ["chip0", "chip1", "chip2", "chip3"]
    assert stack["split"].values.tolist() == ["train", "valid", "train", "test"]


def test_some_of_the_chips_in_the_order_wanted(folder):
    assert load_chips(folder, 64, chips=["chip3", "chip1"])["scene"].values.tolist() == ["chip3", "chip1"]
    assert load_chips(folder, 64, chips="chip2")["scene"].values.tolist() == ["chip2"]


def test_what_the_radar_did_not_see_is_nan_and_not_valid(folder):
    path = folder / "S1RTC" / "chip0.tif"
    with rasterio.open(path) as file:
        values = file.read()
    values[1, :5] = np.nan
    values[0, 60:] = -99.0
    rewrite(path, values, nodata=-99.0)
    stack = load_chips(folder, 64)
    valid = stack["valid"].sel(scene="chip0").values
    assert not valid[:5].any() and not valid[60:].any() and valid[5:60].all()
    power, labels = arrays(stack)
    assert np.isnan(power[0, :5, :, 1]).all() and (labels[0, :5] == IGNORE).all() and np.isfinite(power[1:]).all()


def test_cloud_and_no_data_of_the_labels_are_ignored(folder):
    path = folder / "LULC" / "chip0.tif"
    with rasterio.open(path) as file:
        codes = file.read()
    codes[0, 0, :3] = 0, 8, 2
    rewrite(path, codes)
    assert load_chips(folder, 64)["landcover"].values[0, 0, :3].tolist() == [IGNORE, IGNORE, 0]


def test_elevation_comes_where_every_chip_has_it(folder, made):
    (folder / "DEM").mkdir()
    profile = {"driver": "GTiff", "dtype": "int16", "count": 1, "height": 64, "width": 64, "crs": "EPSG:32632"}
    for n, chip in enumerate(made[:3]):
        with rasterio.open(folder / "DEM" / f"{chip.name}.tif", "w", transform=chip.grid.affine, **profile) as file:
            file.write(np.full((1, 64, 64), 100 * n, "int16"))
    assert "elevation" not in load_chips(folder, 64)
    heights = load_chips(folder, 64, chips=["chip0", "chip2"])["elevation"]
    assert heights.values[:, 3, 3].tolist() == [0, 200] and heights.attrs["units"] == "m"


def test_a_chip_without_a_date_has_none(folder):
    rewrite(folder / "S1RTC" / "chip0.tif", tags={})
    acquired = load_chips(folder, 64)["acquired"].values[:, 0]
    assert np.isnat(acquired[0]) and not np.isnat(acquired[1:]).any()


def test_open_scenes_takes_the_folder(folder):
    assert open_scenes(folder, size=32).sizes["scene"] == 16


def test_real_chips(real_data):
    folder = real_data / "sentinel1" / "terramesh"
    if not folder.is_dir():
        pytest.skip(f"no chips in {folder}")
    stack = load_chips(folder)
    assert stack.sizes["scene"] == 16 and stack.sizes["x"] == 112 and "elevation" in stack
    chip = real_chip(folder, "433D_629L_3_1")
    np.testing.assert_allclose(stack.sel(scene="433D_629L_3_1-3")["backscatter"].values[0], chip.power[:, 112:, 112:], rtol=1e-6)
    water = 10 * np.log10(stack["backscatter"].values[:4, 0, 0][stack["landcover"].values[:4] == 6].astype(float))
    assert abs(water.mean() + 17.24) < 0.01, "VV of water in 282D_485L_3_3, as computed elsewhere"


# What is wrong ----------------------------------------------------------------------------------------------------


def test_no_chips_at_all(tmp_path):
    with pytest.raises(SceneError, match=r"no chips in .*: expected S1RTC/NAME.tif and LULC/NAME.tif in it, as TerraMesh"):
        load_chips(tmp_path)


def test_a_misspelt_chip(folder):
    with pytest.raises(SceneError, match=r"no chip 'chip8' in .* \(4 chips, chip0 ... chip3\); did you mean 'chip"):
        load_chips(folder, chips=["chip8"])
    with pytest.raises(SceneError, match=r"the list of chips is empty; .* has 4"):
        load_chips(folder, chips=[])


def test_labels_are_missing(folder):
    (folder / "LULC" / "chip1.tif").unlink()
    with pytest.raises(SceneError, match=r"LULC/chip1.tif is missing from .*; every chip needs S1RTC and LULC"):
        load_chips(folder)


def test_a_file_that_was_cut_off(folder):
    path = folder / "S1RTC" / "chip1.tif"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SceneError, match=r"S1RTC/chip1.tif cannot be read .*; copy it once more"):
        load_chips(folder, 64)


def test_labels_beside_the_radar(folder, made):
    rewrite(folder / "LULC" / "chip1.tif", transform=made[1].grid.translate_pix(3, 0).affine)
    with pytest.raises(SceneError, match=r"LULC/chip1.tif does not lie on S1RTC/chip1.tif: 64 x 64 pixels of 10 at \(505033.2, "):
        load_chips(folder, 64)


def test_power_in_place_of_decibels(folder):
    path = folder / "S1RTC" / "chip1.tif"
    with rasterio.open(path) as file:
        values = 10 ** (file.read() / 10)
    rewrite(path, values)
    with pytest.raises(SceneError, match=r"S1RTC/chip1.tif should be in decibel, .* its lowest value is .*Write 10 log10"):
        load_chips(folder, 64)


def test_one_polarisation_only(folder):
    path = folder / "S1RTC" / "chip1.tif"
    with rasterio.open(path) as file:
        values = file.read()
    rewrite(path, values[:1])
    with pytest.raises(SceneError, match=r"S1RTC/chip1.tif has 1 bands, expected 2: VV, VH"):
        load_chips(folder, 64)


def test_another_legend(folder):
    with pytest.raises(LegendError, match="the legend worldcover has no code"):
        load_chips(folder, 64, source_legend="worldcover")


def test_no_place_on_the_earth(folder):
    rewrite(folder / "S1RTC" / "chip0.tif", crs=None)
    with pytest.raises(SceneError, match=r"S1RTC/chip0.tif does not say where on the Earth it is"):
        load_chips(folder, 64)


def test_squares_larger_than_the_chip(folder):
    with pytest.raises(SceneError, match="cannot cut squares of 112 pixels from chip0, which is 64 x 64"):
        load_chips(folder)
