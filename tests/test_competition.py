"""A team's file is used as a whole or not at all, and the message says where the fault is and what to do."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dla_widgets import competition
from dla_widgets.competition import (
    Expected,
    SubmissionError,
    read_submission,
    to_table,
    validate_submission,
    withhold,
    write_submission,
)
from dla_widgets.streamflow.simulated import simulated_basins

BASINS = ["01013500", "01022500", "03", "14400000"]
DAYS = pd.date_range("1991-01-01", "1991-12-31")
AREA = np.array([2252.7, 573.6, 40.0, 702.6])
USUAL = np.array([1.8, 2.1, 0.4, 5.9])


@pytest.fixture
def expected():
    return Expected(tuple(BASINS), DAYS, USUAL, AREA)


@pytest.fixture
def prediction():
    values = np.random.default_rng(1).gamma(2.0, 0.5, (4, len(DAYS))) * USUAL[:, None]
    return xr.DataArray(values, {"basin": BASINS, "time": DAYS}, ("basin", "time"), "discharge")


@pytest.fixture
def rows(prediction):
    return to_table(prediction)


def save(rows: pd.DataFrame, path: Path, **options) -> Path:
    rows.to_csv(path, **({"index": False} | options))
    return path


def refusal(submission, expected) -> str:
    with pytest.raises(SubmissionError) as caught:
        validate_submission(submission, expected)
    text = str(caught.value)
    assert text.endswith("No entry was used.")
    return text


# A right file


def test_what_was_written_is_what_is_scored(tmp_path, prediction, expected):
    path = write_submission(prediction, tmp_path / "teams" / "hbg.csv", expected)
    found = validate_submission(path, expected)
    assert found.dims == ("basin", "time") and found.attrs["units"] == "mm/day"
    xr.testing.assert_allclose(found, prediction, rtol=1e-6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays(float, (3, 7), elements=st.floats(0, 1e4)),
    dtype=st.sampled_from(["float64", "float32"]),
    order=st.permutations(range(21)),
)
def test_any_discharge_makes_the_round_trip(tmp_path, values, dtype, order):
    days = pd.date_range("1992-02-26", periods=7)
    there = xr.DataArray(values.astype(dtype), {"basin": ["01", "1", "sim-00"], "time": days}, ("basin", "time"))
    path = write_submission(there, tmp_path / "any.csv")
    back = validate_submission(path, Expected(("01", "1", "sim-00"), days))
    np.testing.assert_allclose(back, there.astype(float), rtol=1e-6, atol=1e-300)
    shuffled = read_submission(path).iloc[order]
    xr.testing.assert_identical(validate_submission(shuffled, Expected(("01", "1", "sim-00"), days)), back)


def test_order_of_columns_and_quotes_do_not_matter(tmp_path, rows, expected):
    plain = validate_submission(rows, expected)
    path = save(rows[["discharge", "date", "basin"]], tmp_path / "r.csv", quoting=2)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n\r\n")
    xr.testing.assert_allclose(validate_submission(path, expected), plain)


def test_a_prediction_is_cut_to_what_is_asked_for(tmp_path, prediction, expected):
    more = xr.concat([prediction.assign_coords(time=DAYS - pd.Timedelta(days=365)), prediction], "time")
    more = xr.concat([more, more.isel(basin=[0]).assign_coords(basin=["99999999"])], "basin")
    path = write_submission(more, tmp_path / "cut.csv", expected)
    xr.testing.assert_allclose(validate_submission(path, expected), prediction, rtol=1e-6)


# Missing, extra and repeated rows


def test_missing_days_are_counted_and_the_first_is_named(tmp_path, rows, expected):
    gone = (rows["basin"] == "03") & rows["date"].between("1991-02-03", "1991-03-15")
    text = refusal(save(rows[~gone], tmp_path / "hbg.csv"), expected)
    assert text == (
        f"{tmp_path}/hbg.csv: 41 of 365 days of basin 03 are missing (first: 1991-02-03). "
        "Predict every day; where a forcing is missing, fill it. No entry was used."
    )


def test_a_missing_warm_up_says_so(rows, expected):
    text = refusal(rows[rows["date"] >= "1991-04-01"], expected)
    assert "90 of 365 days of basin 01013500 are missing (first: 1991-01-01) and days of 3 other basins." in text
    assert "warm up" in text


def test_missing_basins_are_listed(rows, expected):
    text = refusal(rows[~rows["basin"].isin(["03", "14400000"])], expected)
    assert "2 of 4 basins are missing (03, 14400000). Predict every basin." in text


def test_a_lost_leading_zero_is_recognised(tmp_path, rows, expected):
    rows["basin"] = rows["basin"].str.lstrip("0")
    text = refusal(save(rows, tmp_path / "excel.csv"), expected)
    assert "excel.csv, line 2: there is no basin '1013500' in this competition (1095 such rows)." in text
    assert "Did you mean '01013500'? Gauge ids are text: spreadsheets and int() drop the leading zero." in text


def test_whole_numbers_as_gauge_ids_are_recognised(rows, expected):
    rows["basin"] = rows["basin"].astype(int)
    assert "Did you mean '01013500'?" in refusal(rows, expected)


def test_a_misspelt_basin_gets_its_likely_meaning(rows, expected):
    rows["basin"] = rows["basin"].replace("01022500", "0102250")
    assert (
        "row 366: there is no basin '0102250' in this competition (365 such rows). Did you mean '01022500'?"
        in refusal(rows, expected)
    )


def test_days_that_were_not_asked_for(rows, expected):
    rows = pd.concat([rows, rows.tail(1).assign(date=pd.Timestamp("1992-01-01"))])
    assert "row 1461: 1992-01-01 is not asked for. Hand in 1991-01-01 to 1991-12-31 only." in refusal(rows, expected)


def test_the_same_day_twice(tmp_path, rows, expected):
    rows = pd.concat([rows, rows.iloc[[3]]])
    text = refusal(save(rows, tmp_path / "twice.csv"), expected)
    assert "twice.csv, line 1462: basin 01013500 has 1991-01-04 twice. Keep one row for each basin and day." in text


# Values


@pytest.mark.parametrize(
    "value, what",
    [
        (np.nan, "row 17: discharge is missing (NaN) for basin 01013500 on 1991-01-17. Every day needs a number"),
        (np.inf, "row 17: discharge is infinite for basin 01013500 on 1991-01-17."),
        (-np.inf, "row 17: discharge is infinite"),
        (-0.02, "row 17: discharge is negative, -0.02 mm/day, for basin 01013500 on 1991-01-17."),
    ],
)
def test_values_that_no_river_has(rows, expected, value, what):
    rows.loc[16, "discharge"] = value
    assert what in refusal(rows, expected)


@pytest.mark.parametrize(
    "cell, what",
    [
        ("", "line 18: discharge is missing (NaN)"),
        ("NaN", "line 18: discharge is missing (NaN)"),
        ("1e999", "line 18: discharge is infinite"),
        ("-inf", "line 18: discharge is infinite"),
        ("0.4 mm", "line 18: '0.4 mm' is not a number. Write discharge with a decimal point, in mm/day."),
    ],
)
def test_cells_that_are_no_discharge(tmp_path, rows, expected, cell, what):
    rows["discharge"] = rows["discharge"].astype(str)
    rows.loc[16, "discharge"] = cell
    assert what in refusal(save(rows, tmp_path / "cells.csv"), expected)


@pytest.mark.parametrize("cell", ["03/02/1991", "1991-02-30", "1991-02-03 12:00", "", "yesterday"])
def test_cells_that_are_no_day(tmp_path, rows, expected, cell):
    rows["date"] = rows["date"].dt.strftime("%Y-%m-%d")
    rows.loc[16, "date"] = cell
    text = refusal(save(rows, tmp_path / "days.csv"), expected)
    assert f"line 18: {cell!r} is not a day. Write days as YYYY-MM-DD, without an hour." in text


def test_hours_in_a_table_are_refused(rows, expected):
    rows["date"] += pd.Timedelta(hours=12)
    assert "is not a day" in refusal(rows, expected)


@pytest.mark.parametrize(
    "factor, unit",
    [
        (AREA / 2.44657555, "cubic feet per second"),
        (AREA / 86.4, "cubic metres per second"),
        (35.3146667, "cubic feet where cubic metres"),
        (1 / 25.4, "inches per day or mm per hour"),
        (1 / 24, "inches per day or mm per hour"),
        (1e-3, "metres per day"),
    ],
)
def test_a_wrong_unit_is_suspected_by_name(tmp_path, prediction, expected, factor, unit):
    with pytest.raises(
        SubmissionError, match=f"the typical basin has .* times the discharge it is known for. These look like {unit}"
    ):
        write_submission(prediction * np.reshape(factor, (-1, 1)), tmp_path / "unit.csv", expected)
    assert not list(tmp_path.iterdir())


def test_a_poor_model_is_no_unit_error(prediction, expected):
    for factor in (0.2, 0.5, 2, 4, np.array([[30], [1], [1], [1]])):
        validate_submission(to_table(prediction * factor), expected)
    validate_submission(to_table(prediction * 0), expected)


# Files


@pytest.mark.parametrize(
    "columns, what",
    [
        ({"discharge": "q"}, "expected the columns basin,date,discharge, found basin,date,q. Rename"),
        ({"discharge": "Discharge"}, "found basin,date,Discharge. Rename"),
    ],
)
def test_wrong_columns(tmp_path, rows, expected, columns, what):
    assert what in refusal(save(rows.rename(columns=columns), tmp_path / "columns.csv"), expected)
    assert what in refusal(rows.rename(columns=columns), expected)


def test_row_numbers_semicolons_and_decimal_commas(tmp_path, rows, expected):
    assert "found ,basin,date,discharge. Leave the row numbers out" in refusal(
        save(rows, tmp_path / "a.csv", index=True), expected
    )
    assert "commas, not semicolons" in refusal(save(rows, tmp_path / "b.csv", sep=";"), expected)
    german = "basin,date,discharge\n" + "\n".join(f"{b},1991-01-0{d},0,42" for b in BASINS for d in range(1, 8))
    (tmp_path / "c.csv").write_text(german)
    assert "line 2 has too many cells. Each row is basin,date,discharge; decimals take a point" in refusal(
        tmp_path / "c.csv", expected
    )
    (tmp_path / "d.csv").write_text("basin,date,discharge\n03,1991-01-01,0.4\n03,1991-01-02,0,4\n")
    assert "line 3 has too many cells" in refusal(tmp_path / "d.csv", expected)


def test_files_that_are_no_submission(tmp_path, rows, expected):
    (tmp_path / "empty.csv").write_text("\n")
    assert "empty.csv: the file is empty." in refusal(tmp_path / "empty.csv", expected)
    (tmp_path / "header.csv").write_text("basin,date,discharge\n")
    assert "header.csv: there are no rows." in refusal(tmp_path / "header.csv", expected)
    (tmp_path / "sheet.csv").write_bytes(b"PK\x03\x04 a spreadsheet")
    assert "not a text file" in refusal(tmp_path / "sheet.csv", expected)
    (tmp_path / "latin.csv").write_bytes("basin,date,discharge\nFluß,1991-01-01,1\n".encode("latin-1"))
    assert "latin.csv, line 2: this is not UTF-8 text." in refusal(tmp_path / "latin.csv", expected)
    (tmp_path / "short.csv").write_text("basin,date,discharge\n03,1991-01-01,0.4\n\n03\n")
    assert "line 3: the basin is missing" in refusal(tmp_path / "short.csv", expected)
    assert "heder.csv: no such file; did you mean 'header.csv'?" in refusal(tmp_path / "heder.csv", expected)


def test_an_unclosed_quote_is_a_refusal(tmp_path, expected):
    (tmp_path / "quote.csv").write_text('basin,date,discharge\n03,"1991-01-01,0.4\n03,1991-01-02,0.4\n')
    refusal(tmp_path / "quote.csv", expected)


def test_a_message_stays_short_whatever_a_cell_holds(tmp_path, expected):
    (tmp_path / "long.csv").write_text(f"basin,date,discharge\n{'9' * 50_000},1991-01-01,0.4\n")
    assert len(refusal(tmp_path / "long.csv", expected)) < 400 + len(str(tmp_path))


def test_an_oversized_file_is_not_read(tmp_path, rows, expected):
    path = save(pd.concat([rows] * 4), tmp_path / "huge.csv", float_format="%.17f")
    text = refusal(path, expected)
    assert "huge.csv: 0." in text and "MB is more than a right submission can have (0.1 MB)" in text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=80),
        st.text(max_size=60).map(lambda text: f"basin,date,discharge\n{text}".encode("utf-8", "replace")),
    )
)
def test_whatever_arrives_is_refused_in_words(tmp_path, content):
    path = tmp_path / "noise.csv"
    path.write_bytes(content)
    refusal(path, Expected(tuple(BASINS), DAYS))


# Writing


def test_a_faulty_prediction_leaves_the_old_file_alone(tmp_path, prediction, expected):
    path = write_submission(prediction, tmp_path / "hbg.csv", expected)
    before = path.read_bytes()
    with pytest.raises(SubmissionError, match="the prediction, row 1: discharge is missing"):
        write_submission(prediction.where(prediction.time > DAYS[0]), path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["hbg.csv"]


def test_an_interrupted_write_leaves_the_old_file_alone(tmp_path, prediction, expected, monkeypatch):
    path = write_submission(prediction, tmp_path / "hbg.csv", expected)
    before = path.read_bytes()

    def full_disk(self, file, **options):
        Path(file).write_text("basin,date\n")
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_submission(prediction, path, expected)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["hbg.csv"]


def test_only_a_basin_by_time_array_is_a_prediction(tmp_path, prediction):
    with pytest.raises(SubmissionError, match="DataArray with the dimensions basin and time; this is ndarray"):
        write_submission(prediction.values, tmp_path / "x.csv")
    with pytest.raises(SubmissionError, match=r"this is \('time',\)"):
        write_submission(prediction.isel(basin=0, drop=True), tmp_path / "x.csv")


# The competition's inputs


@pytest.fixture
def basins():
    time = pd.date_range("1997-10-01", "2001-09-30")
    q = np.random.default_rng(0).gamma(2.0, 1.0, (2, len(time)))
    return xr.Dataset(
        {
            "discharge": (("basin", "time"), q, {"units": "mm/day"}),
            "prcp": (("basin", "time"), 2 * q, {"units": "mm/day"}),
            "area": ("basin", [100.0, 900.0], {"units": "km2"}),
            "q_mean": ("basin", q.mean(1), {"units": "mm/day", "derived_from": "discharge"}),
        },
        {"basin": ["a", "b"], "time": time, "lat": ("basin", [45.0, 46.0]), "lon": ("basin", [-70.0, -71.0])},
    )


def test_withheld_is_the_discharge_of_the_test_period_and_nothing_else(basins):
    inputs = withhold(basins)
    assert inputs["discharge"].sel(time=slice("1997-10-01", "1999-09-30")).isnull().all()
    xr.testing.assert_equal(
        inputs["discharge"].sel(time=slice("1999-10-01", None)), basins["discharge"].sel(time=slice("1999-10-01", None))
    )
    xr.testing.assert_identical(inputs["prcp"], basins["prcp"])
    assert "q_mean" not in inputs and not basins["discharge"].isnull().any()


def test_what_is_withheld_is_what_is_asked_for(basins, tmp_path):
    inputs = withhold(basins)
    asked = Expected.of(inputs)
    assert asked.basins == ("a", "b") and asked.rows == 2 * 730
    assert str(asked.days[0])[:10] == "1997-10-01" and str(asked.days[-1])[:10] == "1999-09-30"
    path = write_submission(basins["discharge"], tmp_path / "perfect.csv", inputs)
    np.testing.assert_allclose(validate_submission(path, inputs), basins["discharge"].sel(time=asked.days), rtol=1e-6)


def test_a_competition_needs_something_withheld(basins):
    with pytest.raises(SubmissionError, match="these basins withhold nothing"):
        Expected.of(basins)
    with pytest.raises(SubmissionError, match="run from 2000-01-01 to 2001-09-30 and have no day of the test period"):
        withhold(basins.sel(time=slice("2000-01-01", None)))


def test_the_practice_competition_has_other_basins_than_the_lessons():
    inputs, truth = competition.competition_basins(n=3), competition.practice_truth(n=3)
    assert inputs["discharge"].sel(time=truth.time).isnull().all() and truth.notnull().mean() > 0.8
    lesson = simulated_basins(n=3)["discharge"].sel(time=truth.time)
    assert not np.allclose(truth.fillna(0), lesson.fillna(0))
