"""The text of a submission file: a CSV file as people and spreadsheets really save it, or the reason why it is none."""

from __future__ import annotations

import re
from difflib import get_close_matches
from io import StringIO
from pathlib import Path

import pandas as pd

from .errors import CourseError
from .streamflow.basins import TARGET

COLUMNS = ("basin", "date", TARGET)


class SubmissionError(CourseError):
    """A submission cannot be used; the message says which row is at fault and what to do. Nothing of it was used."""


def refusal(text: str) -> SubmissionError:
    return SubmissionError(f"{text} No entry was used.")


def read_cells(path: Path, max_bytes: int, name: str | None = None) -> pd.DataFrame:
    """The cells of a CSV file as text, its columns known to be right; messages call it `name`.

    Raises
    ------
    SubmissionError : no such file, too large, not text, wrong columns, or rows of unequal length
    """
    return _parse(_text(path, name or str(path), max_bytes), name or str(path))


def check_file(path: Path, max_bytes: int, name: str) -> None:
    """Do nothing if there is such a file, and it is not too large.

    Raises
    ------
    SubmissionError : there is none, or it is
    """
    if not path.is_file():
        near = get_close_matches(path.name, [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else [], n=1)
        raise refusal(
            f"{name}: no such file"
            + (f"; did you mean {near[0]!r}?" if near else ". Write one with write_submission().")
        )
    if (size := path.stat().st_size) > max_bytes:
        raise refusal(
            f"{name}: {size / 1e6:.1f} MB is more than a right submission can have "
            f"({max_bytes / 1e6:.1f} MB). Is it the right file? Write it with write_submission()."
        )


def _text(path: Path, name: str, max_bytes: int) -> str:
    check_file(path, max_bytes, name)
    raw = path.read_bytes()
    if raw[:2] in (b"PK", b"\x1f\x8b") or b"\0" in raw:
        raise refusal(f"{name}: this is not a text file (a spreadsheet or an archive?). Save it as plain CSV.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refusal(f"{name}, line {line}: this is not UTF-8 text. Save the file as CSV (UTF-8).") from None


def _parse(text: str, name: str) -> pd.DataFrame:
    if not text.strip():
        raise refusal(f"{name}: the file is empty. Write it with write_submission().")
    header = [cell.strip().strip('"') for cell in text.split("\n", 1)[0].split(",")]
    check_columns(header, name)
    try:
        frame = pd.read_csv(
            StringIO(text.rstrip()), dtype=str, keep_default_na=False, skip_blank_lines=False, header=0, names=header
        )
    except pd.errors.ParserError as error:
        raise refusal(f"{name}: {_ragged(str(error))}") from None
    if not isinstance(frame.index, pd.RangeIndex):  # every row has more cells than the header
        raise refusal(f"{name}: {_ragged('line 2')}")
    return frame.fillna("")


def _ragged(error: str) -> str:
    at = re.search(r"line (\d+)", error)
    place = f"line {at[1]} has" if at else "some rows have"
    return f"{place} too many cells. Each row is basin,date,{TARGET}; decimals take a point, not a comma."


def check_columns(found: list, name: str) -> None:
    if sorted(map(str, found)) == sorted(COLUMNS):
        return
    shown = ",".join(map(str, found))
    if ";" in shown:
        remedy = "Cells are separated by commas, not semicolons."
    elif "" in found or any(str(column).startswith("Unnamed") for column in found):
        remedy = "Leave the row numbers out: to_csv(path, index=False)."
    else:
        remedy = "Rename, add or drop columns, or let write_submission() write the file."
    raise refusal(f"{name}: expected the columns {','.join(COLUMNS)}, found {shown[:120]}. {remedy}")
