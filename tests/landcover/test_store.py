"""Scenes on the disk: whole or not there, checked, going on where they stopped, opened as a stack; and fetched that way."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import xarray as xr
from stac_like import NAMES, Store, invented
from stac_server import StacServer

from dla_widgets.download import FetchError
from dla_widgets.landcover import fetch, stac, store_writer
from dla_widgets.landcover.catalogues import CatalogueError
from dla_widgets.landcover.datacube import load_scene
from dla_widgets.landcover.fetch import fetch_landcover, landcover_folder, store_name
from dla_widgets.landcover.legend import IGNORE, LegendError, regroup
from dla_widgets.landcover.scenes import SceneError, arrays, georeferenced, linear, open_scenes, select_scenes
from dla_widgets.landcover.store import StoreError, open_scene, open_store, split_blocks, write_store


@pytest.fixture
def chip():
    return invented(shape=(160, 192))


@pytest.fixture
def store(tmp_path, chip):
    return Store(tmp_path / "catalogue").both(chip)


@pytest.fixture
def scene(store, chip):
    return load_scene(geobox=chip.grid, time="2021", catalogue=store.write(), **NAMES)


@pytest.fixture
def small_blocks(monkeypatch):
    """A scene of some pixels is read in as many blocks as a real one."""
    monkeypatch.setattr(store_writer, "BLOCK", 64)
    monkeypatch.setattr(store_writer, "CHUNK", 64)
    monkeypatch.setattr(store_writer, "PAUSES", (0.01, 0.02))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    home, chip = tmp_path_factory.mktemp("written"), invented(shape=(160, 192))
    scene = load_scene(geobox=chip.grid, time="2021", catalogue=Store(home).both(chip).write(), **NAMES)
    return write_store(scene, home / "place.zarr", progress=False)


@pytest.fixture
def path(written, tmp_path):
    """A store that may be damaged."""
    return shutil.copytree(written, tmp_path / "out" / "place.zarr")


def names(folder):
    return sorted(p.name for p in folder.iterdir())


# There and back ---------------------------------------------------------------------------------------------------


def test_what_is_written_comes_back(scene, chip, tmp_path, small_blocks):
    path = write_store(scene, tmp_path / "out" / "place.zarr", progress=False)
    back = open_scene(path).load()
    np.testing.assert_array_equal(back["backscatter"].values[0], chip.power)
    np.testing.assert_array_equal(back["landcover"].values, regroup(chip.codes, "terramesh"))
    assert back.odc.geobox == chip.grid and back["landcover"].dtype == np.uint8 and back["valid"].values.all()
    xr.testing.assert_identical(back.drop_attrs(), scene.compute().drop_attrs())
    assert back.attrs == scene.attrs and names(path.parent) == ["place.zarr"]


def test_nothing_warns_on_the_way(scene, tmp_path, recwarn):
    open_store(write_store(scene, tmp_path / "a.zarr", progress=False), size=32)
    assert not [w for w in recwarn if not issubclass(w.category, DeprecationWarning | PendingDeprecationWarning)]


def test_gaps_are_found_again(store, chip, tmp_path, small_blocks):
    power = chip.power.copy()
    power[1, 40:90, 100:] = np.nan
    store.radar(chip, days=12, power=power)
    scene = load_scene(geobox=chip.grid, time="2021", catalogue=store.write(), **NAMES)
    back = open_scene(write_store(scene, tmp_path / "a.zarr", progress=False))
    expected = np.isfinite(power[1])
    np.testing.assert_array_equal(back["valid"].values, expected)
    np.testing.assert_array_equal(scene["valid"].values, expected)


def test_a_scene_of_a_stack_can_be_stored(path, tmp_path):
    stack = open_store(path, size=64)
    one = georeferenced(stack, "r001c002")
    back = open_scene(write_store(one, tmp_path / "one.zarr", progress=False)).load()
    np.testing.assert_array_equal(back["backscatter"].values, one["backscatter"].values)
    assert back.odc.geobox == one.odc.geobox


def test_writing_it_again_does_nothing(scene, tmp_path):
    path = write_store(scene, tmp_path / "place.zarr", progress=False)
    before = path.stat().st_mtime_ns
    assert write_store(scene, path, progress=False) == path and path.stat().st_mtime_ns == before


def test_a_scene_in_memory_is_known_by_its_values(scene, tmp_path):
    scene = scene.compute()
    path = write_store(scene, tmp_path / "place.zarr", progress=False)
    assert write_store(scene.copy(deep=True), path, progress=False) == path
    with pytest.raises(StoreError, match="holds another scene"):
        write_store(scene.assign(backscatter=2 * scene["backscatter"]), path, progress=False)


def test_another_scene_is_not_overwritten(store, path, chip):
    store.radar(chip, days=12)
    other = load_scene(geobox=chip.grid, time="2021", catalogue=store.write(), **NAMES)
    with pytest.raises(StoreError, match=r"place.zarr holds another scene; choose another name= for this one, or delete that"):
        write_store(other, path, progress=False)


# A stack of squares -----------------------------------------------------------------------------------------------


def test_squares_of_a_scene(path, chip):
    stack = open_store(path, size=32)
    assert stack.sizes == {"scene": 30, "time": 1, "band": 2, "y": 32, "x": 32, "affine": 6}
    one = stack.sel(scene="r003c005")
    here = (slice(96, 128), slice(160, 192))
    np.testing.assert_array_equal(one["backscatter"].values[0], chip.power[:, *here])
    assert georeferenced(stack, "r003c005").odc.geobox == chip.grid[here]
    assert arrays(select_scenes(stack, "train"))[0].shape[1:] == (32, 32, 2)


def test_open_scenes_takes_a_store(path):
    assert open_scenes(path, size=64).sizes["scene"] == 6


def test_lazily_it_is_the_same(path):
    lazy = open_store(path, size=32, lazy=True)
    assert lazy["backscatter"].chunks[0] == (1,) * 30 and lazy["backscatter"].chunks[3] == (32,)
    xr.testing.assert_identical(lazy.compute(), open_store(path, size=32))


def test_squares_that_nobody_measured_or_labelled_are_left_out(store, chip, tmp_path):
    power = chip.power.copy()
    power[:, :64, :64] = np.nan
    chip.codes[96:, 128:] = 0
    store.items.clear()
    store.radar(chip, power=power)
    store.labels(chip)
    scene = load_scene(geobox=chip.grid, time="2021", catalogue=store.write(), **NAMES)
    path = write_store(scene, tmp_path / "a.zarr", progress=False)
    left = set(open_store(path, size=32, minimum=0)["scene"].values) - set(open_store(path, size=32)["scene"].values)
    assert left == {f"r{r:03d}c{c:03d}" for r, c in [(0, 0), (0, 1), (1, 0), (1, 1), (3, 4), (3, 5), (4, 4), (4, 5)]}
    assert (open_store(path, size=32, minimum=0).sel(scene="r004c005")["landcover"] == IGNORE).all()


def test_neighbours_go_to_one_part():
    rows, columns = np.divmod(np.arange(40 * 40), 40)
    splits = np.array(split_blocks(rows, columns, block=4)).reshape(10, 4, 10, 4)
    assert (splits == splits[:, :1, :, :1]).all()
    share = {part: (splits == part).mean() for part in ("train", "valid", "test")}
    assert share == {"train": 0.6, "valid": 0.2, "test": 0.2}
    assert split_blocks(rows, columns, seed=0) == split_blocks(rows, columns, seed=0) != split_blocks(rows, columns, seed=1)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 9])
def test_every_part_has_something_as_soon_as_there_are_three(count):
    parts = set(split_blocks(np.zeros(count, int), np.arange(count), block=4))
    assert parts == ({"train", "valid", "test"} if count > 2 else {"train"})


def test_squares_too_large_or_too_empty(path, store, chip, tmp_path):
    with pytest.raises(StoreError, match=r"cannot cut squares of 256 pixels from place.zarr, which has 160 x 192 pixels"):
        open_store(path)
    chip.codes[:] = 0
    store.items.clear()
    scene = load_scene(geobox=chip.grid, time="2021", catalogue=store.both(chip).write(), **NAMES)
    empty = write_store(scene, tmp_path / "empty.zarr", progress=False)
    with pytest.raises(StoreError, match=r"no square of empty.zarr is measured and labelled on 50% of its pixels; the best"):
        open_store(empty, size=32)


# Damage -----------------------------------------------------------------------------------------------------------


def test_a_damaged_chunk_is_noticed(path):
    chunk = next(p for p in (path / "backscatter" / "c").rglob("*") if p.is_file())
    content = bytearray(chunk.read_bytes())
    content[len(content) // 2] ^= 255
    chunk.write_bytes(content)
    with pytest.raises(StoreError, match=r"place.zarr is damaged \(.*checksum.*\). Delete it and fetch it again"):
        open_store(path, size=32)


def test_a_lost_chunk_is_noticed(path):
    next(p for p in (path / "landcover" / "c").rglob("*") if p.is_file()).unlink()
    with pytest.raises(StoreError, match=r"place.zarr is damaged: 0 of 1 chunks of 'landcover' are there. Delete it"):
        open_store(path, size=32)
    shutil.rmtree(path / "landcover")
    with pytest.raises(StoreError, match="0 of 1 chunks of 'landcover'"):
        open_scene(path)


def test_no_store_of_ours(tmp_path):
    (tmp_path / "a.zarr").mkdir()
    with pytest.raises(StoreError, match=r"a.zarr is no scene that `dla fetch landcover` wrote"):
        open_scenes(tmp_path / "a.zarr")
    with pytest.raises(StoreError, match="is no scene"):
        open_scene(tmp_path / "b.zarr")


def test_what_cannot_be_stored(scene, path, tmp_path):
    with pytest.raises(StoreError, match=r"one scene on its map: 'backscatter' has the dimensions \('scene', .* georeferenced\("):
        write_store(open_store(path, size=32), tmp_path / "a.zarr")
    with pytest.raises(StoreError, match="'valid' is missing, expected"):
        write_store(scene.drop_vars("valid"), tmp_path / "a.zarr")
    with pytest.raises(StoreError, match="the scene does not say where it lies"):
        write_store(scene.drop_vars(["x", "y", "spatial_ref"]), tmp_path / "a.zarr")
    with pytest.raises(StoreError, match=r"the name of a store ends with .zarr; got 'a.nc'"):
        write_store(scene, tmp_path / "a.nc")


def test_decibels_are_not_written(store, chip, tmp_path):
    store.items.clear()
    store.radar(chip, db=True)
    store.labels(chip)
    scene = load_scene(geobox=chip.grid, time="2021", catalogue=store.write(), **NAMES)
    with pytest.raises(SceneError, match=r"not linear power: its lowest value is -.* Is it in decibels\? Then say decibels="):
        write_store(scene, tmp_path / "out" / "a.zarr", progress=False)
    assert names(tmp_path / "out") == []


def test_codes_of_another_legend_leave_nothing_behind(store, chip, tmp_path):
    scene = load_scene(geobox=chip.grid, time="2021", catalogue=store.write(), **{**NAMES, "legend": "worldcover"})
    with pytest.raises(LegendError, match="the legend worldcover has no code"):
        write_store(scene, tmp_path / "out" / "a.zarr", progress=False)
    assert names(tmp_path / "out") == []


# Fetching ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(store, monkeypatch, small_blocks):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(stac, "GDAL", {**stac.GDAL, "GDAL_HTTP_MAX_RETRY": "0"})
    with StacServer(store) as running:
        yield running


@pytest.fixture
def get(server, chip, tmp_path):
    """Fetch from the server into a folder."""
    box = chip.grid.extent.to_crs("EPSG:4326").boundingbox
    inside = (box.left + 0.002, box.bottom + 0.002, box.right - 0.002, box.top - 0.002)

    def fetched(bbox=inside, time="2021", **options):
        return fetch_landcover(bbox, time, tmp_path / "out", server.api, **{"progress": False, **NAMES, **options})

    fetched.inside = inside
    return fetched


def test_a_place_is_fetched(get, chip, capsys):
    lines = []
    path = get(progress=True, say=lines.append)
    assert path.name == "E009.00N45.14_E009.02N45.15_2021.zarr" and names(path.parent) == [path.name]
    assert lines[0].startswith("Asking http") and lines[1] == "Radar: 1 date, 2021-06-02; land cover: 2021"
    assert lines[2] == "Grid: 116 x 162 pixels of 10 m in EPSG:32632, 0 MB"
    assert "blocks: 100%" in capsys.readouterr().err
    scene = open_scene(path)
    top, left = (round(v) for v in (~chip.grid.affine @ scene.odc.geobox.affine[2:6:3])[::-1])
    here = (slice(top, top + scene.sizes["y"]), slice(left, left + scene.sizes["x"]))
    np.testing.assert_array_equal(scene["backscatter"].values[0], chip.power[:, *here])


def test_what_was_left_out_is_told(get, store):
    lines = []
    store.radar(invented("part", (160, 90)), days=12)
    get(progress=True, say=lines.append)
    assert lines[1].startswith("1 of 2 dates cover less than 95% of the place and were left out: 2021-06-14")


def test_what_is_there_is_not_fetched_again(get, server):
    path = get()
    assert get(bbox=", ".join(map(repr, get.inside))) == path, "as the command line gives it"
    server.log.clear()
    assert get() == path and not [line for line in server.log if "/files/" in line]


def test_a_broken_connection_is_tried_again(get, server):
    server.broken["vv.tif"] = 2
    path = get()
    assert server.broken["vv.tif"] == 0 and np.isfinite(open_scene(path)["backscatter"].values).all()


def test_a_fetch_that_broke_off_goes_on_where_it_stopped(get, server, tmp_path):
    server.broken["vh.tif"] = 10**6
    with pytest.raises(StoreError, match=r"stopped after \d+ of \d+ blocks \(.*\). What has come is kept in .*: the same comm"):
        get(workers=1)
    (part, record) = names(tmp_path / "out")
    assert part.endswith(".zarr.part") and record.endswith(".part-blocks")
    with pytest.raises(StoreError, match=r"has not come completely; the same `dla fetch landcover` command goes on"):
        open_scene(tmp_path / "out" / part.removesuffix(".part"))
    server.broken.clear()
    path = get()
    assert names(tmp_path / "out") == [path.name] and np.isfinite(open_scene(path)["backscatter"].values).all()


def test_blocks_that_came_are_not_read_again(scene, tmp_path, small_blocks, monkeypatch):
    """Killed in the middle: the next run reads the rest."""
    read, true = [], store_writer._Source.read

    def dies(self, name, place):
        if len(read) == 5:
            raise KeyboardInterrupt
        read.append((name, str(place)))
        return true(self, name, place)

    monkeypatch.setattr(store_writer._Source, "read", dies)
    with pytest.raises(KeyboardInterrupt):
        write_store(scene, tmp_path / "a.zarr", progress=False, workers=1)
    assert names(tmp_path)[:2] == ["a.zarr.part", "a.zarr.part-blocks"]
    first, read[:] = list(read), []
    monkeypatch.setattr(store_writer._Source, "read", lambda s, n, p: (read.append((n, str(p))), true(s, n, p))[1])
    path = write_store(scene, tmp_path / "a.zarr", progress=False)
    assert len(read) == 18 - 5 and not set(read) & set(first)
    np.testing.assert_array_equal(open_scene(path)["backscatter"].values, scene["backscatter"].values)


def test_another_scene_does_not_go_on_with_the_blocks_of_the_first(get, server, store, chip, tmp_path):
    server.broken["vh.tif"] = 10**6
    with pytest.raises(StoreError):
        get(name="x")
    server.broken.clear()
    store.radar(chip, days=12)
    scene = open_scene(get(name="x"))
    assert scene.sizes["time"] == 2 and np.isfinite(scene["backscatter"].values).all()


def test_after_a_failure_addresses_are_asked_for_anew(scene, tmp_path, small_blocks):
    """As after a token has run out."""
    asked = []

    def gone(values):
        raise OSError("403 Forbidden")

    broken = scene.assign(backscatter=scene["backscatter"].copy(data=scene["backscatter"].data.map_blocks(gone, dtype="float32")))
    path = write_store(broken, tmp_path / "a.zarr", lambda: asked.append(1) or scene, progress=False)
    assert asked == [1] and np.isfinite(open_scene(path)["backscatter"].values).all()


def test_a_catalogue_that_fails_in_between_does_not_hide_the_reason(scene, tmp_path, small_blocks):
    def gone(values):
        raise OSError("403 Forbidden")

    def unreachable():
        raise CatalogueError("no network")

    broken = scene.assign(landcover=scene["landcover"].copy(data=scene["landcover"].data.map_blocks(gone, dtype="uint8")))
    with pytest.raises(StoreError, match=r"stopped after \d+ of 18 blocks \(403 Forbidden\)"):
        write_store(broken, tmp_path / "a.zarr", unreachable, progress=False)


def test_no_space_is_told_before_anything_comes(get, monkeypatch, tmp_path, server):
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr("dla_widgets.download.shutil.disk_usage", lambda _: usage)
    with pytest.raises(FetchError, match=r"the scene needs .* kB in .*, where 10 bytes is free. Nothing was downloaded"):
        get()
    assert not (tmp_path / "out").exists() and not [line for line in server.log if "/files/" in line]


def test_an_error_of_the_catalogue_leaves_nothing(get, tmp_path):
    with pytest.raises(CatalogueError, match="no Sentinel-1 at"):
        get(time="2013")
    with pytest.raises(CatalogueError, match="bbox is four numbers"):
        get(bbox=(1, 2, 3))
    assert not (tmp_path / "out").exists()


def test_where_it_goes(monkeypatch, tmp_path):
    assert store_name((-71.5, -38.25, 8.5, 0), "2021-06/2021-08") == "W071.50S38.25_E008.50N00.00_2021-06_2021-08"
    monkeypatch.setenv("DLA_DATA", str(tmp_path))
    assert landcover_folder() == tmp_path / "landcover"
    monkeypatch.delenv("DLA_DATA")
    assert landcover_folder().name == "landcover" and fetch._called(object()) == "the datacube index"


def test_power_is_linear(path):
    assert float(open_scene(path)["backscatter"].mean()) == pytest.approx(0.06, rel=0.1)
    assert linear(-10.0) == pytest.approx(0.1)
