"""The daily record of one gauge, as it was read from a file: on consecutive days, or an error that names the line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .basins import BasinError


def place(path: Path) -> str:
    """What the parts of a file are counted in."""
    return "step" if path.suffix == ".nc" else "line"


class RecordError(BasinError):
    """A gauge's file cannot be read; the message names the file and the line."""

    advice = 'fetch it again with `dla fetch camels --basins {basin}`, or skip it with on_error="skip"'

    def __init__(self, path: Path, line: int, what: str, cut: bool = False):
        self.path, self.line = path, line
        looks = "The file looks cut off" if cut else "The file looks damaged"
        super().__init__(
            f"{path.name}, {place(path)} {line}: {what}. {looks}; {self.advice.format(basin=path.name[:8])}."
        )


@dataclass
class Record:
    """What one file holds: consecutive days from `start`, NaN where a day was not in the file."""

    path: Path
    start: np.datetime64
    values: np.ndarray  #: (day, column)
    last_line: int  #: of the file
    area: float = np.nan  #: of the basin [km2], where the file tells
    gaps: list[str] = field(default_factory=list)

    @property
    def end(self) -> np.datetime64:
        return self.start + (len(self.values) - 1)


def on_consecutive_days(
    path: Path, days: np.ndarray, values: np.ndarray, first_line: int, error: type[RecordError] = RecordError
) -> Record:
    """The record with `values` (line, column) on consecutive days, in single precision, NaN on those that are missing.

    Raises
    ------
    error : a day is there twice, or comes after a later one
    """
    steps = np.diff(days).astype(int)
    if (steps < 1).any():
        bad = int(np.argmax(steps < 1)) + 1
        seen = np.flatnonzero(days[:bad] == days[bad])
        what = (
            f"is there twice, first on {place(path)} {first_line + seen[0]}"
            if len(seen)
            else f"comes after {days[bad - 1]}"
        )
        raise error(path, first_line + bad, f"{days[bad]} {what}; expected the days in order, each once")
    last_line = first_line + len(days) - 1
    if (steps == 1).all():
        return Record(path, days[0], values.astype(np.float32), last_line)
    spread = np.full((steps.sum() + 1, values.shape[1]), np.nan, np.float32)
    spread[(days - days[0]).astype(int)] = values
    gaps = [_gap(path, first_line + i + 1, steps[i] - 1, days[i + 1]) for i in np.flatnonzero(steps > 1)]
    return Record(path, days[0], spread, last_line, gaps=gaps)


def _gap(path: Path, line: int, count: int, after: np.datetime64) -> str:
    missing = "1 day is" if count == 1 else f"{count} days are"
    return f"{path.name}, {place(path)} {line}: {missing} missing before {after}, and NaN here"


def read_each(
    files: Mapping[str, Any], read: Callable[[Any], Any], on_error: str, threads: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """What `read` makes of each basin's files, and what is wrong with those that it could not read.

    Parameters
    ----------
    on_error : ``"raise"`` the first :class:`RecordError`, or ``"skip"`` that basin
    threads : read so many basins at a time
    """

    def attempt(paths: Any) -> Any:
        try:
            return read(paths)
        except RecordError as error:
            return error

    records, faults = {}, {}
    with ThreadPoolExecutor(threads) as pool:
        for basin, found in zip(files, pool.map(attempt, files.values())):
            if not isinstance(found, RecordError):
                records[basin] = found
            elif on_error == "skip":
                faults[basin] = str(found)
            else:
                raise found
    return records, faults


def block(records: list[Record], start: np.datetime64, days: int) -> np.ndarray:
    """The values of all records on one time axis: (column, basin, day), NaN outside of each record."""
    values = np.full((records[0].values.shape[1], len(records), days), np.nan, np.float32)
    for i, record in enumerate(records):
        first = int((record.start - start).astype(int))
        values[:, i, first : first + len(record.values)] = record.values.T
    return values


def skipped_note(skipped: Mapping[str, str], others: int) -> list[str]:
    """What to say of basins that were skipped, by id and reason: nothing if there are none."""
    if not skipped:
        return []
    return [
        f"skipped {len(skipped)} of {len(skipped) + others} basins: {', '.join(skipped)}; the reasons are in "
        f'attrs["skipped"], the first is: {next(iter(skipped.values()))}'
    ]
