"""Every kind of file that a team may hand in, and what is said of each fault: the service knows a file by its bytes alone."""

import datetime
import zipfile

import h5py
import netCDF4
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from dla_widgets.competition import (
    Expected,
    SubmissionError,
    read_submission,
    to_table,
    validate_submission,
    write_submission,
)
from dla_widgets.landcover.submission import Expected as Maps
from dla_widgets.landcover.submission import validate_submission as validate_maps
from dla_widgets.landcover.submission import write_submission as write_maps
from dla_widgets.leaderboard.inputs import check
from dla_widgets.submission_any import TableExpected

BASINS = ["01013500", "01022500", "03", "14400000"]
DAYS = pd.date_range("1991-01-01", "1991-12-31")
AREA = np.array([2252.7, 573.6, 40.0, 702.6])
USUAL = np.array([1.8, 2.1, 0.4, 5.9])
KINDS = ("csv", "parquet", "nc")
RIVERS = Expected(tuple(BASINS), DAYS, USUAL, AREA)


@pytest.fixture
def prediction():
    values = np.random.default_rng(1).gamma(2.0, 0.5, (4, len(DAYS))) * USUAL[:, None]
    return xr.DataArray(values, {"basin": BASINS, "time": DAYS}, ("basin", "time"), "discharge")


def save(prediction: xr.DataArray, path):
    """As a team might, without our help."""
    if path.suffix == ".nc":
        prediction.to_netcdf(path, engine="netcdf4")
    elif path.suffix == ".parquet":
        to_table(prediction).to_parquet(path, index=False)
    else:
        to_table(prediction).to_csv(path, index=False)
    return path


def refusal(path, expected=RIVERS) -> str:
    with pytest.raises(SubmissionError) as caught:
        check(path, expected, path.name)
    text = str(caught.value)
    assert text.endswith("No entry was used.") and text.startswith(path.name) and len(text) < 600
    return text


# Rivers


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_what_is_scored(tmp_path, prediction, kind):
    path = write_submission(prediction.assign_coords(lat=("basin", [1.0, 2, 3, 4])), tmp_path / f"hbg.{kind}", RIVERS)
    kept = path.rename(tmp_path / "e3b0c442")  # the service keeps files by their SHA-256
    found = validate_submission(kept, RIVERS, name=f"hbg.{kind}")
    assert found.dims == ("basin", "time") and list(found["basin"].values) == BASINS
    np.testing.assert_allclose(found, prediction, rtol=1e-6 if kind == "csv" else 1e-15)


CFS = xr.DataArray(AREA / 2.44657555, dims="basin")
FAULTS = {
    "a basin that is missing": (lambda p: p.isel(basin=[0, 1, 3]), "1 of 4 basins is missing (03). Predict every basin."),
    "days that are missing": (
        lambda p: p.sel(time=~p.time.to_index().isin(pd.date_range("1991-02-03", "1991-03-15"))),
        "41 of 365 days of basin 01013500 are missing (first: 1991-02-03) and days of 3 other basins. Predict every day"),
    "a basin too many": (
        lambda p: xr.concat([p, p.isel(basin=[1]).assign_coords(basin=["0102250"])], "basin"),
        "there is no basin '0102250' in this competition (365 such rows). Did you mean '01022500'?"),
    "a day too many": (
        lambda p: xr.concat([p, p.isel(time=[0]).assign_coords(time=[pd.Timestamp("1992-01-01")])], "time"),
        "1992-01-01 is not asked for (4 such rows). Hand in 1991-01-01 to 1991-12-31 only."),
    "a basin twice": (lambda p: p.isel(basin=[0, 1, 2, 3, 1]), "basin 01022500 has 1991-01-01 twice (365 such rows). Keep one"),
    "a day twice": (lambda p: p.isel(time=[*range(365), 9]), "basin 01013500 has 1991-01-10 twice (4 such rows). Keep one"),
    "no number": (lambda p: p.where(p.time != DAYS[16]), "discharge is missing (NaN) for basin 01013500 on 1991-01-17 (4 such"),
    "infinity": (lambda p: p.where(p.time != DAYS[16], np.inf), "discharge is infinite for basin 01013500 on 1991-01-17 (4"),
    "a river that flows backwards": (lambda p: p.where(p.time != DAYS[16], -1), "discharge is negative, -1 mm/day, for basin"),
    "cubic feet": (lambda p: (p * CFS).rename("discharge"), "it is known for. These look like cubic feet per second"),
    "35 times too much": (lambda p: p * 35.3146667, "These look like cubic feet where cubic metres were expected."),
    "another name": (lambda p: p.rename("q"), "expected the "),
    "the hour": (lambda p: p.assign_coords(time=p.time + np.timedelta64(12, "h")), "is not a day"),
    "far too much of it": (lambda p: p.isel(basin=list(range(4)) * 9, time=list(range(365)) * 2), " than a right "),
    "gauge ids as numbers": (lambda p: p.assign_coords(basin=[int(b) for b in BASINS]), "Gauge ids are text: spreadsheets"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_in_each_kind_of_file(tmp_path, prediction, fault, kind):
    spoil, said = FAULTS[fault]
    path = tmp_path / f"team.{kind}"
    if fault == "another name" and kind != "nc":
        frame = to_table(prediction).rename(columns={"discharge": "q"})
        frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
        said = "expected the columns basin,date,discharge, found basin,date,q. Rename"
    else:
        save(spoil(prediction), path)
    if fault == "far too much of it" and kind == "parquet":
        said = "this Parquet file cannot be used: it has more than"
    text = refusal(path)
    assert said in text
    if "on 1991" in said and kind != "nc":
        assert f"team.{kind}, {'line 18' if kind == 'csv' else 'row 17'}: " in text


@pytest.mark.parametrize("kind", KINDS)
def test_an_oversized_file_is_not_read(tmp_path, kind):
    path = tmp_path / f"huge.{kind}"
    path.write_bytes({"csv": b"basin", "parquet": b"PAR1", "nc": b"\x89HDF\r\n\x1a\n"}[kind] + bytes(RIVERS.max_bytes))
    assert "huge." in (text := refusal(path)) and "MB is more than a right submission can have (0.1 MB)" in text


# netCDF


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4_CLASSIC", "NETCDF4"])
def test_netcdf_as_others_write_it(tmp_path, prediction, kind):
    path = tmp_path / "old.nc"
    prediction.astype("float32").T.to_netcdf(path, format=kind, engine="netcdf4")
    np.testing.assert_allclose(validate_submission(path, RIVERS), prediction, rtol=1e-6)


def test_netcdf_packed_and_with_more_in_it(tmp_path, prediction):
    path = tmp_path / "packed.nc"
    more = prediction.to_dataset().assign(area=("basin", AREA), prcp=2 * prediction).assign_attrs(source="me")
    packed = {"dtype": "i4", "scale_factor": 1e-6, "_FillValue": -1, "zlib": True, "chunksizes": (1, 365)}
    more.to_netcdf(path, engine="netcdf4", encoding={"discharge": packed, "time": {"units": "hours since 1990-06-01"}})
    np.testing.assert_allclose(validate_submission(path, RIVERS), prediction, atol=1e-6)


@pytest.mark.parametrize("spoil, said", [
    (lambda p: p.isel(time=0, drop=True), "expected the variables discharge, basin and time, found basin, discharge."),
    (lambda p: p.isel(time=0), "expected discharge with the dimensions basin and time, found basin."),
    (lambda p: p.drop_vars("basin"), "expected the variables discharge, basin and time, found time, discharge."),
    (lambda p: p.expand_dims(member=2), "the dimensions basin and time, found member, basin, time."),
    (lambda p: p.rename(None), "found basin, time, __xarray_dataarray_variable__."),
    (lambda p: p.assign_coords(time=np.arange(365)), "and time int64; expected numbers and days of the"),
    (lambda p: p.assign_coords(time=xr.date_range("1991-01-01", periods=365, calendar="noleap")), "and time object; expected"),
    (lambda p: p.astype(str), "discharge holds <U20 and time datetime64"),
    (lambda p: p > 1, "discharge holds bool and time"),
    (lambda p: p.assign_attrs(units="m3/s"), "says that its units are 'm3/s'; expected mm/day."),
    (lambda p: p.assign_coords(basin=["x" * 2000, *BASINS[1:]]), "there is no basin"),
])  # fmt: skip
def test_netcdf_that_is_no_prediction(tmp_path, prediction, spoil, said):
    path = tmp_path / "odd.nc"
    spoil(prediction).to_netcdf(path, engine="netcdf4")
    assert said in refusal(path)


def hdf5(path, values=None) -> h5py.File:
    """A file that looks like a prediction, made without netCDF."""
    file = h5py.File(path, "w")
    file["basin"] = np.array(BASINS, "S8").astype(object)
    file["time"] = np.arange(365)
    file["time"].attrs["units"] = "days since 1991-01-01"
    for name in ("basin", "time"):
        file[name].make_scale(name)
    if values is not None:
        file["discharge"] = values
    return file


def named(file: h5py.File) -> None:
    for axis, name in enumerate(("basin", "time")):
        file["discharge"].dims[axis].attach_scale(file[name])


def test_hdf5_by_hand_is_a_prediction_too(tmp_path, prediction):
    with hdf5(tmp_path / "hand.nc", prediction.values) as file:
        named(file)
    np.testing.assert_array_equal(validate_submission(tmp_path / "hand.nc", RIVERS), prediction)


def outside(file, path, prediction):
    """The numbers lie in another file, such as one that only the service can read."""
    path.with_name("secret.bin").write_bytes(prediction.values.tobytes())
    file.create_dataset("discharge", (4, 365), "f8", external=[(str(path.with_name("secret.bin")), 0, h5py.h5f.UNLIMITED)])
    named(file)


def virtual(file, path, prediction):
    with h5py.File(path.with_name("secret.nc"), "w") as secret:
        secret["truth"] = prediction.values
    layout = h5py.VirtualLayout((4, 365), "f8")
    layout[:] = h5py.VirtualSource(str(path.with_name("secret.nc")), "truth", (4, 365))
    file.create_virtual_dataset("discharge", layout)
    named(file)


def linked(file, path, prediction):
    with h5py.File(path.with_name("secret.nc"), "w") as secret:
        secret["truth"] = prediction.values
    file["discharge"] = h5py.ExternalLink(str(path.with_name("secret.nc")), "truth")


def soft(file, path, prediction):
    file["mine"] = prediction.values
    file["discharge"] = h5py.SoftLink("/mine")


def grouped(file, path, prediction):
    file["discharge"] = prediction.values
    named(file)
    file.create_group("more")["truth"] = 1


def wide_blocks(file, path, prediction):
    file.create_dataset("discharge", (4, 365), "f8", maxshape=(None, None), chunks=(1 << 15, 1 << 11), compression="gzip")
    named(file)


@pytest.mark.parametrize("trick, said", [
    (outside, "'discharge' lies in another file; a file must hold all that it says."),
    (virtual, "'discharge' lies in another file"),
    (linked, "'discharge' is a link"),
    (soft, "'discharge' is a link"),
    (grouped, "'more' is a group; the discharge lies at the top of the file."),
    (wide_blocks, "'discharge' is stored in blocks larger than a right prediction."),
])  # fmt: skip
def test_netcdf_that_leads_elsewhere(tmp_path, prediction, trick, said):
    path = tmp_path / "trick.nc"
    with hdf5(path) as file:
        trick(file, path, prediction)
    if trick is outside:
        with netCDF4.Dataset(path) as read:  # netCDF itself would follow
            np.testing.assert_array_equal(read["discharge"][:], prediction)
    assert said in refusal(path)


def test_a_small_netcdf_that_would_become_a_large_one(tmp_path):
    with netCDF4.Dataset(tmp_path / "bomb.nc", "w") as file:
        file.createDimension("basin", 40_000)
        file.createDimension("time", 50_000)
        for name, dims in (("discharge", ("basin", "time")), ("basin", ("basin",)), ("time", ("time",))):
            file.createVariable(name, "f8", dims, zlib=True, chunksizes=(100,) * len(dims))
    assert "40000 by 50000 values are more than a right prediction has." in refusal(tmp_path / "bomb.nc")


@pytest.mark.parametrize("kind", ["nc", "parquet"])
def test_a_damaged_file_is_refused_or_does_no_harm(tmp_path, prediction, kind):
    """The same places each time: over some damages HDF5 broods for ever, which only the service's clock can end."""
    content = write_submission(prediction, tmp_path / f"whole.{kind}").read_bytes()
    path, refused = tmp_path / f"spoilt.{kind}", 0
    cut = [content[: len(content) * k // 20] for k in range(1, 20)]
    places = range(len(content) // 2, len(content) - 64, len(content) // 40)
    wiped = [content[:at] + bytes(64) + content[at + 64 :] for at in places]
    for spoilt in cut + wiped:
        path.write_bytes(spoilt)
        try:
            check(path, RIVERS, path.name)
        except SubmissionError as fault:
            refused += str(fault).endswith("No entry was used.")
    assert refused >= len(cut) + 5


# Parquet


@pytest.mark.parametrize("change", [
    lambda f: f.assign(date=f["date"].dt.date),
    lambda f: f.assign(date=f["date"].dt.strftime("%Y-%m-%d")),
    lambda f: f.assign(date=f["date"].astype("datetime64[us]")),
    lambda f: f.assign(basin=f["basin"].astype("category"), discharge=f["discharge"].astype("float32")),
    lambda f: f.sample(frac=1, random_state=1)[["discharge", "basin", "date"]].reset_index(drop=True),
    lambda f: f.set_index("basin"),  # an index with a name is a column
])  # fmt: skip
def test_parquet_as_others_write_it(tmp_path, prediction, change):
    path = tmp_path / "others.parquet"
    change(to_table(prediction)).to_parquet(path)
    np.testing.assert_allclose(validate_submission(path, RIVERS), prediction, rtol=1e-6)
    assert sorted(read_submission(path)) == ["basin", "date", "discharge"]


@pytest.mark.parametrize("change, said", [
    (lambda f: f.sample(frac=1, random_state=1), "found basin,date,discharge,__index_level_0__. "),
    (lambda f: f.assign(basin=f["basin"].where(f.index != 5)), "row 6: the basin is missing. Each row needs basin, date"),
    (lambda f: f.assign(discharge=f["discharge"].where(f.index != 5)), "row 6: discharge is missing (NaN) for basin 01013500"),
    (lambda f: f.assign(discharge=f["discharge"].map(lambda q: [q])), "the column 'discharge' holds lists or records"),
    (lambda f: f.assign(discharge="much"), "row 1: 'much' is not a number (1460 such rows)"),
    (lambda f: f.assign(date=f["date"].dt.tz_localize("UTC")), "row 1: '1991-01-01 00:00:00+00:00' is not a day"),
    (lambda f: f.assign(basin="x" * 20_000), "a cell has 20000 letters, at most 1000 are read"),
    (lambda f: pd.concat([f] * 20, ignore_index=True), "it has more than"),
    (lambda f: f[:0], "there are no rows"),
])  # fmt: skip
def test_parquet_that_is_no_prediction(tmp_path, prediction, change, said):
    path = tmp_path / "odd.parquet"
    change(to_table(prediction)).to_parquet(path)
    assert said in refusal(path)


# Tables of partners


ROWS = pd.DataFrame([(f"w{site}", f"2024-01-{day:02d}") for site in range(6) for day in range(1, 21)], columns=["site", "date"])
TABLE = TableExpected(ROWS, "level")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("change, said", [
    (lambda f: f.rename(columns={"level": "q"}), "expected the columns site,date,level, found site,date,q."),
    (lambda f: f.assign(more=1), "expected the columns site,date,level, found site,date,level,more."),
    (lambda f: f.iloc[2:], "2 of 120 rows are missing (first: w0, 2024-01-01). Predict every row."),
    (lambda f: pd.concat([f, f.iloc[[3]]]), "line 122: the row w0, 2024-01-04 is there twice. Keep one row of each."),
    (lambda f: f.replace({"site": {"w0": "w9"}}), "line 2: the row w9, 2024-01-01 is not asked for (20 such rows)."),
    (lambda f: f.assign(level=f["level"].where(f.index != 3)), "line 5: the row w0, 2024-01-04 has no number below"),
    (lambda f: f.assign(level=f["level"].where(f.index != 3, np.inf)), "line 5: the row w0, 2024-01-04 has no number below"),
    (lambda f: f.assign(site=f["site"].where(f.index != 3)), "line 5: the row , 2024-01-04 is not asked for."),
    (lambda f: pd.concat([f] * 60), "wells."),
])  # fmt: skip
def test_each_fault_of_a_table(tmp_path, kind, change, said):
    frame, path = change(ROWS.assign(level=np.linspace(0, 1, 120))), tmp_path / f"wells.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path, index=False)
    assert said in refusal(path, TABLE)


@pytest.mark.parametrize("line, said", [
    ("w0,2024-01-01,0,5", "decimals take a point"), ("w0", "line 2: the row w0,  is not asked for"), ("\0", "wells.csv"),
    ('"w0,2024-01-01,1', "wells.csv: this is no table"),
])  # fmt: skip
def test_lines_that_are_no_row(tmp_path, line, said):
    path = tmp_path / "wells.csv"
    path.write_text("site,date,level\n" + f"{line}\n" * 3)
    assert said in refusal(path, TABLE)


def test_a_table_is_read_by_its_bytes(tmp_path):
    frame = ROWS.assign(level=np.linspace(0, 1, 120), date=[datetime.date.fromisoformat(day) for day in ROWS["date"]])
    frame.to_parquet(tmp_path / "e3b0c442", index=False)
    np.testing.assert_array_equal(TABLE.read(tmp_path / "e3b0c442", "wells.parquet"), frame["level"])


# Maps


SEEN = Maps(("north", "river-07"), (6, 9), None, ("EPSG:32733",) * 2, ((10.0, 0, 300_000.0, 0, -10.0, 9_900_000.0),) * 2)
ONE = Maps(("north",), (6, 9), None, ("EPSG:32733",), SEEN.transform[:1])


@pytest.mark.parametrize("kind, expected", [("npz", SEEN), ("zip", SEEN), ("tif", ONE)])
def test_maps_are_read_by_their_bytes(tmp_path, kind, expected):
    labels = np.random.default_rng(2).choice(np.array([0, 1, 3, 6], np.uint8), (len(expected.scenes), 6, 9))
    maps = xr.DataArray(labels, {"scene": list(expected.scenes)}, ("scene", "y", "x"))
    path = write_maps(maps, tmp_path / f"north.{kind}", expected)
    assert path.stat().st_size < expected.max_bytes
    kept = path.rename(tmp_path / "e3b0c442")
    np.testing.assert_array_equal(validate_maps(kept, expected, name=f"north.{kind}"), labels)
    if kind == "tif":
        with pytest.raises(SubmissionError, match="south.tif: the scene 'south' is not asked for. Did you mean|There are 1"):
            check(kept, expected, "south.tif")
        with pytest.raises(SubmissionError, match="expected 6 rows and 9 columns, found 5 and 9"):
            write_maps(maps[:, :5], tmp_path / "north.tif", expected)


def test_an_oversized_map_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "big.zip", "w") as archive:
        archive.writestr("north.tif", bytes(SEEN.max_bytes + 1))
    assert "MB is more than a right submission can have" in refusal(tmp_path / "big.zip", SEEN)
