"""Fetching CAMELS-US from a server on this machine: interrupted, corrupted, in parts, without space."""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile

import numpy as np
import pytest
from camels_like import AREAS, naive, write_camels
from file_server import FileServer

from dla_widgets import download
from dla_widgets.download import FetchError, fetch
from dla_widgets.streamflow.archives import CAMELS, PICKED, TIME_SERIES, ZENODO, Archive, fetch_camels
from dla_widgets.streamflow.basins import BasinError
from dla_widgets.streamflow.camels import CamelsWarning, camels_root, load_camels

BASINS = list(AREAS)
TOP = "basin_dataset_public_v1p2"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder that the archive holds, and the files of the record: the archive with much besides, and the tables."""
    root = write_camels(tmp_path_factory.mktemp("published") / "camels_us", products=("daymet", "maurer"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(6):
            archive.writestr(f"{TOP}/hru_forcing/daymet/01/{n}.txt", np.random.default_rng(n).bytes(300_000))
        for path in sorted(root.rglob("*forcing_leap.txt")) + sorted(root.rglob("*_qc.txt")):
            archive.write(path, f"{TOP}/{path.relative_to(root)}")
        archive.writestr(
            f"{TOP}/elev_bands_forcing/daymet/01/01000001_lump_cida_forcing_leap.txt", "another file of that name"
        )
        archive.writestr(f"{TOP}/../../usgs_streamflow/01/../evil.txt", "somewhere else")
    files = {path.name: path.read_bytes() for path in (root / "camels_attributes_v2.0").iterdir()}
    return root, {TIME_SERIES: packed.getvalue(), **files}


@pytest.fixture
def server(published, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSES", (0.01, 0.01))
    with FileServer(dict(published[1])) as running:
        yield running


@pytest.fixture
def record(published):
    """What the record says of its files: size and checksum."""
    return {
        name: Archive(len(content), f"md5:{hashlib.md5(content).hexdigest()}") for name, content in published[1].items()
    }


@pytest.fixture
def get(server, record, tmp_path):
    """Fetch from the server into a folder."""

    def fetched(basins=BASINS[:1], **options):
        return fetch_camels(
            tmp_path / "fetched", basins, mirror=server.url, progress=False, **{"archives": record, **options}
        )

    return fetched


@pytest.fixture
def whole(monkeypatch):
    """Whatever is asked for, the archive comes as a whole."""
    monkeypatch.setattr("dla_widgets.streamflow.archives.PICKED", 0)


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def no_leftovers(folder):
    return not [name for name in files_in(folder) if name.endswith((".tmp", ".part", ".part-tag"))]


# What comes -------------------------------------------------------------------------------------------------------


def test_everything_is_fetched_and_loads(get, published, tmp_path, server):
    folder = get(basins=None)
    assert folder == tmp_path / "fetched" and no_leftovers(folder)
    expected = {
        str(path.relative_to(published[0])) for path in published[0].rglob("*.txt") if "maurer" not in str(path)
    }
    assert set(files_in(folder)) == expected | {TIME_SERIES}
    for name in expected:
        assert (folder / name).read_bytes() == (published[0] / name).read_bytes(), name
    basins = load_camels(folder, cache=False)
    np.testing.assert_allclose(basins["prcp"].sel(basin=BASINS[0]), naive(published[0], BASINS[0])["prcp"], rtol=2e-7)
    assert server.asked(TIME_SERIES) == [None], (
        "all basins are more than are picked: the archive comes as a whole, once"
    )


def test_a_few_basins_are_picked_out_of_the_archive_on_the_server(get, published, server):
    folder = get([BASINS[2]], products=["daymet", "maurer"])
    assert [name for name in files_in(folder) if "attributes" not in name] == [
        "basin_mean_forcing/daymet/02/02000003_lump_cida_forcing_leap.txt",
        "basin_mean_forcing/maurer/02/02000003_lump_maurer_forcing_leap.txt",
        "usgs_streamflow/02/02000003_streamflow_qc.txt",
    ]
    assert server.sent(TIME_SERIES) < len(published[1][TIME_SERIES]) / 2
    with pytest.warns(CamelsWarning, match="maurer"):
        assert load_camels(folder, forcing="maurer", cache=False)["basin"].values.tolist() == [BASINS[2]]


def test_a_server_that_gives_no_parts_gives_the_whole(get, server):
    server.parts = False
    folder = get()
    assert load_camels(folder, cache=False)["basin"].values.tolist() == BASINS[:1]
    assert (folder / TIME_SERIES).is_file()


def test_what_is_there_is_not_fetched_again(get, server):
    folder = get(BASINS[:2])
    before = {name: (folder / name).stat().st_mtime_ns for name in files_in(folder)}
    server.log.clear()
    get(BASINS[:2])
    assert not server.log
    get(BASINS)
    assert all((folder / name).stat().st_mtime_ns == time for name, time in before.items())
    assert load_camels(folder, cache=False)["basin"].values.tolist() == BASINS


def test_an_archive_that_is_there_is_not_fetched_again(get, server, whole):
    folder = get(BASINS[:1])
    server.log.clear()
    get(BASINS[:2], products=["daymet", "maurer"])
    assert not server.log
    assert len(files_in(folder / "basin_mean_forcing")) == 4


def test_the_mirror_may_come_from_the_environment(server, record, tmp_path, monkeypatch):
    monkeypatch.setenv("DLA_MIRROR", server.url + "/")
    fetch_camels(tmp_path / "a", BASINS[0], progress=False, archives=record)
    assert server.asked(TIME_SERIES)


def test_fetched_to_the_default_folder_it_is_found_again(server, record, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DLA_DATA", raising=False)
    assert fetch_camels(basins=BASINS[0], mirror=server.url, progress=False, archives=record) == camels_root()


def test_a_bar_shows_how_far_it_is(server, record, tmp_path, whole, capsys):
    fetch_camels(tmp_path / "a", BASINS[0], mirror=server.url, archives=record)
    shown = capsys.readouterr().err
    assert TIME_SERIES in shown and "100%" in shown and "files: 100%" in shown


# A bad connection -------------------------------------------------------------------------------------------------


def test_an_interrupted_download_goes_on_where_it_stopped(get, server, published, whole):
    size = len(published[1][TIME_SERIES])
    server.cuts[TIME_SERIES] = [700_000, 300_000, 5]
    folder = get()
    starts = [int(wanted[6:-1]) for wanted in server.asked(TIME_SERIES)[1:]]
    assert len(starts) == 3 and 680_000 < starts[0] <= 700_000 and 960_000 < starts[1] <= starts[2] <= 1_000_005
    assert size <= server.sent(TIME_SERIES) < size + 3 * (1 << 14) + 10
    assert no_leftovers(folder) and len(load_camels(folder, cache=False)["basin"]) == 1


def test_a_download_that_broke_off_goes_on_in_the_next_run(get, server, published, whole, tmp_path):
    server.cuts[TIME_SERIES] = [400_000, 0, 0, 0, 0]
    with pytest.raises(FetchError, match=r"stopped after 39\d.\d kB .* the same command goes on from there"):
        get()
    have = (tmp_path / "fetched" / f"{TIME_SERIES}.part").stat().st_size
    assert 380_000 < have <= 400_000
    assert not (tmp_path / "fetched" / TIME_SERIES).exists() and not (tmp_path / "fetched" / "usgs_streamflow").exists()
    server.log.clear()
    server.cuts.clear()
    assert no_leftovers(get())
    assert server.asked(TIME_SERIES) == [f"bytes={have}-"]
    assert server.sent(TIME_SERIES) == len(published[1][TIME_SERIES]) - have


def test_a_file_that_changed_in_between_starts_again(server, tmp_path):
    server.files["x"], server.tags["x"] = b"a" * 300_000, '"one"'
    server.cuts["x"] = [100_000, 0, 0, 0, 0]
    with pytest.raises(FetchError):
        fetch(f"{server.url}/x", tmp_path / "x", progress=False)
    server.files["x"], server.tags["x"] = b"b" * 300_000, '"two"'
    server.cuts.clear()
    assert set(fetch(f"{server.url}/x", tmp_path / "x", progress=False).read_bytes()) == set(b"b")


@pytest.mark.parametrize("known", [True, False])
def test_without_a_tag_it_goes_on_only_if_a_checksum_will_tell(server, tmp_path, known):
    content = np.random.default_rng(1).bytes(300_000)
    server.files["x"], server.tags["x"], server.cuts["x"] = content, 'W/"weak"', [100_000]
    checksum = f"md5:{hashlib.md5(content).hexdigest()}" if known else None
    assert fetch(f"{server.url}/x", tmp_path / "x", checksum, progress=False).read_bytes() == content
    first, second = server.asked("x")
    assert first is None and (second is not None) == known


def test_all_of_it_had_come_already(server, tmp_path):
    content = np.random.default_rng(0).bytes(1000)
    server.files["x"] = content
    (tmp_path / "x.part").write_bytes(content)
    (tmp_path / "x.part-tag").write_text('"one"')
    assert fetch(f"{server.url}/x", tmp_path / "x", progress=False).read_bytes() == content
    assert server.asked("x") == ["bytes=1000-"]
    (tmp_path / "x").unlink()
    (tmp_path / "x.sha256").unlink()
    (tmp_path / "x.part").write_bytes(content + b"too much")
    (tmp_path / "x.part-tag").write_text('"one"')
    assert fetch(f"{server.url}/x", tmp_path / "x", progress=False).read_bytes() == content


def test_a_busy_server_is_asked_again(get, server):
    server.busy["camels_topo.txt"] = 2
    assert load_camels(get(), cache=False)["lat"].notnull().all()
    server.busy["camels_vege.txt"] = 99
    (get() / "camels_attributes_v2.0" / "camels_vege.txt").unlink()
    with pytest.raises(FetchError, match=r"camels_vege.txt answers 503"):
        get()


def test_a_picked_file_survives_a_broken_connection(get, server):
    server.cuts[TIME_SERIES] = [10**9, 1000]
    assert load_camels(get(), cache=False)["basin"].values.tolist() == BASINS[:1]


def test_no_server_at_all(record, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSES", (0.01,))
    with pytest.raises(
        FetchError, match=r"cannot be reached: .* Is there a network[?] DLA_MIRROR names another server"
    ):
        fetch_camels(tmp_path / "a", BASINS[0], mirror="http://127.0.0.1:9", progress=False, archives=record)
    assert files_in(tmp_path) == []


def test_a_mirror_without_the_file(get, server):
    del server.files[TIME_SERIES]
    with pytest.raises(FetchError, match=f"{TIME_SERIES} answers 404 .*is the mirror right"):
        get()


# Damage -----------------------------------------------------------------------------------------------------------


def test_a_corrupted_download_is_fetched_once_more(get, server, published, whole):
    server.damages[TIME_SERIES] = [500_000]
    folder = get()
    assert server.asked(TIME_SERIES) == [None, None]
    assert (folder / TIME_SERIES).read_bytes() == published[1][TIME_SERIES] and no_leftovers(folder)


def test_a_download_corrupted_twice_is_an_error_and_nothing_is_left(get, server, whole, tmp_path, record):
    server.damages[TIME_SERIES] = [500_000] * 9
    with pytest.raises(
        FetchError, match=f"{TIME_SERIES} arrived damaged twice: .* {record[TIME_SERIES].checksum}. Try again later"
    ):
        get()
    assert len(server.asked(TIME_SERIES)) == 2
    assert all("attributes" in name for name in files_in(tmp_path / "fetched")) and no_leftovers(tmp_path)


def test_a_table_that_was_damaged_on_the_disk_is_fetched_again(get, published):
    folder = get()
    table = folder / "camels_attributes_v2.0" / "camels_topo.txt"
    table.write_text("half of it")
    get()
    assert table.read_bytes() == published[1]["camels_topo.txt"]


def test_a_picked_file_that_arrives_damaged_is_read_once_more(get, server, published, tmp_path):
    name = b"usgs_streamflow/01/01000001_streamflow_qc.txt"
    inside = published[1][TIME_SERIES].index(name) + len(name) + 500
    server.damages[TIME_SERIES] = [inside] * 2
    with pytest.raises(FetchError, match=r"01000001_streamflow_qc.txt arrived damaged twice"):
        get()
    assert not (tmp_path / "fetched" / "usgs_streamflow").exists() and no_leftovers(tmp_path)
    assert not server.damages[TIME_SERIES]
    server.damages[TIME_SERIES] = [inside]
    assert load_camels(get(), cache=False)["discharge"].notnull().any()
    assert not server.damages[TIME_SERIES]


def test_an_archive_that_is_none(server, record, tmp_path):
    server.files[TIME_SERIES] = b"<html>Service moved</html>" * 100
    with pytest.raises(FetchError, match=r"the archive of CAMELS-US is damaged .*another mirror"):
        fetch_camels(tmp_path / "a", BASINS[0], mirror=server.url, progress=False, archives=record)


def test_where_no_checksum_is_published_the_first_download_is_recorded(server, tmp_path):
    server.files["x"] = b"first"
    path = fetch(f"{server.url}/x", tmp_path / "x", progress=False)
    assert (tmp_path / "x.sha256").read_text() == f"{hashlib.sha256(b'first').hexdigest()}  x\n"
    path.write_bytes(b"spoilt")
    assert fetch(f"{server.url}/x", tmp_path / "x", progress=False).read_bytes() == b"first"
    path.unlink()
    server.files["x"] = b"other"
    with pytest.raises(FetchError, match=r"x arrived damaged twice: .*sha256:"):
        fetch(f"{server.url}/x", tmp_path / "x", progress=False)


# Before anything comes --------------------------------------------------------------------------------------------


def test_no_space_is_an_error_before_anything_is_downloaded(get, server, record, tmp_path):
    huge = {**record, TIME_SERIES: Archive(10**16, record[TIME_SERIES].checksum)}
    with pytest.raises(
        FetchError, match=r"CAMELS-US needs 10000.\d TB in .*, where .*B is free. Nothing was downloaded; free"
    ):
        get(basins=None, archives=huge)
    assert not server.log and not (tmp_path / "fetched").exists()
    assert get(BASINS[:1], archives=huge), "a few basins out of a huge archive need little"


def test_no_space_for_the_whole_where_parts_are_not_given(get, server, record):
    server.parts = False
    with pytest.raises(FetchError, match=r"of which this server gives no parts, needs 10000.0 TB"):
        get(archives={**record, TIME_SERIES: Archive(10**16, None)})
    assert server.sent(TIME_SERIES) < 2 * len(server.files[TIME_SERIES])


def test_a_misspelt_basin_or_product_before_the_archive(get, server):
    with pytest.raises(BasinError, match=r"no basin '1000002' in CAMELS-US \(3 basins, .*did you mean '01000002'"):
        get(["1000002"])
    with pytest.raises(BasinError, match="no forcing product 'daimet'; CAMELS-US has daymet, maurer, nldas"):
        get(products="daimet")
    assert not server.asked(TIME_SERIES)


def test_what_the_archive_lacks_is_named(get, tmp_path):
    with pytest.raises(FetchError, match=r"lacks 1 of the 2 files asked for: 01000001 \(basin_mean_forcing/nldas\)"):
        get(BASINS[:1], products="nldas")
    assert (tmp_path / "fetched" / "usgs_streamflow" / "01" / "01000001_streamflow_qc.txt").is_file()
    with pytest.warns(CamelsWarning, match="lacks 3 of the 5 files"):
        get(None, products="nldas")


def test_the_published_record_is_the_real_one(real_data):
    """The tables at hand have the sizes and checksums that the table of archives gives for them."""
    assert ZENODO.endswith("15529996/files") and CAMELS[TIME_SERIES].size > 3e9 and len(CAMELS) == 9
    assert PICKED < 2 * 671
    for name, archive in CAMELS.items():
        if name != TIME_SERIES:
            content = (real_data / "camels_us" / "camels_attributes_v2.0" / name).read_bytes()
            assert (len(content), f"md5:{hashlib.md5(content).hexdigest()}") == (archive.size, archive.checksum), name


def test_nothing_of_this_warns(get):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        get()
