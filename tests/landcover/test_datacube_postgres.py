"""The same chips in a datacube index on a real PostgreSQL: the same scene as from the catalogue and as the chip itself.

The test starts a server of its own, see postgres.py.
"""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from odc.geo.geobox import GeoBox
from postgres import Cluster
from stac_like import NAMES, Store, invented, real_chip

from dla_widgets.landcover.catalogues import CatalogueError
from dla_widgets.landcover.datacube import load_scene
from dla_widgets.landcover.legend import regroup
from dla_widgets.landcover.store import open_scene, write_store

datacube = pytest.importorskip("datacube", reason='no datacube: pip install "dla-course-kit[datacube]"')
pytest.importorskip("psycopg2", reason='no psycopg2: pip install "dla-course-kit[datacube]"')

from dla_widgets.landcover.cube_index import PRODUCTS, add_products, dataset_document, index_files  # noqa: E402


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as running:
        yield running


@pytest.fixture(scope="module")
def empty(cluster):
    """An index without products."""
    from datacube.cfg import ODCConfig
    from datacube.index import index_connect

    config = ODCConfig(raw_dict={"default": {"index_driver": "postgres", "db_url": cluster.url}})
    index = index_connect(config["default"], validate_connection=False)
    index.init_db()
    yield datacube.Datacube(index=index)
    index.close()


@pytest.fixture(scope="module")
def chips(request, tmp_path_factory):
    """Chips, invented ones and the real ones where they are, in a STAC catalogue of COGs."""
    store, sheets = Store(tmp_path_factory.mktemp("chips")), [invented(), invented("tile", corner=(600_000, 5_000_000), seed=4)]
    try:
        folder = request.getfixturevalue("real_data") / "sentinel1" / "terramesh"
        sheets += [real_chip(folder, path.stem) for path in sorted((folder / "S1RTC").glob("*.tif"))]
    except pytest.skip.Exception:
        pass
    for sheet in sheets:
        store.both(sheet)
    return store, sheets


@pytest.fixture(scope="module")
def cube(empty, chips):
    """The same files in the index."""
    assert add_products(empty) == ["cgls_landcover", "s1_rtc"] and add_products(empty) == []
    for item in chips[0].items:
        files = {band: asset["href"] for band, asset in item["assets"].items()}
        if "map" in files:
            index_files(empty, "cgls_landcover", {"classification": files["map"]}, item["properties"]["datetime"][:-1])
        else:
            index_files(empty, "s1_rtc", files, item["properties"]["datetime"][:-1], {"sat:orbit_state": "ascending"})
    return empty


def load(cube, sheet, **options):
    return load_scene(time=str(sheet.when.year), catalogue=cube, **{"geobox": sheet.grid, "legend": "terramesh", **options})


def test_both_doors_and_the_chip_agree(cube, chips):
    store, sheets = chips
    path = store.write()
    for sheet in sheets:
        scene = load(cube, sheet)
        assert scene["backscatter"].chunks is not None, "lazy"
        scene = scene.compute()
        np.testing.assert_array_equal(scene["backscatter"].values[0], sheet.power, sheet.name)
        np.testing.assert_array_equal(scene["landcover"].values, regroup(sheet.codes, "terramesh"))
        other = load_scene(geobox=sheet.grid, time=str(sheet.when.year), catalogue=path, **NAMES).compute()
        for name in other.variables:
            np.testing.assert_array_equal(scene[name].values, other[name].values, f"{sheet.name}: {name}")
        assert scene.odc.geobox == other.odc.geobox == sheet.grid and scene.attrs["source"] == "datacube: s1_rtc, cgls_landcover"


@pytest.mark.parametrize("factor", [2, 3])
def test_both_doors_resample_alike(cube, chips, factor):
    store, (sheet, *_) = chips
    n = 96 // factor
    grid = GeoBox((n, n), sheet.grid.affine @ sheet.grid.affine.scale(factor), sheet.grid.crs)
    scene, other = (load(c, sheet, geobox=grid, **o).compute() for c, o in ((cube, {}), (store.write(), NAMES)))
    means = sheet.power.reshape(2, n, factor, n, factor).mean(axis=(2, 4))
    for one in (scene, other):
        np.testing.assert_allclose(one["backscatter"].values[0], means, rtol=1e-5)
    np.testing.assert_array_equal(scene["landcover"].values, other["landcover"].values)


def test_by_place_and_time(cube, chips):
    sheet = chips[1][0]
    box = sheet.grid.extent.to_crs("EPSG:4326").boundingbox
    inside = (box.left + 0.003, box.bottom + 0.002, box.right - 0.003, box.top - 0.002)
    scene = load(cube, sheet, geobox=None, bbox=inside).compute()
    top, left = (round(v) for v in (~sheet.grid.affine @ scene.odc.geobox.affine[2:6:3])[::-1])
    here = (slice(top, top + scene.sizes["y"]), slice(left, left + scene.sizes["x"]))
    assert 40 < scene.sizes["x"] < 70 and scene.sizes["time"] == 1
    np.testing.assert_array_equal(scene["backscatter"].values[0], sheet.power[:, *here])
    with pytest.raises(CatalogueError, match="no Sentinel-1 at .* in '2014'"):
        load_scene(geobox=sheet.grid, time="2014", catalogue=cube)
    with pytest.raises(CatalogueError, match="no Sentinel-1 at"):
        load_scene((20, 10, 20.1, 10.1), "2021", catalogue=cube)


def test_it_is_stored_like_any_other(cube, chips, tmp_path):
    sheet = chips[1][1]
    scene = load(cube, sheet)
    back = open_scene(write_store(scene, tmp_path / "a.zarr", progress=False))
    np.testing.assert_array_equal(back["backscatter"].values[0], sheet.power)


def test_the_same_files_again_are_the_same_dataset(cube, chips, tmp_path):
    item = next(i for i in chips[0].items if "vv" in i["assets"])
    files = {band: asset["href"] for band, asset in item["assets"].items()}
    count = len(cube.find_datasets(product="s1_rtc"))
    index_files(cube, "s1_rtc", files, item["properties"]["datetime"][:-1], {"sat:orbit_state": "ascending"})
    assert len(cube.find_datasets(product="s1_rtc")) == count


def test_no_data_is_nan(cube, tmp_path):
    sheet = invented("gaps", corner=(400_000, 4_800_000), seed=8)
    power = sheet.power.copy()
    power[0, :9] = np.nan  # written as -32768
    more = Store(tmp_path)
    radar = more.radar(sheet, power=power)
    more.labels(sheet)
    files, classes = ({b: a["href"] for b, a in item["assets"].items()} for item in more.items)
    index_files(cube, "s1_rtc", files, radar["properties"]["datetime"][:-1])
    index_files(cube, "cgls_landcover", {"classification": classes["map"]}, "2021-01-01")
    scene = load(cube, sheet).compute()
    np.testing.assert_array_equal(scene["backscatter"].values[0], power)
    assert not scene["valid"].values[:9].any() and scene["valid"].values[9:].all()
    half = GeoBox((48, 48), sheet.grid.affine @ sheet.grid.affine.scale(2), sheet.grid.crs)
    coarse = load(cube, sheet, geobox=half).compute()["backscatter"].values[0]
    means = np.nanmean(power.reshape(2, 48, 2, 48, 2)[:, 4:], axis=(2, 4))
    np.testing.assert_allclose(coarse[:, 4:], means, rtol=1e-5)
    assert np.isnan(coarse[0, :4]).all()


def test_two_tiles_of_a_pass_that_lie_on_two_grids(cube, tmp_path):
    """In two UTM zones; each is brought to the grid from its own pixels."""
    west = invented("west", corner=(300_000, 4_700_000), seed=10)
    outline = GeoBox((96, 96), west.grid.translate_pix(90, 0).affine, west.grid.crs).extent
    east = invented("east", (98, 98), seed=11)
    east.grid = GeoBox.from_bbox(outline.to_crs("EPSG:32631").boundingbox, "EPSG:32631", shape=(98, 98))
    more = Store(tmp_path)
    for sheet in (west, east):
        files = {b: a["href"] for b, a in more.radar(sheet)["assets"].items()}
        index_files(cube, "s1_rtc", files, sheet.when.isoformat())
        index_files(cube, "cgls_landcover", {"classification": more.labels(sheet)["assets"]["map"]["href"]}, "2021-01-01")
    both = GeoBox((96, 180), west.grid.affine, west.grid.crs)
    scene = load(cube, west, geobox=both).compute()
    assert scene.sizes["time"] == 1 and scene["valid"].values.mean() > 0.99
    np.testing.assert_array_equal(scene["backscatter"].values[0, :, :, :80], west.power[:, :, :80])
    assert abs(scene["backscatter"].values[0, 0, :, 100:].mean() / east.power[0].mean() - 1) < 0.05
    with pytest.raises(CatalogueError, match="lie in 2 coordinate reference systems: EPSG:32632 .1., EPSG:32631 .1."):
        box = both.extent.to_crs("EPSG:4326").boundingbox
        load(cube, west, geobox=None, bbox=tuple(box))


def test_a_polarisation_is_missing(cube, tmp_path):
    sheet = invented("single", corner=(350_000, 4_600_000), seed=12)
    more = Store(tmp_path)
    files = {b: a["href"] for b, a in more.radar(sheet, bands=("vv",))["assets"].items()}
    with pytest.raises(CatalogueError, match=r"the index does not take S1_single_0_0_vv as s1_rtc: .*not specifying all of the"):
        index_files(cube, "s1_rtc", files, "2021-06-01")
    single = yaml.safe_load((PRODUCTS / "s1_rtc.yaml").read_text())
    single |= {"name": "s1_vv", "metadata": {"product": {"name": "s1_vv"}}, "measurements": single["measurements"][:1]}
    cube.index.products.add(cube.index.products.from_doc(single))
    index_files(cube, "s1_vv", files, "2021-06-01")
    with pytest.raises(CatalogueError, match=r"no polarisation 'vh' in any of the 1 tiles \(first: S1_single_0_0_vv with vv\)"):
        load(cube, sheet, radar="s1_vv")


def test_files_on_two_grids_are_not_one_dataset(chips):
    items = [i for i in chips[0].items if "vv" in i["assets"]]
    files = {"vv": items[0]["assets"]["vv"]["href"], "vh": items[1]["assets"]["vh"]["href"]}
    with pytest.raises(CatalogueError, match=r"the files of one dataset lie on one grid; these do not: .*vv.tif, .*vh.tif"):
        dataset_document("s1_rtc", files, "2021-01-01")


def test_a_product_that_the_index_does_not_have(cube, chips):
    with pytest.raises(CatalogueError, match=r"the index has no product 'sentinel1'; it has cgls_landcover, s1_rtc.*add_pro"):
        load(cube, chips[1][0], radar="sentinel1")
    with pytest.raises(CatalogueError, match="the index does not take .* as s1_rtc"):
        index_files(cube, "s1_rtc", {"hh": chips[0].items[0]["assets"]["vv"]["href"]}, "2021-01-01")
    with pytest.raises(CatalogueError, match="what legend do the classes of 'mine' have"):
        load(cube, chips[1][0], labels="mine", legend="")


def test_no_index_answers(monkeypatch, tmp_path):
    (tmp_path / "datacube.conf").write_text(f"[default]\ndb_url: postgresql+psycopg2://dla@/dla?host={tmp_path}\n")
    monkeypatch.setenv("ODC_CONFIG_PATH", str(tmp_path / "datacube.conf"))
    with pytest.raises(CatalogueError, match=r"no datacube index answers: .*. `datacube system check` tells .*needs none"):
        load_scene((9, 45, 9.1, 45.1), "2021", catalogue="datacube")
    with pytest.raises(CatalogueError, match="no datacube index answers"):
        load_scene((9, 45, 9.1, 45.1), "2021", catalogue="datacube:elsewhere")


def test_the_driver_that_sqlalchemy_takes_for_granted(monkeypatch, tmp_path):
    """SQLAlchemy 2.1 looks for psycopg 3 where an address says postgresql:// only, and datacube then asks for psycopg2."""
    (tmp_path / "datacube.conf").write_text("[default]\ndb_url: postgresql://dla@/dla\n")
    monkeypatch.setenv("ODC_CONFIG_PATH", str(tmp_path / "datacube.conf"))
    missing = datacube.index.exceptions.IndexSetupError("psycopg2 is required to work with the database.")
    monkeypatch.setattr(datacube, "Datacube", lambda **_: (_ for _ in ()).throw(missing))
    with pytest.raises(CatalogueError, match=r"psycopg2 is required .*where db_url begins with postgresql\+psycopg2://"):
        load_scene((9, 45, 9.1, 45.1), "2021", catalogue="datacube")


def test_an_index_by_its_configuration(cluster, cube, chips, monkeypatch, tmp_path):
    (tmp_path / "datacube.conf").write_text(f"[ours]\ndb_url: {cluster.url}\n")
    monkeypatch.setenv("ODC_CONFIG_PATH", str(tmp_path / "datacube.conf"))
    sheet = chips[1][0]
    np.testing.assert_array_equal(load("datacube:ours", sheet)["backscatter"].values[0], sheet.power)


def test_the_product_definitions_are_shipped():
    assert sorted(path.name for path in PRODUCTS.glob("*.yaml")) == ["cgls_landcover.yaml", "s1_rtc.yaml"]
