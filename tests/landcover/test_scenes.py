"""The schema: what a stack holds, what it refuses, and that a scene keeps its place on the map."""

import numpy as np
import pytest
import xarray as xr

from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.scenes import (
    SceneError,
    arrays,
    check_scenes,
    cut_scene,
    decibel,
    describe_variables,
    georeferenced,
    linear,
    open_scenes,
    select_scenes,
    stack_scenes,
)


@pytest.fixture(scope="module")
def stack():
    return open_scenes(n=5, size=64, dates=2)


def test_simulated_scenes_follow_the_schema(stack):
    assert check_scenes(stack) is stack
    assert stack["backscatter"].dims == ("scene", "time", "band", "y", "x")
    assert stack["backscatter"].dtype == np.float32 and stack["landcover"].dtype == np.uint8


def test_arrays_are_what_a_network_eats(stack):
    power, labels = arrays(stack)
    assert power.shape == (5, 64, 64, 4) and power.dtype == np.float32
    np.testing.assert_array_equal(power[2, :, :, 3], stack["backscatter"].isel(scene=2, time=1, band=1))
    unseen = ~stack["valid"].values
    assert (labels[unseen] == IGNORE).all()
    np.testing.assert_array_equal(labels[~unseen], stack["landcover"].values[~unseen])


def test_a_scene_keeps_its_place_on_the_map(stack):
    name = str(stack["scene"].values[3])
    scene = georeferenced(stack, name)
    box = scene.odc.geobox
    assert f"EPSG:{box.crs.epsg}" == str(stack["crs"].values[3])
    np.testing.assert_allclose(box.affine[:6], stack["transform"].values[3])
    assert scene["backscatter"].dims == ("time", "band", "y", "x")
    np.testing.assert_array_equal(scene["time"].values, stack["acquired"].values[3])


def test_cut_and_stack_again(stack):
    scene = georeferenced(stack, str(stack["scene"].values[0]))
    squares = cut_scene(scene, 32)
    again = stack_scenes(squares, ["a", "b", "c", "d"], ["train", "train", "valid", "test"])
    assert again.sizes["scene"] == 4
    np.testing.assert_array_equal(again["landcover"].values[1], stack["landcover"].values[0, :32, 32:])
    east = again["transform"].values[1, 2] - again["transform"].values[0, 2]
    assert east == pytest.approx(320)
    with pytest.raises(SceneError, match="cannot cut squares of 100 pixels from a scene of 64 by 64"):
        cut_scene(scene, 100)
    with pytest.raises(SceneError, match=r"scenes of a stack have one size; .* Cut them with cut_scene"):
        stack_scenes([squares[0], scene], ["a", "b"], ["train", "test"])


def test_decibel_and_back():
    power = np.array([1.0, 0.1, 0.0, np.nan])
    np.testing.assert_allclose(decibel(power), [0, -10, -60, np.nan])
    np.testing.assert_allclose(linear(decibel(power)), [1, 0.1, 1e-6, np.nan])
    assert isinstance(linear(xr.DataArray([-10.0])), xr.DataArray)


def test_select(stack):
    assert set(select_scenes(stack, "train")["split"].values) == {"train"}
    names = [str(stack["scene"].values[i]) for i in (2, 0)]
    assert list(select_scenes(stack, names)["scene"].values) == names
    with pytest.raises(SceneError, match="no part 'training'; the parts of a stack are train, valid, test"):
        select_scenes(stack, "training")
    with pytest.raises(SceneError, match="no scene 'nowhere'; there are 5, "):
        select_scenes(stack, ["nowhere"])
    only_train = stack.isel(scene=np.flatnonzero(stack["split"].values == "train"))
    with pytest.raises(SceneError, match="no scene of this stack is for 'test'; it has [0-9]+ for 'train'"):
        select_scenes(only_train, "test")


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda s: s.drop_vars("landcover"), "no variable 'landcover'; found backscatter"),
    (lambda s: s.transpose("time", ...), "'backscatter' has the dimensions"),
    (lambda s: s.drop_vars("crs"), "no coordinate 'crs'; a stack has scene, band, split"),
    (lambda s: s.isel(band=[0]), "no polarisation VH; this stack has VV"),
    (lambda s: describe_variables(s.assign(backscatter=decibel(s.backscatter))), r"the lowest here is -.* Are these decibels\?"),
    (lambda s: describe_variables(s.assign(landcover=s.landcover * 0 + np.uint8(80))), "80 is no label; they run from 0 to 8"),
    (lambda s: s.assign(valid=(s.valid.dims, s.valid.values)), "'valid' has no units"),
])  # fmt: skip
def test_what_the_schema_refuses(stack, spoil, message):
    with pytest.raises(SceneError, match=message):
        check_scenes(spoil(stack.copy()))


def test_a_missing_path_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("DLA_SCENES", str(tmp_path / "none.zarr"))
    with pytest.raises(SceneError, match="no scenes at .*none.zarr; `dla fetch landcover` brings real ones"):
        open_scenes()
