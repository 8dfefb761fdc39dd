"""Basins that were read once are kept, until a file that they came from changes."""

from __future__ import annotations

import os
from itertools import permutations

import pytest
import xarray as xr
from camels_like import AREAS, edit, forcing_file, write_camels

from dla_widgets.streamflow.basin_cache import KEPT
from dla_widgets.streamflow.basins import attributes
from dla_widgets.streamflow.camels import CamelsWarning, ForcingError, load_camels

BASINS = list(AREAS)


@pytest.fixture
def root(tmp_path):
    return write_camels(tmp_path / "camels_us")


def test_kept_basins_are_those_that_were_read(root, tmp_path):
    fresh = load_camels(root, flags=True, cache=False)
    first = load_camels(root, flags=True, cache=tmp_path / "kept")
    again = load_camels(root, flags=True, cache=tmp_path / "kept")
    xr.testing.assert_identical(first, fresh)
    xr.testing.assert_identical(again, fresh)
    assert all(again[name].dtype == fresh[name].dtype for name in fresh.variables)
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".nc"]


def edit_unnoticed(path):
    """Make the first day's length 33333.33 s, but leave the file's size and time as they are."""
    times, dayl = path.stat(), path.read_text().split("\n")[4].split("\t")[1]
    edit(path, 5, lambda line: line.replace(dayl, "33333.33"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_kept_basins_are_used_until_a_source_changes(root, tmp_path):
    before = load_camels(root, cache=tmp_path / "kept")
    edit_unnoticed(forcing_file(root, BASINS[0]))
    xr.testing.assert_identical(load_camels(root, cache=tmp_path / "kept"), before)
    os.utime(forcing_file(root, BASINS[0]))
    assert float(load_camels(root, cache=tmp_path / "kept")["dayl"][0, 0]) == pytest.approx(33333.33)


def test_a_damaged_kept_file_is_made_again(root, tmp_path):
    before = load_camels(root, cache=tmp_path)
    kept = next(tmp_path.glob("camels-*.nc"))
    kept.write_bytes(kept.read_bytes()[:1000])
    xr.testing.assert_identical(load_camels(root, cache=tmp_path), before)
    xr.testing.assert_identical(load_camels(root, cache=tmp_path), before)


def test_warnings_come_again_from_what_was_kept(root, tmp_path):
    edit(forcing_file(root, BASINS[1]), 9, "broken")
    for _ in range(2):
        with pytest.warns(CamelsWarning, match="skipped 1 of 3 basins: 01000002"):
            load_camels(root, on_error="skip", cache=tmp_path)
    with pytest.raises(ForcingError):
        load_camels(root, cache=tmp_path)


def test_a_folder_that_cannot_be_written_to_is_a_warning(root, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(CamelsWarning, match=r"what was read is not kept: .* set DLA_CACHE"):
        basins = load_camels(root, cache=tmp_path / "file" / "kept")
    assert len(basins["basin"]) == 3


def test_only_the_latest_selections_are_kept(root, tmp_path):
    kept = []
    for chosen in [*permutations(BASINS)][:4] * 2 + [[BASINS[0]], [BASINS[1]], [BASINS[2]], BASINS[:2]]:
        load_camels(root, chosen, cache=tmp_path / "kept")
        kept.append(set((tmp_path / "kept").iterdir()))
    assert [len(names) for names in kept] == [1, 2, 3, 4, 4, 4, 4, 4, 5, 6, KEPT, KEPT]
    assert kept[-1] - kept[-2] and kept[7] & kept[-1]


def test_what_was_used_lately_is_kept(root, tmp_path):
    favourite, *others = [*permutations(BASINS), BASINS[:1], BASINS[1:2], BASINS[2:]]
    before = load_camels(root, favourite, cache=tmp_path / "kept")
    edit_unnoticed(forcing_file(root, BASINS[0]))
    for chosen in others:
        load_camels(root, chosen, cache=tmp_path / "kept")
        xr.testing.assert_identical(load_camels(root, favourite, cache=tmp_path / "kept"), before)


def test_chunks_are_lazy_and_hold_the_same(root, tmp_path):
    for cache in (tmp_path / "kept", False):
        lazy = load_camels(root, chunks={"basin": 2}, cache=cache)
        assert lazy["prcp"].chunks[0] == (2, 1) and lazy["dom_land_cover"].dtype.kind == "U"
        assert attributes(lazy) == attributes(load_camels(root))
        xr.testing.assert_identical(lazy.compute(), load_camels(root, cache=False))
