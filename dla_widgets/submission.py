"""The file that a team hands in, and whether it can be used.

A submission is one file, one row for each basin and day, discharge in mm/day; as CSV::

    basin,date,discharge
    01022500,1989-10-01,0.4210433

as Parquet with the same three columns, or as netCDF with ``discharge`` (basin, time). What a file is, its first bytes say.
It is used as a whole or not at all: any fault raises a :class:`SubmissionError` that says where it is and what to do.
A team runs these checks before it sends a file, and the leaderboard runs the same ones when it arrives.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from .streamflow.basins import CFS_TO_MM_KM2, TARGET
from .submission_any import is_parquet, read_table
from .submission_csv import COLUMNS, SubmissionError, check_columns, check_file, read_cells, refusal
from .submission_netcdf import is_netcdf, read_netcdf, write_netcdf

#: What one row may take in a file [byte]; the longest that we write has about half as much.
ROW_BYTES = 64

#: What a file may have besides its rows [byte]: a netCDF file has attributes and tables of its own.
LEAST_BYTES = 50_000

#: Significant digits of a discharge in the file: far beyond what any gauge can tell.
DIGITS = 7

#: Discharge [mm/day] from here on is no river's: ten times the wettest day on record.
LARGEST = 20_000


@dataclass(frozen=True)
class Expected:
    """What a submission must hold: one discharge for each of `basins` on each of `days`.

    Attributes
    ----------
    basins : gauge ids, as text
    days : the withheld days
    usual : (basin,) mean discharge while it was known [mm/day], or None: to suspect a wrong unit
    area : (basin,) [km2], or None: to say which
    """

    basins: tuple[str, ...]
    days: pd.DatetimeIndex
    usual: np.ndarray | None = None
    area: np.ndarray | None = None

    @classmethod
    def of(cls, basins: xr.Dataset) -> Expected:
        """What the competition `basins` (see :func:`withhold`) asks for."""
        if "withheld" not in basins.attrs:
            raise SubmissionError(
                "these basins withhold nothing, so there is nothing to predict; "
                "get a competition's inputs from competition_basins() or withhold(basins)"
            )
        known = basins[TARGET].mean("time").values
        area = basins["area"].values if "area" in basins else None
        days = basins.indexes["time"]
        return cls(_ids(basins), days[days.slice_indexer(*basins.attrs["withheld"].split("/"))], known, area)

    @property
    def rows(self) -> int:
        return len(self.basins) * len(self.days)

    @property
    def max_bytes(self) -> int:
        """A larger file cannot be right."""
        return LEAST_BYTES + ROW_BYTES * self.rows


def write_submission(
    prediction: xr.DataArray, path: str | os.PathLike, expected: xr.Dataset | Expected | None = None
) -> Path:
    """Write a prediction as a submission file; a faulty one is not written, and a file that was there stays.

    Parameters
    ----------
    prediction : (basin, time) discharge [mm/day]
    path : where to, ``*.parquet``, ``*.nc``, or CSV of any other name; folders are made as needed
    expected : the competition's inputs. With them, the prediction is cut to the basins and days that are asked for, and
        is checked as :func:`validate_submission` does before anything is written

    Returns
    -------
    the path

    Raises
    ------
    SubmissionError : the prediction cannot be used
    """
    path = Path(path)
    prediction = prediction if expected is None else _cut(prediction, _expected(expected))
    frame = to_table(prediction)
    if expected is None:
        _check_values(_Rows(frame, "the prediction"))
    else:
        validate_submission(frame, expected, name="the prediction")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".part")
    try:
        if path.suffix == ".nc":
            write_netcdf(prediction, draft)
        elif path.suffix == ".parquet":
            frame.to_parquet(draft, index=False)
        else:
            frame.to_csv(draft, index=False, float_format=f"%.{DIGITS}g", date_format="%Y-%m-%d", lineterminator="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def to_table(prediction: xr.DataArray) -> pd.DataFrame:
    """(basin, time) discharge as the rows of a submission: columns ``basin``, ``date``, ``discharge`` [mm/day]."""
    if set(getattr(prediction, "dims", ())) != {"basin", "time"}:
        found = getattr(prediction, "dims", type(prediction).__name__)
        raise SubmissionError(
            f"a prediction is an xarray.DataArray with the dimensions basin and time; this is {found}. "
            "predict(model, basins) returns one."
        )
    values = prediction.transpose("basin", "time")
    basins, days = _ids(values), values.indexes["time"]
    return pd.DataFrame(
        {
            "basin": np.repeat(basins, len(days)),
            "date": np.tile(days.values, len(basins)),
            TARGET: np.asarray(values.values, dtype=float).ravel(),
        }
    )


def read_submission(path: str | os.PathLike, max_bytes: int = 200_000_000, *, name: str | None = None) -> pd.DataFrame:
    """The rows of a submission file as gauge ids, days and numbers; :func:`validate_submission` also judges them.

    Parameters
    ----------
    path : CSV or Parquet file with the columns ``basin``, ``date`` (YYYY-MM-DD) and ``discharge`` [mm/day], in any
        order; or netCDF file with ``discharge`` (basin, time)
    max_bytes : larger files are not read
    name : what to call the file in messages; its path by default

    Returns
    -------
    DataFrame with basin (text), date (datetime64), discharge (float)

    Raises
    ------
    SubmissionError : no such file, of no such kind, wrong columns, or a row that is not a basin, a day and a number
    """
    return _read(Path(path), max_bytes, name).frame


def _read(path: Path, max_bytes: int, name: str | None) -> _Rows:
    """The rows of a file, told in messages by their line where it has lines."""
    name = name or str(path)
    check_file(path, max_bytes, name)
    most = max_bytes // ROW_BYTES  # rows that a right file has: a small one may hold many more
    with path.open("rb") as file:
        start = file.read(8)
    if is_netcdf(start):
        rows = _Rows(to_table(read_netcdf(path, most, name)), name, place="")
    elif is_parquet(start):
        try:
            frame = read_table(path, most, COLUMNS)
        except (OSError, ValueError) as reason:
            raise refusal(f"{name}: this Parquet file cannot be used: {reason}. Write it with write_submission().") from None
        check_columns(list(frame.columns), name)
        rows = _Rows(frame, name)
    else:
        rows = _Rows(read_cells(path, max_bytes, name), name, "line {}", first=2)
    _check_cells(rows)
    return rows


def validate_submission(
    submission: str | os.PathLike | pd.DataFrame, expected: xr.Dataset | Expected, *, name: str | None = None
) -> xr.DataArray:
    """Judge a submission as the leaderboard does.

    Parameters
    ----------
    submission : a file, or a table with its columns
    expected : the competition's inputs, or what they ask for
    name : what to call the submission in messages; the file's name by default

    Returns
    -------
    (basin, time) discharge [mm/day], in the order of `expected`

    Raises
    ------
    SubmissionError : the first fault that was found, with its place and a remedy
    """
    expected = _expected(expected)
    if isinstance(submission, pd.DataFrame):
        rows = _Rows(submission, name or "the table")
        check_columns(list(submission.columns), rows.name)
        _check_cells(rows)
    else:
        rows = _read(Path(submission), expected.max_bytes, name)
    _check_values(rows)
    values = _arrange(rows, expected)
    _check_unit(values, expected, rows.name)
    return xr.DataArray(
        values, {"basin": list(expected.basins), "time": expected.days}, ("basin", "time"), TARGET, {"units": "mm/day"}
    )


class _Rows:
    """The rows of a submission and how to name one of them in a message."""

    def __init__(self, frame: pd.DataFrame, name: str, place: str = "row {}", first: int = 1):
        self.frame, self.name, self._place, self._first = frame.reset_index(drop=True), name, place, first

    def fault(self, bad: np.ndarray, what: str, remedy: str) -> None:
        """Raise for the first True in `bad`, if any; ``{basin}``, ``{date}``, ``{discharge}`` are that row's."""
        if not bad.any():
            return
        at = int(np.argmax(bad))
        row = self.frame.iloc[at]
        date = str(row["date"])[:10] if isinstance(row["date"], pd.Timestamp) else row["date"]
        place = ", " * bool(self._place) + self._place.format(at + self._first)
        what = what.format(basin=_short(row["basin"]), date=_short(date), discharge=_short(row[TARGET]))
        more = f" ({bad.sum()} such rows)" if bad.sum() > 1 else ""
        raise refusal(f"{self.name}{place}: {what}{more}. {remedy}")


def _short(cell):
    """A cell as it may stand in a message, whatever a file had in it."""
    return cell[:40] + "..." if isinstance(cell, str) and len(cell) > 40 else cell


def _expected(expected: xr.Dataset | Expected) -> Expected:
    return expected if isinstance(expected, Expected) else Expected.of(expected)


def _ids(basins: xr.Dataset | xr.DataArray) -> tuple[str, ...]:
    return tuple(str(b) for b in basins["basin"].values)


def _cut(prediction: xr.DataArray, expected: Expected) -> xr.DataArray:
    """Of `prediction`, the basins and days that are asked for and that it has."""
    if not {"basin", "time"} <= set(getattr(prediction, "dims", ())):
        return prediction
    wanted = np.isin(_ids(prediction), expected.basins)
    return prediction.isel(basin=wanted, time=prediction.indexes["time"].isin(expected.days))


def _check_cells(rows: _Rows) -> None:
    """Turn the three columns into text, days and numbers, in a new frame of `rows`."""
    frame = rows.frame
    if not len(frame):
        raise refusal(f"{rows.name}: there are no rows. Write it with write_submission().")
    basin = frame["basin"].astype(str).str.strip()
    rows.fault((basin == "").values, "the basin is missing", "Each row needs basin, date and discharge.")
    date = frame["date"]
    if not pd.api.types.is_datetime64_any_dtype(date):
        date = pd.to_datetime(date.astype(str).str.strip(), format="%Y-%m-%d", errors="coerce")
    rows.fault(
        (date.isna() | (date != date.dt.normalize())).values,
        "{date!r} is not a day",
        "Write days as YYYY-MM-DD, without an hour.",
    )
    text = _stripped(frame[TARGET])
    value = pd.to_numeric(text, errors="coerce")
    blank = text.isna() | text.astype(str).str.lower().isin(["", "nan", "na", "none", "<na>", "null"])
    rows.fault(
        (value.isna() & ~blank).values,
        "{discharge!r} is not a number",
        "Write discharge with a decimal point, in mm/day.",
    )
    rows.frame = pd.DataFrame({"basin": basin, "date": date, TARGET: value.astype(float)})


def _stripped(column: pd.Series) -> pd.Series:
    return column.str.strip() if pd.api.types.is_string_dtype(column) else column


def _check_values(rows: _Rows) -> None:
    value = rows.frame[TARGET].values
    where = " for basin {basin} on {date}"
    rows.fault(
        np.isnan(value),
        "discharge is missing (NaN)" + where,
        "Every day needs a number; where your model has none, use another model's or the climatology.",
    )
    rows.fault(np.isinf(value), "discharge is infinite" + where, "A division by zero, or a network that diverged?")
    rows.fault(
        value > LARGEST,
        "discharge is {discharge:.4g} mm/day" + where,
        f"No river of this world has more than {LARGEST:g}; did a network diverge?",
    )
    rows.fault(
        value < 0,
        "discharge is negative, {discharge:.4g} mm/day," + where,
        "A river does not flow backwards: prediction.clip(min=0).",
    )


def _arrange(rows: _Rows, expected: Expected) -> np.ndarray:
    """(basin, day) values of rows that cover every expected basin and day once, and nothing else."""
    basin = pd.Index(expected.basins).get_indexer(rows.frame["basin"])
    day = expected.days.get_indexer(rows.frame["date"])
    rows.fault(
        basin < 0,
        "there is no basin {basin!r} in this competition",
        _basin_remedy(rows.frame["basin"][basin < 0], expected),
    )
    rows.fault(
        day < 0, "{date} is not asked for", f"Hand in {expected.days[0]:%Y-%m-%d} to {expected.days[-1]:%Y-%m-%d} only."
    )
    place = basin * len(expected.days) + day
    rows.fault(
        pd.Series(place).duplicated().values, "basin {basin} has {date} twice", "Keep one row for each basin and day."
    )
    values = np.full(expected.rows, np.nan)
    values[place] = rows.frame[TARGET].values
    values = values.reshape(len(expected.basins), len(expected.days))
    _check_complete(np.isnan(values), expected, rows.name)
    return values


def _basin_remedy(unknown: Iterable[str], expected: Expected) -> str:
    first = _short(next(iter(unknown), ""))
    if padded := [b for b in expected.basins if b.lstrip("0") == first.lstrip("0")]:
        return f"Did you mean {padded[0]!r}? Gauge ids are text: spreadsheets and int() drop the leading zero."
    if close := get_close_matches(first, expected.basins, n=1):
        return f"Did you mean {close[0]!r}?"
    return f"There are {len(expected.basins)}: {expected.basins[0]} ... {expected.basins[-1]}."


def _check_complete(missing: np.ndarray, expected: Expected, name: str) -> None:
    if not missing.any():
        return
    absent = [b for b, gone in zip(expected.basins, missing.all(axis=1)) if gone]
    if absent:
        shown = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
        of = f"{len(absent)} of {len(expected.basins)} basins {_are(len(absent))} missing"
        raise refusal(f"{name}: {of} ({shown}). Predict every basin.")
    worst = int(np.argmax(missing.any(axis=1)))
    first, gone = expected.days[int(np.argmax(missing[worst]))], int(missing[worst].sum())
    others = int(missing.any(axis=1).sum()) - 1
    also = f" and days of {others} other basin{'s' * (others > 1)}" if others else ""
    remedy = (
        "The first days count too: let the model warm up on earlier ones, or on the first year twice."
        if missing[worst, 0]
        else "Predict every day; where a forcing is missing, fill it."
    )
    raise refusal(
        f"{name}: {gone} of {len(expected.days)} days of basin {expected.basins[worst]} {_are(gone)} missing "
        f"(first: {first:%Y-%m-%d}){also}. {remedy}"
    )


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _check_unit(values: np.ndarray, expected: Expected, name: str) -> None:
    """Suspect a wrong unit where the mean of most basins is far from what it was while discharge was known."""
    if expected.usual is None:
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = values.mean(axis=1) / expected.usual
    fine = np.isfinite(ratio) & (ratio > 0)
    if not fine.any() or (off := np.median(np.abs(np.log(ratio[fine])))) < np.log(5):
        return
    factors = _units(expected.area)
    misfit = {unit: np.median(np.abs(np.log((ratio / factor)[fine]))) for unit, factor in factors.items()}
    unit = min(misfit, key=misfit.get)
    guess = (
        f"These look like {unit}."
        if misfit[unit] < min(0.7, off / 3)
        else "A wrong unit, or a scaling that was not undone?"
    )
    if misfit[unit] >= 0.7 and off < np.log(10):  # merely a poor model
        return
    raise refusal(
        f"{name}: the typical basin has {np.median(ratio[fine]):.3g} times the discharge it is known for. {guess} "
        "Expected mm/day over the basin; cfs_to_mm_per_day() converts."
    )


def _units(area: np.ndarray | None) -> dict[str, np.ndarray | float]:
    """unit -> what a discharge in mm/day is to be multiplied by to be in it."""
    units: dict[str, np.ndarray | float] = {
        "metres per day": 1e-3,
        "inches per day or mm per hour": 1 / 25,
        "cubic feet where cubic metres were expected": 35.3146667,
    }
    if area is not None:
        units |= {"cubic feet per second": area / CFS_TO_MM_KM2, "cubic metres per second": area / 86.4}
    return units
