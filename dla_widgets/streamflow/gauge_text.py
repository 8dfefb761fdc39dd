"""One gauge's text files as CAMELS-US publishes them: a forcing file and a streamflow file.

Each file is read twice as carefully as it needs: first in one sweep over its bytes, which takes about 3 ms and works
only for a file exactly in the published form; and where anything is out of line, again line by line
(:func:`_forcing_lines`, :func:`_streamflow_lines`), which either copes or can name the line and the fault.

Newman et al. (2015), doi:10.5194/hess-19-209-2015
"""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from .basins import cfs_to_mm_per_day
from .records import Record, RecordError, on_consecutive_days

#: The columns of a forcing file after year, month, day and hour.
COLUMNS = ("dayl", "prcp", "srad", "swe", "tmax", "tmin", "vp")

#: Quality flags of the streamflow files, by code; 0 stands for a day without any record.
FLAGS = {1: "A", 2: "A:e", 3: "M", 9: "other"}

HEADER_LINES = 4
MISSING = -999.0
_CODES = {flag: code for code, flag in FLAGS.items()}

# A flag told by its last character, and the character that must stand before it.
_FLAG_ENDS, _BEFORE_END = np.zeros(256, np.int8), np.zeros(256, np.uint8)
_FLAG_ENDS[[ord("A"), ord("e"), ord("M")]] = _CODES["A"], _CODES["A:e"], _CODES["M"]
_BEFORE_END[[ord("A"), ord("e"), ord("M")]] = ord(" "), ord(":"), ord(" ")


class ForcingError(RecordError):
    """A forcing file cannot be read."""


class StreamflowError(RecordError):
    """A streamflow file cannot be read."""


def read_forcing(path: Path) -> Record:
    """A basin's forcing: (day, column) in the order of :data:`COLUMNS`, units as in :data:`.basins.FORCINGS`.

    Raises
    ------
    ForcingError : a line is cut off, not numeric, out of order or twice there
    """
    raw = path.read_bytes()
    area, body = _forcing_header(path, raw)
    days, values = _forcing_sweep(body) or _forcing_lines(path, body)
    record = on_consecutive_days(path, days, values, HEADER_LINES + 1, ForcingError)
    record.area = area
    return record


def read_streamflow(path: Path, area_km2: float) -> Record:
    """A gauge's discharge: (day, 2), the depth over the basin [mm/day] and the code of its flag in :data:`FLAGS`.

    Parameters
    ----------
    area_km2 : area of the basin [km2], over which the cubic feet per second in the file are spread

    Raises
    ------
    StreamflowError : as for :func:`read_forcing`, or the file is another gauge's
    """
    raw = path.read_bytes()
    days, values = _streamflow_sweep(path, raw) or _streamflow_lines(path, raw)
    cfs = values[:, 0]
    values[:, 0] = np.where(cfs == MISSING, np.nan, cfs_to_mm_per_day(cfs, area_km2))
    return on_consecutive_days(path, days, values, 1, StreamflowError)


def _forcing_header(path: Path, raw: bytes) -> tuple[float, bytes]:
    """Area [km2] and what follows the header: latitude, elevation, area [m2], column names."""
    *head, body = (raw.split(b"\n", HEADER_LINES) + [b""] * HEADER_LINES)[: HEADER_LINES + 1]
    try:
        area = float(head[2]) / 1e6
    except ValueError:
        area = np.nan
    if not area > 0:
        raise ForcingError(path, 3, f"expected the area of the basin [m2], found {_shown(head[2])}", cut=not body)
    names = [name.split(b"(")[0].lower().decode(errors="replace") for name in head[3].split()]
    if names != ["year", "mnth", "day", "hr", *COLUMNS]:
        expected = "Year Mnth Day Hr " + " ".join(COLUMNS)
        raise ForcingError(path, 4, f"expected the columns {expected}, found {_shown(head[3])}", cut=not body)
    return area, body


def _forcing_sweep(body: bytes) -> tuple[np.ndarray, np.ndarray] | None:
    """Days and values of lines such as ``1980 01 01 12<tab>31185.97<tab>...``; None for any other form."""
    starts, _ = _lines(body)
    days = _consecutive_days(body, starts)
    if days is None or body.count(b"\t") != 7 * len(days) or _cut_inside_number(body):
        return None
    try:
        table = pd.read_csv(
            io.BytesIO(body),
            sep="\t",
            header=None,
            usecols=range(1, 8),
            dtype=float,
            na_filter=False,
            quoting=csv.QUOTE_NONE,
            low_memory=False,
        ).to_numpy()
    except ValueError:  # pandas' parser errors are ValueErrors too
        return None
    return (days, table) if len(table) == len(days) and np.isfinite(table).all() else None


def _streamflow_sweep(path: Path, raw: bytes) -> tuple[np.ndarray, np.ndarray] | None:
    """Days, cfs and flags of lines such as ``01022500 1980 01 01   395.00 A``; None for any other form."""
    starts, ends = _lines(raw)
    days = _consecutive_days(raw, starts + 9)
    if days is None or (_chars(raw, starts, 9) != np.frombuffer(f"{path.name[:8]} ".encode(), np.uint8)).any():
        return None
    text = np.frombuffer(raw, np.uint8)
    last = text[ends - 1]
    if (_FLAG_ENDS[last] == 0).any() or (text[ends - 2] != _BEFORE_END[last]).any():
        return None
    long = ends[last == ord("e")]
    if (text[long - 3] != ord("A")).any() or (text[long - 4] != ord(" ")).any():
        return None
    space = text == ord(" ")
    if np.count_nonzero(space[1:] & ~space[:-1]) != 5 * len(days):
        return None
    try:
        cfs = np.loadtxt(path, usecols=4, comments=None, ndmin=1)
    except ValueError:
        return None
    whole = len(cfs) == len(days) and np.isfinite(cfs).all()
    return (days, np.column_stack([cfs, _FLAG_ENDS[last]])) if whole else None


def _lines(text: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where each line starts and ends."""
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    if text and not text.endswith(b"\n"):
        ends = np.append(ends, len(text))
    return np.concatenate([[0], ends[:-1] + 1])[: len(ends)], ends


def _chars(text: bytes, at: np.ndarray, width: int) -> np.ndarray:
    """The `width` characters of `text` from each of these places on: (place, width)."""
    return np.lib.stride_tricks.sliding_window_view(np.frombuffer(text, np.uint8), width)[at]


def _consecutive_days(text: bytes, at: np.ndarray) -> np.ndarray | None:
    """The days written ``1980 01 01`` at these places of `text`; None unless each follows the one before."""
    calendar, first = _calendar()
    if not len(at) or at[-1] + 10 > len(text):
        return None
    try:
        start = np.datetime64(text[at[0] : at[0] + 10].decode().replace(" ", "-"), "D")
    except ValueError:
        return None
    written = calendar[max(0, (start - first).astype(int)) :][: len(at)]
    return start + np.arange(len(at)) if np.array_equal(_chars(text, at, 10), written) else None


@lru_cache(maxsize=1)
def _calendar() -> tuple[np.ndarray, np.datetime64]:
    """Every day of the years in question as CAMELS writes it, (day, 10) characters, and the first of them."""
    days = np.arange("1900-01-01", "2100-01-01", dtype="datetime64[D]")
    text = days.astype("S10").view(np.uint8).reshape(-1, 10).copy()
    text[:, [4, 7]] = ord(" ")
    return text, days[0]


def _days(year, month, day) -> tuple[np.ndarray, np.ndarray]:
    """Dates, and whether each exists in the calendar."""
    year, month, day = (np.asarray(part, np.int64) for part in (year, month, day))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    return days, (month >= 1) & (month <= 12) & (days.astype("datetime64[M]") == months)


def _cut_inside_number(body: bytes) -> bool:
    """Whether the file stops without a line end, in a number with fewer decimals than the one above it."""
    if body.endswith(b"\n"):
        return False
    last = [line.split()[-1].partition(b".")[2] for line in body[-400:].split(b"\n")[-2:] if line.split()]
    return len(last) == 2 and len(last[1]) < len(last[0])


def _forcing_lines(path: Path, body: bytes) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`_forcing_sweep`, line by line: any white space between the fields, and every fault named."""
    rows = []
    names = ("year", "month", "day", "hour", *COLUMNS)
    lines = body.rstrip().split(b"\n")
    for number, line in enumerate(lines, start=HEADER_LINES + 1):
        fields = line.split()
        if len(fields) != len(names):
            last = number == HEADER_LINES + len(lines)
            raise ForcingError(path, number, f"expected {len(names)} numbers, found {len(fields)}", cut=last)
        rows.append([_number(path, number, *pair, ForcingError) for pair in zip(names, fields)])
    if _cut_inside_number(body):
        raise ForcingError(
            path, HEADER_LINES + len(lines), f"the last number, {_shown(fields[-1])}, is incomplete", cut=True
        )
    table = np.array(rows)
    return _checked_days(path, table[:, :3], HEADER_LINES + 1, ForcingError), table[:, 4:]


def _streamflow_lines(path: Path, raw: bytes) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`_streamflow_sweep`, line by line."""
    rows = []
    lines = raw.rstrip().split(b"\n")
    for number, line in enumerate(lines, start=1):
        fields = line.split()
        if len(fields) != 6:
            what = f"expected gauge, year, month, day, discharge and flag, found {len(fields)} fields"
            raise StreamflowError(path, number, what, cut=number == len(lines))
        if (gauge := fields[0].decode(errors="replace").zfill(8)) != path.name[:8]:
            raise StreamflowError(path, number, f"expected gauge {path.name[:8]}, found {gauge}")
        names = ("year", "month", "day", "discharge")
        code = _CODES.get(fields[5].decode(errors="replace"), _CODES["other"])
        rows.append([_number(path, number, *pair, StreamflowError) for pair in zip(names, fields[1:5])] + [code])
    table = np.array(rows)
    return _checked_days(path, table[:, :3], 1, StreamflowError), table[:, 3:]


def _number(path: Path, line: int, name: str, text: bytes, error: type[RecordError]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise error(path, line, f"{name} is {_shown(text)}, not a number")
    return value


def _checked_days(path: Path, dates: np.ndarray, first_line: int, error: type[RecordError]) -> np.ndarray:
    """Days of (line, 3) years, months and days."""
    days, real = _days(*dates.T)
    if not real.all():
        bad = int(np.argmin(real))
        raise error(path, first_line + bad, "there is no day {:.0f}-{:02.0f}-{:02.0f}".format(*dates[bad]))
    return days


def _shown(text: bytes) -> str:
    text = text.decode(errors="replace").strip()
    return repr(text if len(text) <= 60 else text[:57] + "...") if text else "nothing"
