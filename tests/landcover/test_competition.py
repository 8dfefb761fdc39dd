"""A team's maps are used as a whole or not at all; the message names the scene and the pixel; nothing of a stranger's is run."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dla_widgets.landcover import competition
from dla_widgets.landcover.competition import (
    Expected,
    SubmissionError,
    SubmissionWarning,
    competition_scenes,
    practice_truth,
    read_submission,
    validate_submission,
    withhold,
    write_submission,
)
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.scenes import SceneError, open_scenes, select_scenes
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.landcover.submission_files import Limits, tiff_bytes

SCENES = ("north", "river-07", "r012c034")
UTM = "EPSG:32733"
GRIDS = tuple((10.0, 0.0, 300_000.0 + 2_000 * k, 0.0, -10.0, 9_900_000.0) for k in range(3))
LABELS = np.array([0, 1, 3, 6], np.uint8)


@pytest.fixture
def maps():
    return dict(zip(SCENES, np.random.default_rng(2).choice(LABELS, (3, 6, 9))))


@pytest.fixture
def expected():
    seen = np.ones((3, 6, 9), bool)
    seen[1, :, 7:] = False
    return Expected(SCENES, (6, 9), seen, (UTM,) * 3, GRIDS, ("south",))


@pytest.fixture(scope="module")
def inputs():
    return withhold(simulated_scenes(10, 32, seed=3))


def stack(maps, **coords) -> xr.DataArray:
    return xr.DataArray(np.stack(list(maps.values())), {"scene": list(maps)} | coords, ("scene", "y", "x"))


def npz(path: Path, maps, **options) -> Path:
    with path.open("wb") as file:
        np.savez_compressed(file, **maps, **options)
    return path


def tiffs(path: Path, maps, crs=(UTM,) * 3, grids=GRIDS, prefix="") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for (scene, labels), place, grid in zip(maps.items(), crs, grids):
            archive.writestr(f"{prefix}{scene}.tif", tiff_bytes(labels, place, grid))
    return path


def refusal(submission, expected, **options) -> str:
    with pytest.raises(SubmissionError) as caught:
        validate_submission(submission, expected, **options)
    text = str(caught.value)
    assert text.endswith(" No entry was used.")
    return text.removesuffix(" No entry was used.")


# A right file


@pytest.mark.parametrize("kind", ["npz", "zip"])
def test_what_was_written_is_what_is_scored(tmp_path, maps, expected, kind):
    path = write_submission(stack(maps), tmp_path / "teams" / f"hbg.{kind}", expected)
    found = validate_submission(path, expected)
    assert found.dims == ("scene", "y", "x") and found.dtype == np.uint8 and tuple(found.scene.values) == SCENES
    assert (found.values[1, :, 7:] == IGNORE).all()  # where the radar saw nothing
    np.testing.assert_array_equal(found.values[expected.seen], stack(maps).values[expected.seen])
    assert list(path.parent.iterdir()) == [path]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays(np.uint8, (2, 3, 5), elements=st.integers(0, 8)),
    dtype=st.sampled_from(["uint8", "int64", "int8", ">u2"]),
    fortran=st.booleans(),
)
def test_any_labels_make_the_round_trip(tmp_path_factory, values, dtype, fortran):
    folder = tmp_path_factory.mktemp("any")
    wanted = Expected(("a", "b/c"), (3, 5))
    cast = np.asfortranarray if fortran else np.ascontiguousarray
    path = npz(folder / "any.npz", {"b/c": cast(values[1].astype(dtype)), "a": cast(values[0].astype(dtype))})
    if np.unique(values).size > 1:
        np.testing.assert_array_equal(validate_submission(path, wanted).values, values)


def test_a_file_is_written_the_same_twice(tmp_path, maps, expected):
    one, two = (write_submission(stack(maps), tmp_path / f"{n}.npz", expected).read_bytes() for n in "ab")
    assert one == two


def test_geotiffs_may_come_in_a_folder_in_an_inner_folder_or_alone(tmp_path, maps, expected):
    tiffs(tmp_path / "maps.zip", maps, prefix="our maps/")
    packed = validate_submission(tmp_path / "maps.zip", expected)
    with zipfile.ZipFile(tmp_path / "maps.zip") as archive:
        archive.extractall(tmp_path)
    xr.testing.assert_identical(validate_submission(tmp_path / "our maps", expected), packed)
    one = Expected(SCENES[:1], (6, 9), None, (UTM,), GRIDS[:1])
    path = write_submission(stack(maps).isel(scene=[0]), tmp_path / "north.tif", one)
    np.testing.assert_array_equal(validate_submission(path, one).values[0], maps["north"])


def test_what_a_mac_puts_into_an_archive_does_no_harm(tmp_path, maps, expected):
    path = tiffs(tmp_path / "maps.zip", maps)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("__MACOSX/._north.tif", b"\0" * 80)
        archive.writestr(".DS_Store", b"Bud1")
    assert validate_submission(path, expected).sizes["scene"] == 3


def test_a_prediction_is_cut_to_what_is_asked_for(tmp_path, maps, expected):
    more = stack(maps | {"south": maps["north"]})
    path = write_submission(more, tmp_path / "cut.npz", expected)
    assert sorted(read_submission(path)) == sorted(SCENES)


def test_order_of_scenes_does_not_matter(maps, expected):
    backwards = {scene: maps[scene] for scene in reversed(SCENES)}
    xr.testing.assert_identical(validate_submission(backwards, expected), validate_submission(stack(maps), expected))


# A file that was there stays, and nothing half-written is left


def test_a_faulty_prediction_is_not_written(tmp_path, maps, expected):
    path = write_submission(stack(maps), tmp_path / "hbg.npz", expected)
    before = path.read_bytes()
    with pytest.raises(SubmissionError, match="^the prediction, scene north, row 0, column 0: 111 is no label"):
        write_submission(stack(maps | {"north": np.full((6, 9), 111, np.uint8)}), path, expected)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["hbg.npz"]


def test_an_interrupted_write_leaves_what_was_there(tmp_path, maps, expected, monkeypatch):
    path = write_submission(stack(maps), tmp_path / "hbg.npz", expected)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez_compressed", lambda file, **_: (file.write(b"half"), 1 / 0))
    with pytest.raises(ZeroDivisionError):
        write_submission(stack(maps), path, expected)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["hbg.npz"]


def test_only_what_can_be_read_is_written(tmp_path, maps, expected):
    with pytest.raises(SubmissionError, match=r"hbg.csv: a submission is written as .npz.*Try hbg.npz"):
        write_submission(stack(maps), tmp_path / "hbg.csv", expected)
    with pytest.raises(SubmissionError, match="a single GeoTIFF holds one scene; these are 3"):
        write_submission(stack(maps), tmp_path / "hbg.tif", expected)
    with pytest.raises(SubmissionError, match="says where it lies"):
        write_submission(stack(maps), tmp_path / "hbg.zip")
    assert not list(tmp_path.iterdir())


# Scenes


def test_missing_scenes_are_counted_and_named(tmp_path, maps, expected):
    del maps["river-07"]
    path = npz(tmp_path / "hbg.npz", maps)
    assert refusal(path, expected) == f"{path}: 1 of 3 scenes is missing (river-07). Map every withheld scene."
    assert "3 of 3 scenes are missing (north, river-07, r012c034)" in refusal({}, expected)


def test_scenes_that_were_not_asked_for(maps, expected):
    assert refusal(maps | {"south": maps["north"]}, expected) == (
        "the entry: the scene 'south' is not asked for. Its labels are known: hand in the withheld scenes only."
    )
    assert "Did you mean 'river-07'?" in refusal(maps | {"river-7": maps["north"]}, expected)
    assert "There are 3: north ... r012c034." in refusal({"Berlin": maps["north"]}, expected)


def test_a_scene_that_is_there_twice(tmp_path, maps, expected):
    path = npz(tmp_path / "hbg.npz", maps)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("north.npy", zipfile.ZipFile(path).read("north.npy"))
    assert "the scene 'north' is there twice" in refusal(path, expected)


# Shapes and numbers


def test_a_wrong_shape(maps, expected):
    maps["north"] = np.zeros((5, 9), np.uint8)
    text = "the entry, scene north: expected 6 rows and 9 columns, found 5 and 9. Map whole scenes, pixel for pixel."
    assert refusal(maps, expected) == text
    maps["north"] = np.zeros((9, 6), np.uint8)
    assert "Transpose it: rows first." in refusal(maps, expected)


def test_scores_instead_of_labels(tmp_path, maps, expected):
    text = refusal(npz(tmp_path / "e.npz", maps | {"north": np.zeros((6, 9, 9), np.float32)}), expected)
    assert "scene north: expected a map (y, x), found an array of shape (6, 9, 9)" in text
    assert ".argmax(axis=-1)" in text
    assert ".argmax(axis=0)" in refusal(maps | {"north": np.zeros((9, 6, 4), np.float32)}, expected)
    assert "Hand in one map per scene" in refusal(maps | {"north": np.zeros((3, 6, 4), np.uint8)}, expected)
    scores = stack(maps).expand_dims({"class": 9}, -1)
    assert "Of scores per class take the label of the highest" in refusal(scores, expected)


@pytest.mark.parametrize(("dtype", "words"), [("float32", "probabilities, or labels that became floats"),
                                              ("bool", "true and false, a mask of one class")])  # fmt: skip
def test_numbers_that_are_no_labels(tmp_path, maps, expected, dtype, words):
    path = npz(tmp_path / "e.npz", {scene: labels.astype(dtype) for scene, labels in maps.items()})
    assert f"{path}, scene north: expected whole numbers, found {dtype}: {words}" in refusal(path, expected)
    assert f"expected whole numbers, found {dtype}" in refusal(stack(maps).astype(dtype), expected)


def test_codes_of_other_legends(maps, expected):
    def told(table):
        return refusal({scene: np.asarray(table, np.uint8)[labels] for scene, labels in maps.items()}, expected)

    lc100 = told([112, 20, 30, 40, 50, 60, 80])
    assert "is no label (54 such pixels). These look like codes of LC100: legend.regroup(map, 'lc100')" in lc100
    assert "the entry, scene north, row 0, column 0: " in lc100
    assert "codes of WorldCover" in told([10, 20, 30, 40, 50, 60, 95])
    assert "do yours begin with 1?" in told([1, 2, 3, 9, 5, 6, 7])
    assert "Labels run from 0 to 8: forest, shrubs" in told([0, 1, 2, 13, 4, 5, 6])
    wide = {scene: labels.astype(np.int64) - 1 for scene, labels in maps.items()}
    assert "the map holds numbers from -1 to 5; labels run from 0 to 8." in refusal(wide, expected)


def test_every_measured_pixel_needs_a_label(maps, expected):
    maps["river-07"][2, 3] = IGNORE
    text = "the entry, scene river-07, row 2, column 3: no label (255) where the radar has measured."
    assert refusal(maps, expected).startswith(text)
    maps["river-07"][2, 3], maps["river-07"][2, 8] = 0, IGNORE  # where it saw nothing, nobody minds
    assert validate_submission(maps, expected).values[1, 2, 8] == IGNORE


def test_one_class_alone_is_used_with_a_warning(maps, expected):
    forest = {scene: np.zeros((6, 9), np.uint8) for scene in maps}
    with pytest.warns(SubmissionWarning, match="the entry: every pixel of every scene is forest. It can be scored; is it"):
        assert validate_submission(forest, expected).sizes["scene"] == 3


def test_maps_without_the_commonest_class_are_not_believed(inputs):
    wanted = Expected.of(inputs)
    assert wanted.commonest == 0
    shifted = {scene: np.full((32, 32), 1 + k, np.uint8) for k, scene in enumerate(wanted.scenes)}
    text = "the entry: no pixel of 2 scenes is forest, which covers most of the scenes whose labels are known."
    assert refusal(shifted, inputs) == f"{text} Labels run from 0 to 8; do yours begin with 1?"


def test_an_entry_that_is_no_entry(expected):
    assert "maps are an xarray.DataArray (scene, y, x) with the scenes' names; this is a list" in refusal([1, 2], expected)
    flat = xr.DataArray(np.zeros((6, 9), np.uint8), dims=("y", "x"))
    assert "this is an array with the dimensions y, x" in refusal(flat, expected)


# Places


def test_maps_in_another_crs_or_place(tmp_path, maps, expected):
    text = refusal(tiffs(tmp_path / "geo.zip", maps, ("EPSG:4326",) * 3), expected)
    assert "scene north: the map is in EPSG:4326, the scene in EPSG:32733. Keep the crs and transform of the scene" in text
    moved = ((10.0, 0.0, 300_010.0, 0.0, -10.0, 9_900_000.0), *GRIDS[1:])
    text = refusal(tiffs(tmp_path / "moved.zip", maps, grids=moved), expected)
    assert "its corner is at (300010.0, 9900000.0) with pixels of 10 by -10, the scene's at (300000.0, 9900000.0)" in text
    flipped = ((10.0, 0.0, 300_000.0, 0.0, 10.0, 9_899_940.0), *GRIDS[1:])
    assert "the map lies elsewhere" in refusal(tiffs(tmp_path / "flipped.zip", maps, grids=flipped), expected)
    assert "the map is in EPSG:4326" in refusal(stack(maps, crs=("scene", ["EPSG:4326"] * 3)), expected)
    with_words = Expected(expected.scenes, expected.shape, expected.seen, (_wkt(UTM),) * 3, GRIDS)
    assert validate_submission(tiffs(tmp_path / "wkt.zip", maps), with_words).sizes["scene"] == 3


def _wkt(crs: str) -> str:
    from rasterio.crs import CRS

    return CRS.from_user_input(crs).to_wkt()


def test_a_tiff_without_a_crs(tmp_path, maps, expected):
    import rasterio

    for scene, labels in maps.items():
        with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(
            tmp_path / f"{scene}.tif", "w", driver="GTiff", dtype="uint8", count=1, height=6, width=9
        ) as file:
            file.write(labels, 1)
    assert "scene north: the map is in no CRS at all, the scene in EPSG:32733" in refusal(tmp_path, expected)


# Files from strangers


def test_files_of_other_kinds(tmp_path, maps, expected):
    def told(name, content=b""):
        (tmp_path / name).write_bytes(content)
        return refusal(tmp_path / name, expected)

    array = io.BytesIO()
    np.save(array, np.zeros((3, 6, 9), np.uint8))
    assert "a single array: np.savez_compressed, with the scenes' names" in told("a.npy", array.getvalue())
    assert "(the file is empty)" in told("b.npz")
    assert "neither an NPZ nor a ZIP of GeoTIFFs (text?)" in told("c.csv", b"scene,row,column\n")
    whole = npz(tmp_path / "whole.npz", maps).read_bytes()
    assert "an archive that is cut off?" in told("d.npz", whole[:-30])
    assert "the file is damaged" in told("e.tif", b"II*\0 this is no picture")
    assert "no such file; did you mean 'whole.npz'?" in refusal(tmp_path / "whol.npz", expected)
    assert "no such file; write_submission() writes one." in refusal(tmp_path / "none" / "x", expected)
    (tmp_path / "empty").mkdir()
    assert "the folder holds no GeoTIFF" in refusal(tmp_path / "empty", expected)


def test_a_spoilt_byte_is_noticed(tmp_path, maps, expected):
    path = write_submission(stack(maps), tmp_path / "e.npz", expected)
    right, unnoticed = validate_submission(path, expected), 0
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        raw = bytearray(whole)
        raw[at] ^= 0xFF
        path.write_bytes(raw)
        try:
            xr.testing.assert_identical(validate_submission(path, expected), right)  # a date or a flag that nobody reads
            unnoticed += 1
        except SubmissionError:
            pass
    assert unnoticed < len(whole) / 7 / 2


def test_pickled_objects_are_never_unpacked(tmp_path, maps, expected):
    class Mine:
        def __reduce__(self):
            return (Path(tmp_path / "ran").touch, ())

    path = npz(tmp_path / "e.npz", maps | {"north": np.full((6, 9), Mine(), object)})
    assert "found object: Python objects, which are never unpacked" in refusal(path, expected)
    assert not (tmp_path / "ran").exists()


def _npy(shape: tuple, content: bytes) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})
    return file.getvalue() + content


def _archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_small_file_that_would_become_a_large_one(tmp_path, expected):
    zeros = bytes(40_000_000)
    path = _archive(tmp_path / "bomb.npz", {"north.npy": _npy((20_000, 2_000), zeros)})
    assert path.stat().st_size < 100_000
    assert "a map of 20000 by 2000 pixels is larger than any scene here" in refusal(path, expected)
    path = _archive(tmp_path / "longer.npz", {"north.npy": _npy((6, 9), zeros)})
    assert "bytes too many" in refusal(path, expected)
    path = _archive(tmp_path / "shorter.npz", {"north.npy": _npy((6, 9), b"12")})
    assert "the array is cut off" in refusal(path, expected)
    path = _archive(tmp_path / "tiff.zip", {"north.tif": b"II*\0" + zeros})
    assert "40.0 MB are more than a map of a scene can have" in refusal(path, expected)
    path = _archive(tmp_path / "many.npz", {f"{k}.npy": b"" for k in range(500)})
    assert "500 arrays are more than there are scenes" in refusal(path, expected)
    path = tmp_path / "large.npz"
    path.write_bytes(bytes(expected.limits.bytes + 1))
    assert "MB is more than a right submission can have" in refusal(path, expected)


def test_a_large_tiff_is_not_unpacked(tmp_path, expected):
    import rasterio

    path = tmp_path / "north.tif"
    options = {"crs": UTM, "transform": rasterio.Affine(*GRIDS[0]), "compress": "deflate", "sparse_ok": True}
    with rasterio.open(path, "w", driver="GTiff", dtype="uint8", count=1, height=9_000, width=9_000, **options):
        pass
    assert path.stat().st_size < 100_000
    assert "a map of 9000 by 9000 pixels is larger than any scene here" in refusal(path, expected)


def test_a_vrt_in_a_tiffs_clothes_leads_nowhere(tmp_path, maps, expected):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(54))
    (tmp_path / "north.tif").write_text(
        f'<VRTDataset rasterXSize="9" rasterYSize="6"><VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f'<SourceFilename relativeToVRT="0">{secret}</SourceFilename></VRTRasterBand></VRTDataset>'
    )
    assert "the file is damaged" in refusal(tmp_path / "north.tif", expected)


def test_strange_entries_of_an_archive(tmp_path, maps, expected):
    path = npz(tmp_path / "e.npz", maps)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../readme.txt", b"hello")
    assert "'../../readme.txt' is neither an array nor a GeoTIFF" in refusal(path, expected)
    assert "the archive is empty" in refusal(_archive(tmp_path / "none.npz", {}), expected)
    assert "this is no NumPy array" in refusal(_archive(tmp_path / "no.npz", {"north.npy": b"x" * 40}), expected)
    for kind, shape in (("('u1',)", "(6, 9)"), ("'|u1'", "((6, 9)"), ("'|u1'", "(-6, -9)")):
        header = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}}}"
        start = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
        said = refusal(_archive(tmp_path / "odd.npz", {"north.npy": start + b"x" * 54}), expected)
        assert "this is no NumPy array" in said or "is damaged" in said


# The competition


def test_the_test_scenes_lose_their_labels_and_nothing_else(inputs):
    scenes = simulated_scenes(10, 32, seed=3)
    asked = inputs.attrs["withheld"]
    assert asked == ["sim-04", "sim-09"]
    for name in ("landcover", "truth"):
        assert (inputs[name].sel(scene=asked) == IGNORE).all() and inputs[name].dtype == np.uint8
        assert inputs[name].attrs["flag_meanings"] == scenes[name].attrs["flag_meanings"]
    known = ["train", "valid"]
    for part in known:
        xr.testing.assert_equal(select_scenes(inputs, part), select_scenes(scenes, part))
    xr.testing.assert_identical(inputs["backscatter"], scenes["backscatter"])
    assert not (scenes["landcover"].sel(scene=asked) == IGNORE).all()  # the original is as it was


def test_other_parts_can_be_withheld():
    scenes = withhold(simulated_scenes(10, 32), "valid")
    assert scenes.attrs["withheld"] == ["sim-03", "sim-08"]
    with pytest.raises(SceneError, match="no scene of this stack is for 'test'"):
        withhold(simulated_scenes(4, 32))


def test_what_is_expected_is_what_was_withheld(inputs):
    wanted = Expected.of(inputs)
    assert wanted.scenes == ("sim-04", "sim-09") and wanted.shape == (32, 32) and len(wanted.others) == 8
    assert wanted.crs == ("EPSG:32733",) * 2 and len(wanted.transform[0]) == 6
    with pytest.raises(SubmissionError, match=r"these scenes withhold nothing.*competition_scenes\(\)"):
        Expected.of(simulated_scenes(5, 32))
    with pytest.raises(SubmissionError, match="'sim-04' is withheld and not among these 6 scenes"):
        Expected.of(select_scenes(inputs, "train"))


@pytest.mark.parametrize("kind", ["npz", "zip"])
def test_an_entry_to_the_competition(tmp_path, inputs, kind):
    guess = inputs["truth"].where(inputs["split"] != "test", 3).astype(np.uint8)
    guess[{"x": slice(0, 4)}] = 0
    path = write_submission(guess, tmp_path / f"entry.{kind}", inputs)
    found = validate_submission(path, inputs)
    assert list(found.scene.values) == inputs.attrs["withheld"]
    seen = inputs["valid"].sel(scene=found.scene).values
    np.testing.assert_array_equal(found.values[seen], guess.sel(scene=found.scene).values[seen])


def test_practice_is_another_country_than_the_lessons():
    options = {"n": 5, "size": 32}
    scenes = competition_scenes(**options)
    assert scenes.attrs["seed"] == competition.PRACTICE_SEED != open_scenes(**options).attrs["seed"]
    truth = practice_truth(**options)
    scenes["landcover"][:], scenes["valid"][:] = 3, False  # whatever a learner does with the scenes, the truth stays
    xr.testing.assert_identical(practice_truth(**options), truth)
    assert truth.dims == ("scene", "y", "x") and list(truth.scene.values) == scenes.attrs["withheld"]
    assert truth.dtype == np.uint8 and "flag_meanings" in truth.attrs and not (truth == 3).all()
    assert not np.isin(IGNORE, truth.values[competition_scenes(**options)["valid"].sel(scene=truth.scene).values])


def test_real_land_cover_can_be_competed_for():
    labels = np.random.default_rng(0).integers(0, 8, (5, 32, 32)).astype(np.uint8)
    truth = practice_truth(n=5, size=32, labels=labels)
    assert list(truth.scene.values) == ["sim-04"]


def test_real_scenes_are_opened_by_their_path(tmp_path):
    with pytest.raises(SceneError, match="no scenes at"):
        competition_scenes(tmp_path / "nothing.zarr")


def test_limits_grow_with_what_is_asked_for(expected):
    assert expected.limits.bytes < 1_000_000 < Limits().bytes
