"""The inputs of a competition as teams get them, and what a file to hand in must hold."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import xarray as xr

from .. import submission as rivers
from ..landcover import submission as lands
from ..submission_any import SAYS, TableExpected
from ..submission_csv import SubmissionError

#: the file that says which project it is
BASINS, SCENES = "basins.nc", "scenes.nc"

Expected = rivers.Expected | lands.Expected | TableExpected


def expected(folder: Path) -> Expected:
    """What the inputs in `folder` ask for. The service and a learner's machine ask here alike.

    Raises
    ------
    SubmissionError : these are no inputs of a competition, or they are damaged
    """
    folder = Path(folder)
    found = [name for name in (BASINS, SCENES, SAYS) if (folder / name).is_file()]
    if len(found) != 1:
        raise SubmissionError(f"{folder} holds no inputs of a competition: expected one of {BASINS}, {SCENES} and {SAYS}, found "
                              f"{' and '.join(found) or 'none of them'}. Get the inputs from the competition again.")  # fmt: skip
    try:
        if found == [BASINS]:
            with xr.open_dataset(folder / BASINS, engine="netcdf4") as stored:
                return rivers.Expected.of(stored.load())
        if found == [SCENES]:
            return lands.Expected.of_file(folder / SCENES)
        return TableExpected.of(folder)
    except (OSError, KeyError, RuntimeError, ValueError) as reason:
        if isinstance(reason, SubmissionError):
            raise
        raise SubmissionError(f"{folder / found[0]} is damaged ({reason}). Get the inputs from the competition again.") from None


def check(file: Path, expected: Expected, name: str) -> None:
    """Do nothing if the service can use `file`, which messages call `name`: it reads files in the same way.

    Raises
    ------
    SubmissionError : the first fault that was found, with its place and a remedy

    Warns
    -----
    SubmissionWarning : it can be used, and looks like a mistake
    """
    if isinstance(expected, TableExpected):
        expected.read(file, name)
    elif isinstance(expected, rivers.Expected):
        rivers.validate_submission(file, expected, name=name)
    else:
        deque(lands.checked_maps(file, expected, name=name), maxlen=0)  # a scene at a time
