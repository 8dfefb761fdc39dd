"""What a team sees of a competition: its inputs, a file to hand in, and the same checks that the leaderboard makes.

A competition is a set of basins with the discharge of one period withheld. A team predicts that discharge and hands in
one file; :mod:`.submission` says what such a file looks like and judges it.
"""

from __future__ import annotations

import os

import numpy as np
import xarray as xr

from .streamflow.basins import PERIODS, TARGET, open_basins
from .submission import Expected, SubmissionError, read_submission, to_table, validate_submission, write_submission

__all__ = [
    "PRACTICE_SEED",
    "Expected",
    "SubmissionError",
    "competition_basins",
    "practice_truth",
    "read_submission",
    "to_table",
    "validate_submission",
    "withhold",
    "write_submission",
]

#: The simulated basins of the practice competition: others than those of the lessons, which have seed 0.
PRACTICE_SEED = 2020


def competition_basins(source: str | os.PathLike | None = None, period: str = "test", **options) -> xr.Dataset:
    """The inputs of a competition: basins with the discharge of `period` withheld.

    Parameters
    ----------
    source : as for :func:`~.streamflow.basins.open_basins`; by default simulated basins, those of :data:`PRACTICE_SEED`
    period : which of :data:`~.streamflow.basins.PERIODS` is withheld
    **options : passed on to :func:`~.streamflow.basins.open_basins`
    """
    return withhold(_open(source, options), period)


def practice_truth(source: str | os.PathLike | None = None, period: str = "test", **options) -> xr.DataArray:
    """The withheld discharge (basin, time) [mm/day] of a practice competition.

    In a real competition nobody but the advisor's server has it. In practice it is one call away, and the only thing
    that keeps your score honest is that you make this call once, at the very end.
    """
    return _open(source, options)[TARGET].sel(time=PERIODS[period])


def withhold(basins: xr.Dataset, period: str = "test") -> xr.Dataset:
    """A copy of `basins` without the discharge of `period`; the forcings stay.

    Raises
    ------
    SubmissionError : `basins` has no day in that period
    """
    days = basins.indexes["time"]
    hidden = days.slice_indexer(PERIODS[period].start, PERIODS[period].stop)
    if not len(days[hidden]):
        raise SubmissionError(
            f"these basins run from {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d} and have no day of the "
            f"{period} period, {PERIODS[period].start} to {PERIODS[period].stop}; open a longer record"
        )
    target = basins[TARGET].copy(deep=True)
    target[{"time": hidden}] = np.nan
    span = f"{days[hidden][0]:%Y-%m-%d}/{days[hidden][-1]:%Y-%m-%d}"
    # Signatures made from the whole record would tell about the withheld part of it.
    told = [name for name, values in basins.data_vars.items() if values.attrs.get("derived_from") == TARGET]
    return basins.drop_vars(told).assign({TARGET: target}).assign_attrs(withheld=span)


def _open(source, options: dict) -> xr.Dataset:
    simulated = str(source or os.environ.get("DLA_BASINS") or "simulated") == "simulated"
    return open_basins(source, **({"seed": PRACTICE_SEED} if simulated else {}) | options)
