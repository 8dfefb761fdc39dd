"""The real path: a scene out of STAC catalogues, files and APIs, on this machine; equal to the chips they were made of."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401 - gives xarray objects their .rio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from stac_like import LABELS, NAMES, RADAR, Store, invented, real_chip
from stac_server import StacServer

from dla_widgets.landcover import stac
from dla_widgets.landcover.catalogues import (
    NAMED,
    AzureSigner,
    Catalogue,
    CatalogueError,
    CatalogueWarning,
    catalogue_of,
    public_bucket,
)
from dla_widgets.landcover.datacube import load_scene
from dla_widgets.landcover.legend import IGNORE, LegendError, regroup
from dla_widgets.landcover.scenes import SceneError, check_scenes, cut_scene, stack_scenes

CHIPS = ("282D_485L_3_3", "38D_378R_2_3", "433D_629L_3_1", "637U_59R_1_3")


@pytest.fixture(params=["invented", "real"])
def sheet(request):
    """A chip, invented and real."""
    if request.param == "invented":
        return invented()
    folder = request.getfixturevalue("real_data") / "sentinel1" / "terramesh"
    if not folder.is_dir():
        pytest.skip(f"no chips in {folder}")
    return real_chip(folder, CHIPS[2])


@pytest.fixture
def made():
    return invented()


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "catalogue")


@pytest.fixture
def server(store, made, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(stac, "PAUSE", 0.001)
    monkeypatch.setattr(stac, "TRIES", 2)
    store.both(made)
    with StacServer(store) as running:
        yield running


def box_of(grid, margin=0.0):
    """The bounding box of a grid in degrees, made smaller by a part of its size."""
    box = grid.extent.to_crs("EPSG:4326").boundingbox
    dx, dy = margin * (box.right - box.left), margin * (box.top - box.bottom)
    return (box.left + dx, box.bottom + dy, box.right - dx, box.top - dy)


def load(store, time="2021", catalogue=None, **options):
    return load_scene(time=time, catalogue=catalogue or store.write(), **{**NAMES, **options})


def equal(scene, sheet):
    """Whether a scene has the very values of a chip."""
    scene = scene.compute()
    np.testing.assert_array_equal(scene["backscatter"].values[0], sheet.power)
    np.testing.assert_array_equal(scene["landcover"].values, regroup(sheet.codes, "terramesh"))
    assert scene["valid"].values.all() and scene.odc.geobox == sheet.grid
    return True


# The same values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["item collection", "tree of files", "API"])
def test_a_scene_has_the_values_of_the_chip(store, sheet, kind, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    store.both(sheet)
    year = str(sheet.when.year)
    if kind == "API":
        with StacServer(store) as server:
            assert equal(load(store, year, server.api, geobox=sheet.grid), sheet)
    else:
        assert equal(load(store, year, store.write() if kind[0] == "i" else store.write_tree(), geobox=sheet.grid), sheet)


def test_the_schema_of_one_scene(store, made):
    scene = load(store.both(made), geobox=made.grid)
    assert scene["backscatter"].dims == ("time", "band", "y", "x") and scene["band"].values.tolist() == ["VV", "VH"]
    assert scene["time"].values[0] == np.datetime64("2021-06-02T16:04:18") and scene.rio.crs.to_epsg() == 32632
    assert scene["landcover"].attrs["flag_meanings"].startswith("forest shrubs") and scene.attrs["label_year"] == 2021
    stack = stack_scenes(cut_scene(scene.compute(), 48), list("abcd"), ["train", "train", "valid", "test"])
    assert check_scenes(stack).sizes["scene"] == 4


def test_a_box_in_degrees_gets_the_radars_own_pixels(store, made):
    store.both(made)
    scene = load(store, bbox=box_of(made.grid, 0.2)).compute()
    box = scene.odc.geobox
    top, left = (round(v) for v in (~made.grid.affine * box.affine[2:6:3])[::-1])
    assert box.crs == made.grid.crs and 50 < box.shape[0] < 70 and box.affine[0] == 10
    here = (slice(top, top + box.shape[0]), slice(left, left + box.shape[1]))
    np.testing.assert_array_equal(scene["backscatter"].values[0], made.power[:, *here])
    np.testing.assert_array_equal(scene["landcover"].values, regroup(made.codes[here], "terramesh"))


def test_by_the_grid_there_is_no_pixel_too_many(store):
    """Asked by crs and resolution, a file of 224 pixels gave 225."""
    chip = invented(shape=(224, 224), corner=(790_236.040382, 7_198_039.252334), crs="EPSG:32722")
    store.both(chip)
    assert load(store, geobox=chip.grid)["backscatter"].shape == (1, 2, 224, 224)


def test_nothing_is_read_before_values_are_wanted(server, made):
    scene = load(None, catalogue=server.api, geobox=made.grid, chunks={"x": 32, "y": 48})
    assert not [line for line in server.log if ".tif" in line]
    assert scene["backscatter"].chunks == ((1,), (1, 1), (48, 48), (32, 32, 32)) and scene["landcover"].chunks[1] == (32,) * 3
    scene["landcover"].isel(y=slice(0, 5)).compute()
    assert any(f"{LABELS}/" in line for line in server.log) and not any("_vv" in line for line in server.log)


def test_where_the_catalogue_tells_no_grid_the_file_does(store, made):
    store.radar(made, told=False)
    store.labels(made, told=False)
    assert equal(load(store, bbox=None, geobox=made.grid), made)
    assert load(store, bbox=box_of(made.grid, 0.3)).odc.geobox.crs.epsg == 32632


# Resampling -------------------------------------------------------------------------------------------------------


def halved(grid):
    return GeoBox((grid.shape[0] // 2, grid.shape[1] // 2), grid.affine @ Affine.scale(2), grid.crs)


@pytest.mark.parametrize("db", [False, True])
def test_larger_pixels_average_power_never_decibels(store, made, db):
    store.radar(made, db=db)
    store.labels(made)
    scene = load(store, geobox=halved(made.grid), decibels=db).compute()
    means = made.power.reshape(2, 48, 2, 48, 2).mean(axis=(2, 4))
    np.testing.assert_allclose(scene["backscatter"].values[0], means, rtol=1e-5)


def test_larger_pixels_take_the_commonest_class(store, made):
    rng = np.random.default_rng(3)
    made.codes[:] = rng.choice([1, 2], made.codes.shape, p=[0.2, 0.8])
    store.both(made)
    scene = load(store, geobox=halved(made.grid)).compute()
    water = (made.codes == 1).reshape(48, 2, 48, 2).sum(axis=(1, 3))
    clear = water != 2
    np.testing.assert_array_equal(scene["landcover"].values[clear], np.where(water > 2, 6, 0)[clear])
    assert set(np.unique(scene["landcover"])) == {0, 6}


def test_smaller_pixels_repeat_the_class(store, made):
    store.both(made)
    grid = GeoBox((192, 192), made.grid.affine @ Affine.scale(0.5), made.grid.crs)
    scene = load(store, geobox=grid).compute()
    np.testing.assert_array_equal(scene["landcover"].values, np.kron(regroup(made.codes, "terramesh"), np.ones((2, 2))))
    assert abs(float(scene["backscatter"].mean()) / made.power.mean() - 1) < 0.02


def test_decibels_on_their_own_grid_are_not_resampled(store, made):
    store.radar(made, db=True)
    store.labels(made)
    scene = load(store, bbox=None, geobox=made.grid, decibels=True).compute()
    np.testing.assert_allclose(scene["backscatter"].values[0], made.power, rtol=2e-6)


def test_another_crs_and_resolution(store, made):
    store.both(made)
    scene = load(store, bbox=box_of(made.grid, 0.2), crs="EPSG:3035", resolution=30)
    box = scene.odc.geobox
    assert box.crs.epsg == 3035 and box.resolution.x == 30 and box.affine[2] % 30 == 0
    scene = scene.compute()
    assert scene["valid"].values.mean() > 0.99 and abs(float(scene["backscatter"].mean()) / made.power.mean() - 1) < 0.05


def test_radar_in_degrees_comes_in_metres(store):
    grid = GeoBox((80, 80), Affine(0.0002, 0, 30.0, 0, -0.0002, -1.0), "EPSG:4326")
    chip = invented(shape=(80, 80))
    chip.grid = grid
    scene = load(store.both(chip), bbox=box_of(grid, 0.2))
    assert scene.odc.geobox.crs.epsg == 32736 and scene.odc.geobox.resolution.x == 22
    assert scene.compute()["valid"].values.mean() > 0.99


def test_a_real_map_in_degrees_under_a_radar_in_metres(store, real_data):
    """ESA WorldCover as published, brought to the radar's grid; against GDAL's own warp of it."""
    path = real_data / "sentinel1" / "worldcover" / "ESA_WorldCover_10m_2021_v200_N00E006_Map.tif"
    if not path.is_file():
        pytest.skip(f"no {path}")
    radar = invented(shape=(96, 96), crs="EPSG:32632", corner=(232_005, 28_005))  # on São Tomé
    store.radar(radar)
    with rasterio.open(path) as file:
        whole = GeoBox(file.shape, file.transform, "EPSG:4326")
        store.item(LABELS, "WC", whole, {"map": path}, datetime(2021, 1, 1))
        for grid, how in ((radar.grid, "nearest"), (halved(halved(radar.grid)), "mode")):
            scene = load(store, geobox=grid, legend="worldcover").compute()
            with WarpedVRT(file, crs=str(grid.crs), transform=grid.affine, height=grid.shape[0], width=grid.shape[1],
                           resampling=Resampling[how]) as warped:  # fmt: skip
                expected = regroup(warped.read(1), "worldcover")
            assert (scene["landcover"].values == expected).mean() > 0.99, how
            assert (scene["landcover"].values == 0).mean() > 0.5, "a forest"


# No data ----------------------------------------------------------------------------------------------------------


def test_no_data_is_nan_and_not_valid(store, made):
    power = made.power.copy()
    power[0, :7] = np.nan  # written as -32768
    power[1, :, -4:] = 0.0  # how some say it
    power[1, :, -2:] = -9999.0  # and others, without telling
    store.radar(made, power=power)
    store.labels(made)
    scene = load(store, geobox=made.grid).compute()
    assert np.isnan(scene["backscatter"].values[0, 0, :7]).all() and np.isnan(scene["backscatter"].values[0, 1, :, -4:]).all()
    valid = scene["valid"].values
    assert not valid[:7].any() and not valid[:, -4:].any() and valid[7:, :-4].all()


def test_no_data_does_not_darken_an_average(store, made):
    power = made.power.copy()
    power[:, ::2, ::2] = np.nan
    store.radar(made, power=power)
    store.labels(made)
    scene = load(store, geobox=halved(made.grid)).compute()
    means = np.nanmean(power.reshape(2, 48, 2, 48, 2), axis=(2, 4))
    np.testing.assert_allclose(scene["backscatter"].values[0], means, rtol=1e-5)


def test_the_incidence_angle_comes_where_it_is_known(store, made):
    angle = np.linspace(30, 40, made.power[0].size, dtype="float32").reshape(made.codes.shape)
    for day in (0, 12):
        store.radar(made, days=day, bands=("vv", "vh", "angle"), power=[*made.power, angle + day])
    store.labels(made)
    assert "incidence_angle" not in load(store, geobox=made.grid)
    scene = load(store, geobox=made.grid, angle="angle").compute()
    np.testing.assert_allclose(scene["incidence_angle"].values, angle + 6, rtol=1e-6)
    assert scene["incidence_angle"].attrs["units"] == "degree"


def test_beside_the_map_there_is_no_label(store, made):
    store.radar(made)
    half = invented(shape=(96, 48))
    store.labels(half)
    scene = load(store, geobox=made.grid, coverage=0.4).compute()
    assert (scene["landcover"].values[:, 48:] == IGNORE).all() and (scene["landcover"].values[:, :48] != IGNORE).all()


# Dates and tiles --------------------------------------------------------------------------------------------------


def test_two_frames_of_a_pass_are_one_date(store):
    left, right = invented("left", (96, 48), seed=1), invented("right", (96, 48), corner=(500_003.25 + 480, 5_000_007.75), seed=2)
    for chip in (left, right):
        store.both(chip)
    grid = GeoBox((96, 96), left.grid.affine, left.grid.crs)
    scene = load(store, geobox=grid).compute()
    assert scene.sizes["time"] == 1 and scene["valid"].values.all()
    np.testing.assert_array_equal(scene["backscatter"].values[0], np.concatenate([left.power, right.power], axis=2))


def test_ascending_and_descending_of_a_day_are_two_dates(store, made):
    store.radar(made, hours=-10, orbit="descending")
    store.both(made)
    assert load(store, geobox=made.grid).sizes["time"] == 2
    one = load(store, geobox=made.grid, orbit="descending")
    assert one.sizes["time"] == 1 and one["time"].values[0] == np.datetime64("2021-06-02T06:04:18")
    with pytest.raises(CatalogueError, match='orbit is "ascending" or "descending"; got \'up\''):
        load(store, geobox=made.grid, orbit="up")


def test_no_pass_from_that_side(store, made):
    with pytest.raises(CatalogueError, match="none of the 1 tiles is of an descending pass; they are ascending"):
        load(store.both(made), geobox=made.grid, orbit="descending")


def test_only_so_many_dates(store, made):
    for day in range(0, 60, 12):
        store.radar(made, days=day)
    store.labels(made)
    assert load(store, geobox=made.grid).sizes["time"] == 5
    days = load(store, geobox=made.grid, dates=3)["time"].values.astype("datetime64[D]")
    assert days.astype(str).tolist() == ["2021-06-02", "2021-06-26", "2021-07-20"]
    assert load(store, "2021-06-10/2021-06", geobox=made.grid).sizes["time"] == 2
    with pytest.raises(CatalogueError, match="dates is how many dates are wanted, 1 or more; got 0"):
        load(store, geobox=made.grid, dates=0)


def test_the_map_of_the_nearest_year(store, made):
    store.radar(made)
    other = invented(seed=9)
    store.labels(other, year=2019)
    store.labels(made, year=2020)
    assert load(store, geobox=made.grid).attrs["label_year"] == 2020
    scene = load(store, geobox=made.grid, year=2018).compute()
    np.testing.assert_array_equal(scene["landcover"].values, regroup(other.codes, "terramesh"))


def test_a_date_that_covers_too_little_is_left_out(store, made):
    store.both(made)
    store.radar(invented("part", (96, 60)), days=12)
    with pytest.warns(CatalogueWarning, match=r"1 of 2 dates cover less than 95% .* left out: 2021-06-14 \(62%\)"):
        assert load(store, geobox=made.grid).sizes["time"] == 1
    assert load(store, geobox=made.grid, coverage=0.6).sizes["time"] == 2


def test_every_date_covers_too_little(store, made):
    store.radar(invented("part", (96, 60)))
    store.labels(made)
    with pytest.raises(CatalogueError, match=r"no date covers 95% of the place; the best of 1, 2021-06-02, covers 62%. Ask for"):
        load(store, geobox=made.grid)


def test_the_map_covers_too_little(store, made):
    store.radar(made)
    store.labels(invented("part", (48, 96)))
    with pytest.raises(CatalogueError, match=r"the land cover of 2021 covers 50% of the place, less than 95%; .* coverage="):
        load(store, geobox=made.grid)


# What is wrong with what is there ---------------------------------------------------------------------------------


def test_nothing_in_that_time(store, made):
    with pytest.raises(CatalogueError, match=r"no Sentinel-1 at \(9, 45.14, .*\) in '2013'. It has flown since October 2014"):
        load(store.both(made), "2013", geobox=made.grid)


def test_nothing_at_that_place(store, made):
    with pytest.raises(CatalogueError, match=r"no Sentinel-1 at \(20, 10, 20.1, 10.1\)"):
        load(store.both(made), bbox=(20, 10, 20.1, 10.1))


def test_no_land_cover_there(store, made):
    store.radar(made)
    store.labels(invented(corner=(700_000, 5_100_000)))
    with pytest.raises(CatalogueError, match=r"no land cover there: .* has none at"):
        load(store, geobox=made.grid)


def test_a_polarisation_is_missing(store, made):
    store.radar(made, bands=("vv",))
    store.labels(made)
    with pytest.raises(CatalogueError, match=r"no polarisation 'vh' in any of the 1 tiles \(first: S1_made_0_0 with vv\). Over"):
        load(store, geobox=made.grid)
    store.radar(made, bands=("hh", "hv"), days=1)
    store.radar(made, days=2)
    with pytest.warns(CatalogueWarning, match="2 of 3 tiles lack a polarisation and were left out"):
        assert load(store, geobox=made.grid).sizes["time"] == 1


def test_other_names_of_the_bands(store, made):
    store.radar(made, bands=("VV", "VH"))
    store.labels(made, asset="classes")
    assert equal(load(store, geobox=made.grid, polarisations=("VV", "VH"), label="classes"), made)
    with pytest.raises(CatalogueError, match=r"LC_made_2021 has no asset 'map' but classes; say label="):
        load(store, geobox=made.grid, polarisations=("VV", "VH"))


def test_several_crs_in_the_area(store, made):
    store.both(made)
    chip = invented("zone33")
    chip.grid = GeoBox.from_bbox(made.grid.extent.to_crs("EPSG:32633").boundingbox, "EPSG:32633", shape=(96, 96))
    store.radar(chip, days=12)
    store.radar(made, days=24)
    box = box_of(made.grid, 0.45)
    with pytest.raises(CatalogueError, match=r"in 2 coordinate reference systems: EPSG:32632 \(2\), EPSG:32633 \(1\). Choose"):
        load(store, bbox=box, coverage=0)
    scene = load(store, bbox=box, crs="EPSG:32632", coverage=0)
    assert scene.sizes["time"] == 3 and scene.odc.geobox.crs.epsg == 32632
    top, left = (round(v) for v in (~made.grid.affine * scene.odc.geobox.affine[2:6:3])[::-1])
    np.testing.assert_array_equal(scene["backscatter"].values[0, 0, 0], made.power[0, top, left : left + scene.sizes["x"]])


def test_codes_of_another_legend(store, made):
    store.both(made)
    with pytest.raises(LegendError, match="the legend worldcover has no code 1, 2"):
        load(store, geobox=made.grid, legend="worldcover")["landcover"].compute()


def test_the_codes_of_io_lulc(store, made):
    made.codes[:] = np.resize([0, 1, 2, 4, 5, 7, 8, 9, 10, 11], made.codes.shape)
    store.both(made)
    found = load(store, geobox=made.grid, legend="io-lulc")["landcover"].values[0, :10]
    assert found.tolist() == [IGNORE, 6, 0, 7, 3, 4, 5, 8, IGNORE, 2]
    store.items.clear()
    made.codes[0, 0] = 3
    store.both(made)
    with pytest.raises(SceneError, match="the legend io-lulc has no code 3"):
        load(store, geobox=made.grid, legend="io-lulc")["landcover"].compute()


def test_the_codes_of_lc100(store, made):
    made.codes[:] = np.resize([111, 124, 20, 30, 40, 50, 60, 80, 90, 70, 200, 0, 255], made.codes.shape)
    store.both(made)
    found = load(store, geobox=made.grid, legend="lc100")["landcover"].values[0, :13]
    assert found.tolist() == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 6, IGNORE, IGNORE]


# What is wrong with the question ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bbox, message",
    [
        (None, "say where: bbox="),
        ((1, 2, 3), r"bbox is four numbers, west, south, east, north in degrees; got \(1, 2, 3\)"),
        ("here", "bbox is four numbers"),
        ((500000, 4990000, 500100, 5000000), "bbox is west, south, east, north in degrees of longitude and latitude"),
        ((9, 46, 10, 45), "the south of bbox, 46, is not below its north, 45"),
        ((179, 45, -179, 46), "the west of bbox, 179, is not below its east, -179. Across the 180th meridian"),
    ],
)
def test_no_place(store, made, bbox, message):
    with pytest.raises(CatalogueError, match=message):
        load(store.both(made), bbox=bbox)


@pytest.mark.parametrize(
    "time, message",
    [("summer", "no time 'summer'; write 2021"), ("2021/2020", "ends before it begins"), ("1/2/3", "no t"), (("1",) * 3, "no t")],
)
def test_no_time(store, made, time, message):
    with pytest.raises(CatalogueError, match=message):
        load(store.both(made), time, geobox=made.grid)


def test_no_grid(store, made):
    store.both(made)
    with pytest.raises(CatalogueError, match="no coordinate reference system 'utm32'"):
        load(store, bbox=box_of(made.grid), crs="utm32")
    with pytest.raises(CatalogueError, match="EPSG:4326 is in degrees; scenes are in metres"):
        load(store, bbox=box_of(made.grid), crs="EPSG:4326")


def test_catalogues_by_name():
    assert set(NAMED) == {"planetary-computer", "planetary-computer-io", "digital-earth-africa"}
    assert catalogue_of("planetary-computer").legend == "worldcover" and catalogue_of("planetary-computer-io").legend == "io-lulc"
    assert catalogue_of("digital-earth-africa").legend == "lc100" and catalogue_of("digital-earth-africa").angle == "angle"
    with pytest.raises(CatalogueError, match=r"no catalogue 'planetary-computr'; did you mean 'planetary-computer'\? The addr"):
        catalogue_of("planetary-computr")
    with pytest.raises(CatalogueError, match="Earth Search has Sentinel-1 only in radar geometry .* 'planetary-computer' has"):
        catalogue_of("earth-search")
    with pytest.raises(CatalogueError, match="what legend do the classes of 'mine' have"):
        catalogue_of("https://example.org/stac", labels="mine")
    assert catalogue_of(Catalogue("x", legend="lc100"), radar="s1").radar == "s1"


def test_no_catalogue_at_all(made):
    with pytest.raises(CatalogueError, match="a catalogue is a name, an address, a Catalogue or an open Datacube; got 5"):
        load(None, catalogue=5, geobox=made.grid)


def test_no_such_collection(store, made):
    with pytest.raises(CatalogueError, match=f"the catalogue has no collection 'esa'; it has {LABELS}, {RADAR}"):
        load(store.both(made), geobox=made.grid, labels="esa")


# Servers ----------------------------------------------------------------------------------------------------------


def test_answers_on_several_pages(server, store, made):
    for day in (12, 24, 36):
        store.radar(made, days=day)
    server.page = 2
    assert load(store, catalogue=server.api, geobox=made.grid).sizes["time"] == 4


def test_a_busy_server_is_asked_again(server, made):
    server.busy = 2
    assert load(None, catalogue=server.api, geobox=made.grid).sizes["time"] == 1
    server.busy = 99
    with pytest.raises(CatalogueError, match=r"/stac (answers 503|cannot be reached)"):
        load(None, catalogue=server.api, geobox=made.grid)


@pytest.mark.parametrize(
    "page, status, text, message",
    [
        ("/stac", 200, "<html>moved</html>", r"does not answer as a STAC catalogue does .* Is the address right\?"),
        ("/stac", 200, "[1, 2]", r"does not answer as a STAC catalogue does \(it is 'list', not a catalogue\)"),
        ("/stac", 200, '{"message": "hello"}', r"does not answer as a STAC catalogue does"),
        ("/stac", 404, "nothing here", r"there is no catalogue at http://127.*/stac; is the address right"),
        ("/stac", 500, "oh no", r"/stac (answers 500|cannot be reached)"),
        ("/stac/search", 200, "<html>", r"does not answer as a STAC catalogue does"),
        ("/stac/search", 200, '{"type": "FeatureCollection", "features": [{"id": "x"}]}', r"does not answer as a STAC catalogue"),
        ("/stac/search", 400, '{"description": "bbox too large"}', r"answers 400 .*bbox too large.*ask for less at once"),
    ],
)
def test_a_catalogue_that_answers_nonsense(server, made, page, status, text, message):
    server.answers[page] = (status, text)
    with pytest.raises(CatalogueError, match=message):
        load(None, catalogue=server.api, geobox=made.grid)


def test_an_api_that_cannot_search(server, made):
    landing = server.landing() | {"conformsTo": []}
    server.answers["/stac"] = (200, json.dumps(landing))
    with pytest.raises(CatalogueError, match="does not answer as a STAC catalogue does"):
        load(None, catalogue=server.api, geobox=made.grid)


def test_no_server_at_all(monkeypatch, made):
    monkeypatch.setattr(stac, "TRIES", 0)
    with pytest.raises(CatalogueError, match=r"127.0.0.1:9/stac cannot be reached .* Is there a network\? Nothing was written"):
        load(None, catalogue="http://127.0.0.1:9/stac", geobox=made.grid)


def test_no_catalogue_file(tmp_path, made):
    with pytest.raises(CatalogueError, match=r"there is no catalogue at .*nothing.json; is the address right"):
        load(None, catalogue=str(tmp_path / "nothing.json"), geobox=made.grid)


def test_a_file_of_the_catalogue_that_is_gone(store, made):
    item = store.radar(made, told=False)
    store.labels(made)
    (store.folder / RADAR / "S1_made_0_0_vv.tif").unlink()
    with pytest.raises(CatalogueError, match=r"S1_made_0_0_vv.tif is in the catalogue but cannot be read"):
        load(store, bbox=box_of(made.grid, 0.2))
    assert item["id"] == "S1_made_0_0"


# Tokens -----------------------------------------------------------------------------------------------------------

BLOB = "https://sentinel1euwestrtc.blob.core.windows.net/sentinel1-grd-rtc/GRD/iw-vv.rtc.tiff"


def test_a_token_is_asked_for_once_and_only_where_it_is_needed(server):
    server.answers["/token/sentinel1euwestrtc/sentinel1-grd-rtc"] = (200, '{"token": "sig=abc", "msft:expiry": "later"}')
    sign = AzureSigner(f"{server.url}/token")
    assert sign(BLOB) == sign(BLOB) == f"{BLOB}?sig=abc" and sign("/a/file.tif") == "/a/file.tif"
    assert len(server.log) == 1
    sign.LASTS = -1
    sign(BLOB)
    assert len(server.log) == 2


@pytest.mark.parametrize(
    "status, text, message",
    [(401, "", "to account holders only: put your key into PC_SDK_SUBSCRIPTION_KEY"), (200, "<html>", "gave no token for .* 200"),
     (500, "", "gave no token for sentinel1euwestrtc/sentinel1-grd-rtc but 500")],
)  # fmt: skip
def test_no_token(server, status, text, message):
    server.answers["/token/sentinel1euwestrtc/sentinel1-grd-rtc"] = (status, text)
    with pytest.raises(CatalogueError, match=message):
        AzureSigner(f"{server.url}/token")(BLOB)


def test_no_service_for_tokens():
    with pytest.raises(CatalogueError, match=r"127.0.0.1:9/token cannot be reached .* Is there a network"):
        AzureSigner("http://127.0.0.1:9/token")(BLOB)


def test_public_buckets_need_no_account():
    assert public_bucket("s3://deafrica-sentinel-1/s1_rtc/a.tif") == "https://deafrica-sentinel-1.s3.af-south-1.amazonaws.com/s1_rtc/a.tif"
    assert public_bucket("https://x.org/a.tif") == "https://x.org/a.tif"


def test_a_new_try_gets_past_what_gdal_remembers():
    assert stac.own_address("https://x.org/a.tif?sig=1", 7) == "/vsicurl/https://x.org/a.tif?sig=1#7"
    assert stac.own_address("/data/a.tif", 7) == "/data/a.tif"


def test_items_are_found_once_and_with_their_times(server, store, made):
    store.items.append(store.items[0])
    found = stac.find_items(server.api, RADAR, box_of(made.grid))
    assert [item.id for item in found] == ["S1_made_0_0"]
    assert stac.moment_of(found[0]) == np.datetime64(datetime(2021, 6, 2, 16, 4, 18))
