"""CAMELS-US text as published, read into the schema; and what is said where it is not as published."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from camels_like import AREAS, COLUMNS, assert_like_pandas, edit, forcing_file, naive, streamflow_file, write_camels
from hypothesis import given, settings
from hypothesis import strategies as st

from dla_widgets.streamflow.basins import BasinError, attributes, check_schema, forcings
from dla_widgets.streamflow.camels import (
    CamelsError,
    CamelsWarning,
    ForcingError,
    StreamflowError,
    camels_root,
    load_camels,
)
from dla_widgets.streamflow.gauge_text import read_forcing, read_streamflow

BASINS = list(AREAS)


@pytest.fixture
def root(tmp_path):
    return write_camels(tmp_path / "camels_us")


# What is read ----------------------------------------------------------------------------------------------------


def test_reads_all_basins_of_a_folder_into_the_schema(root):
    basins = check_schema(load_camels(root))
    assert list(basins["basin"].values) == BASINS
    assert forcings(basins) == ["prcp", "srad", "tmax", "tmin", "vp", "swe", "dayl"]
    assert dict(basins.sizes) == {"basin": 3, "time": 400}
    assert basins["time"].values[[0, -1]].astype("datetime64[D]").astype(str).tolist() == ["2000-01-01", "2001-02-03"]
    np.testing.assert_allclose(basins["area"], np.array(list(AREAS.values())) / 1e6)
    assert basins["lat"].values.tolist() == [44, 45, 46]
    assert basins.attrs["source"] == "CAMELS-US"
    assert_like_pandas(basins, root)


def test_shorter_records_share_the_time_axis_with_nan(root):
    discharge = load_camels(root)["discharge"].sel(basin=BASINS[-1])
    assert discharge[:40].isnull().all() and discharge[-30:].isnull().all()
    assert discharge[40:-30].notnull().mean() > 0.9


def test_minus_999_is_missing_and_flags_are_kept_on_request(root):
    basins = load_camels(root, flags=True)
    quality = basins["discharge_quality"]
    meanings = dict(zip(quality.attrs["flag_values"].tolist(), quality.attrs["flag_meanings"].split()))
    letter = {"A": "approved", "A:e": "approved_estimated", "M": "missing"}
    for basin in BASINS:
        flags = naive(root, basin)["flag"].reindex(basins["time"].values)
        expected = ["no_record" if pd.isna(flag) else letter[flag] for flag in flags]
        assert [meanings[int(code)] for code in quality.sel(basin=basin)] == expected
    assert (quality == 3).any() and basins["discharge"].where(quality == 3).isnull().all()
    assert "discharge_quality" not in load_camels(root)


def test_attributes_carry_units_and_text_is_stripped(root):
    basins = load_camels(root)
    assert basins["dom_land_cover"].values.tolist() == ["Mixed Forests"] * 3
    assert basins["huc_02"].values.tolist() == ["01", "01", "02"]
    assert np.isnan(basins["root_depth_50"].values).tolist() == [True, False, False]
    assert basins["elev_mean"].attrs["units"] == "m"
    assert basins["q_mean"].attrs["derived_from"] == "discharge"
    assert attributes(basins) == ["area", "elev_mean", "slope_mean", "area_gages2", "area_geospa_fabric", "frac_forest"]


def test_chosen_basins_come_in_the_order_asked_for(root):
    assert load_camels(root, [BASINS[2], BASINS[0]])["basin"].values.tolist() == [BASINS[2], BASINS[0]]
    assert load_camels(root, BASINS[1])["basin"].values.tolist() == [BASINS[1]]


def test_the_second_product_has_a_suffix(tmp_path):
    root = write_camels(tmp_path / "camels_us", products=("daymet", "maurer"))
    with pytest.warns(CamelsWarning):
        basins = load_camels(root, forcing=["daymet", "maurer"])
    assert forcings(basins)[:4] == ["prcp", "prcp_maurer", "srad", "srad_maurer"]
    assert basins["prcp_maurer"].attrs["product"] == "maurer"
    assert_like_pandas(basins, root)
    assert_like_pandas(basins, root, "maurer", "_maurer")


def test_any_white_space_between_the_fields_is_read_just_the_same(root):
    expected = load_camels(root, cache=False)
    for path in root.rglob("*0*.txt"):
        text = path.read_text()
        path.write_bytes(text.replace("\t", "   ").replace("\n", "\r\n").encode())
        if "streamflow" in path.name:
            path.write_text("\n".join("  ".join(line.split()) for line in text.split("\n")))
    xr.testing.assert_identical(load_camels(root, cache=False), expected)


# What is wrong ----------------------------------------------------------------------------------------------------

DAMAGED = {
    "short line": (217, lambda line: "\t".join(line.split("\t")[:6]), "line 217: expected 11 numbers, found 9"),
    "long line": (9, lambda line: line + "\t1.00", "line 9: expected 11 numbers, found 12"),
    "not numeric": (30, lambda line: line.rsplit("\t", 1)[0] + "\t***", r"line 30: vp is '\*\*\*', not a number"),
    "nan": (30, lambda line: line.rsplit("\t", 1)[0] + "\tnan", "line 30: vp is 'nan', not a number"),
    "empty field": (30, lambda line: line.rsplit("\t", 1)[0] + "\t", "line 30: expected 11 numbers, found 10"),
    "quote": (12, lambda line: line.replace("\t", '\t"', 1), "line 12: dayl is"),
    "blank line": (50, "", "line 50: expected 11 numbers, found 0"),
    "duplicate": (105, lambda line: [line, line], "line 106: 2000-04-10 is there twice, first on line 105"),
    "out of order": (
        105,
        lambda line: line.replace("2000 04 10", "2000 04 01"),
        "line 105: 2000-04-01 is there twice, first on line 96",
    ),
    "too early": (
        105,
        lambda line: line.replace("2000 04 10", "1999 04 10"),
        "line 105: 1999-04-10 comes after 2000-04-09",
    ),
    "no such day": (105, lambda line: line.replace("2000 04 10", "2000 04 31"), "line 105: there is no day 2000-04-31"),
    "month 13": (105, lambda line: line.replace("2000 04 10", "2000 13 10"), "line 105: there is no day 2000-13-10"),
    "area": (3, " unknown", "line 3: expected the area of the basin .*, found 'unknown'"),
    "no area": (3, "0", "line 3: expected the area"),
    "header": (
        4,
        "Year Mnth Day Hr prcp dayl srad swe tmax tmin vp",
        "line 4: expected the columns Year Mnth Day Hr dayl",
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_forcing_file_is_named_with_its_line(root, damage):
    line, change, message = DAMAGED[damage]
    edit(forcing_file(root, BASINS[1]), line, change)
    with pytest.raises(ForcingError, match=f"^01000002_lump_cida_forcing_leap.txt, {message}") as error:
        load_camels(root)
    assert "`dla fetch camels --basins 01000002`" in str(error.value) and 'on_error="skip"' in str(error.value)
    assert error.value.line == int(message.split(":")[0].split()[1])
    with pytest.warns(CamelsWarning, match=r"skipped 1 of 3 basins: 01000002; .*forcing_leap.txt, line"):
        others = load_camels(root, on_error="skip")
    assert others["basin"].values.tolist() == [BASINS[0], BASINS[2]]
    assert others.attrs["skipped"] == str(error.value)


@pytest.mark.parametrize(
    ("line", "change", "message"),
    [
        (60, lambda line: line[:-2], "line 60: expected gauge, year, month, day, discharge and flag, found 5 fields"),
        (60, lambda line: line.replace(" A", " 1.0 A"), "line 60: expected gauge, .* found 7 fields"),
        (60, lambda line: line.replace(line.split()[4], "Ice"), "line 60: discharge is 'Ice', not a number"),
        (60, lambda line: line.replace("01000002", "01000003"), "line 60: expected gauge 01000002, found 01000003"),
        (60, lambda line: [line, line], "line 61: 2000-02-29 is there twice, first on line 60"),
        (60, lambda line: line.replace("2000 02 29", "2000 02 30"), "line 60: there is no day 2000-02-30"),
    ],
)
def test_a_damaged_streamflow_file_is_named_with_its_line(root, line, change, message):
    edit(streamflow_file(root, BASINS[1]), line, change)
    with pytest.raises(StreamflowError, match=f"^01000002_streamflow_qc.txt, {message}"):
        load_camels(root)
    with pytest.warns(CamelsWarning, match="skipped 1 of 3"):
        assert len(load_camels(root, on_error="skip")["basin"]) == 2


def test_an_empty_file_looks_cut_off(root):
    forcing_file(root, BASINS[1]).write_text("")
    with pytest.raises(ForcingError, match=r"line 3: expected the area .* found nothing. The file looks cut off"):
        load_camels(root)


def test_no_basin_left_is_an_error_and_not_an_empty_dataset(root):
    for basin in BASINS:
        forcing_file(root, basin).write_text("")
    with pytest.raises(CamelsError, match="none of the 3 basins could be read"):
        load_camels(root, on_error="skip")


@settings(max_examples=40, deadline=None)
@given(share=st.floats(0, 1), part=st.sampled_from(["forcing", "streamflow"]))
def test_a_file_cut_off_anywhere_never_gives_a_wrong_value(tmp_path_factory, share, part):
    root = write_camels(tmp_path_factory.mktemp("cut"), areas={BASINS[0]: AREAS[BASINS[0]]})
    whole = load_camels(root, cache=False)
    path = forcing_file(root, BASINS[0]) if part == "forcing" else streamflow_file(root, BASINS[0])
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CamelsWarning)
        try:
            cut = load_camels(root, cache=False)
        except BasinError:
            return
    for name in [*COLUMNS, "discharge"]:
        got = cut[name].reindex(time=whole["time"])
        same = got.values == whole[name].values
        assert (same | np.isnan(got.values)).all(), name


def test_a_file_cut_off_inside_its_last_line_is_an_error_wherever_it_is_cut(root):
    for path, error in (
        (forcing_file(root, BASINS[0]), ForcingError),
        (streamflow_file(root, BASINS[0]), StreamflowError),
    ):
        raw = path.read_bytes().replace(b"A:e\n", b"A\n")
        last = raw.rindex(b"\n", 0, -1) + 1
        for end in range(last + 1, len(raw) - 1):
            path.write_bytes(raw[:end])
            with pytest.raises(error, match="The file looks cut off"):
                read_forcing(path) if error is ForcingError else read_streamflow(path, 1.0)


@pytest.mark.parametrize("odd", ["P", "P:e", "XA", "XA:e", "A:", "Ae", "eM", "a"])
def test_an_unknown_flag_is_kept_as_another(root, odd):
    path = streamflow_file(root, BASINS[0])
    flag = path.read_text().split("\n")[59].split()[5]
    edit(path, 60, lambda line: line.removesuffix(flag) + odd)
    assert load_camels(root, flags=True)["discharge_quality"][0, 59] == 9


def test_a_file_that_ends_before_the_others_is_a_warning(root):
    path = forcing_file(root, BASINS[1])
    path.write_text("".join(line + "\n" for line in path.read_text().split("\n")[:300]))
    message = r"daymet: 1 of 3 files end before the discharge does, on 2001-02-03 \(first: 01000002_\w+.txt, line 300, "
    with pytest.warns(CamelsWarning, match=message + "on 2000-10-22; the other files go on, so it looks cut off"):
        basins = load_camels(root)
    assert basins["prcp"].sel(basin=BASINS[1])[296:].isnull().all()


@pytest.mark.parametrize("which", [forcing_file, streamflow_file])
def test_a_gap_is_filled_with_nan_and_named(root, which):
    path = which(root, BASINS[0])
    first = 5 if which is forcing_file else 1
    for _ in range(10):
        edit(path, first + 100, None)
    with pytest.warns(
        CamelsWarning, match=f"{path.name}, line {first + 100}: 10 days are missing before 2000-04-20, and NaN here"
    ):
        basins = load_camels(root)
    name = "prcp" if which is forcing_file else "discharge"
    assert basins[name].sel(basin=BASINS[0], time=slice("2000-04-10", "2000-04-19")).isnull().all()
    assert_like_pandas(basins, root)


def test_equal_temperatures_are_one_warning_for_each_product(tmp_path):
    root = write_camels(tmp_path / "camels_us", products=("daymet", "maurer", "nldas"))
    with pytest.warns(CamelsWarning) as record:
        load_camels(root, forcing=["daymet", "maurer", "nldas"])
    texts = [str(warning.message) for warning in record]
    equal = [text for text in texts if "tmax equals tmin" in text]
    assert [text.split(":")[0] for text in equal] == ["maurer", "nldas"]
    assert "in 3 of 3 files (first: 01000001_lump_maurer_forcing_leap.txt, from line 5 on)" in equal[0]
    assert [text for text in texts if "end before" in text and text.startswith("maurer: 3 of 3 files")]
    assert len(texts) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_camels(root, forcing="daymet")


# What is not there ------------------------------------------------------------------------------------------------


def test_a_wrong_folder_one_level_up_or_down_or_beside(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for wrong in (
        tmp_path,
        root / "usgs_streamflow",
        root / "usgs_streamflow" / "01",
        tmp_path / "elsewhere",
        tmp_path / "camel_us",
    ):
        with pytest.raises(
            CamelsError, match=f"expected basin_mean_forcing/ and usgs_streamflow/; .*Did you mean {root}[?]"
        ) as error:
            load_camels(wrong)
        assert str(error.value).startswith(f"{wrong} is no CAMELS-US folder")
    with pytest.raises(CamelsError, match="found camels_us/, elsewhere/"):
        load_camels(tmp_path)
    with pytest.raises(CamelsError, match="it does not exist"):
        load_camels(tmp_path / "camel_us")


def test_a_wrong_folder_with_nothing_near_says_how_to_fetch(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(CamelsError, match=r"found nothing. `dla fetch camels` fetches them"):
        load_camels(tmp_path / "a" / "b")


def test_a_misspelt_basin_is_named_with_what_was_meant(root):
    message = r"no basin '1000002' in camels_us \(3 basins, 01000001 ... 02000003\); did you mean '01000002'\?"
    with pytest.raises(BasinError, match=message):
        load_camels(root, [BASINS[0], "1000002"])
    with pytest.warns(CamelsWarning, match=r"skipped 1 of 2 basins: 1000002; .*did you mean '01000002'"):
        assert load_camels(root, [BASINS[0], "1000002"], on_error="skip")["basin"].values.tolist() == [BASINS[0]]


def test_a_basin_without_streamflow_is_left_out_and_asked_for_is_an_error(root):
    streamflow_file(root, BASINS[1]).unlink()
    with pytest.warns(
        CamelsWarning, match=r"1 of 3 basins lack a forcing file, a streamflow file or attributes, .*: 01000002"
    ):
        assert load_camels(root)["basin"].values.tolist() == [BASINS[0], BASINS[2]]
    with pytest.raises(
        BasinError,
        match=r"01000002 has no streamflow file in .*; `dla fetch camels --basins 01000002 --product daymet`",
    ):
        load_camels(root, BASINS[1])


def test_a_misspelt_product_is_named_with_what_was_meant(root):
    with pytest.raises(CamelsError, match=r"no forcing 'daimet' in .* \(there: daymet\); did you mean 'daymet'\?"):
        load_camels(root, forcing="daimet")
    with pytest.raises(CamelsError, match=r"no forcing 'nldas' .*`dla fetch camels --product nldas` fetches it"):
        load_camels(root, forcing=["daymet", "nldas"])


def test_on_error_is_raise_or_skip(root):
    with pytest.raises(CamelsError, match='on_error is "raise" or "skip"; got \'ignore\''):
        load_camels(root, on_error="ignore")


def test_without_tables_the_time_series_still_load(root):
    for table in (root / "camels_attributes_v2.0").iterdir():
        table.unlink()
    with pytest.warns(CamelsWarning, match=r"no attribute tables .* separate download; `dla fetch camels` brings them"):
        basins = load_camels(root)
    assert attributes(basins) == ["area"] and basins["lat"].isnull().all()


def test_tables_are_found_where_unzipping_the_archives_puts_them(root):
    expected = load_camels(root, cache=False)
    beside = root.parent / "camels_attributes_v2.0"
    (root / "camels_attributes_v2.0").rename(beside)
    xr.testing.assert_identical(load_camels(root, cache=False), expected)
    for table in beside.iterdir():
        table.rename(root / table.name)
    xr.testing.assert_identical(load_camels(root, cache=False), expected)


@pytest.mark.parametrize(
    ("name", "line", "change", "message"),
    [
        ("topo", 3, lambda line: line + ";7", "camels_topo.txt, line 3: expected 7 fields between ';', found 8"),
        (
            "topo",
            3,
            lambda line: line.replace("100.5", "high"),
            "camels_topo.txt, line 3: elev_mean is 'high', not a number",
        ),
        (
            "vege",
            3,
            lambda line: [line, line],
            "camels_vege.txt, line 4: gauge 01000002 is there twice, first on line 3",
        ),
        ("hydro", 1, "gage,q_mean", "camels_hydro.txt, line 1: expected gauge_id;..., found 'gage,q_mean'"),
    ],
)
def test_a_damaged_table_is_named_with_its_line(root, name, line, change, message):
    edit(root / "camels_attributes_v2.0" / f"camels_{name}.txt", line, change)
    with pytest.raises(BasinError, match=message):
        load_camels(root)


def test_a_table_whose_ids_lost_their_zeros_is_still_understood(root):
    expected = load_camels(root, cache=False)
    path = root / "camels_attributes_v2.0" / "camels_topo.txt"
    path.write_text(path.read_text().replace("\n0", "\n"))
    xr.testing.assert_identical(load_camels(root, cache=False), expected)


# Where they are ---------------------------------------------------------------------------------------------------


def test_camels_root_is_in_dla_data_or_where_it_was_fetched_to(root, tmp_path, monkeypatch):
    monkeypatch.setenv("DLA_DATA", str(tmp_path))
    assert camels_root() == root
    monkeypatch.setenv("DLA_DATA", str(root))
    assert camels_root() == root
    monkeypatch.setenv("DLA_DATA", str(root / "usgs_streamflow"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    with pytest.raises(
        BasinError,
        match=r"no CAMELS-US data on this machine; looked in .*`dla fetch camels` fetches them, or set DLA_DATA",
    ):
        camels_root()
    monkeypatch.delenv("DLA_DATA")
    write_camels(tmp_path / "home" / "dla" / "camels_us")
    assert camels_root() == tmp_path / "home" / "dla" / "camels_us"
