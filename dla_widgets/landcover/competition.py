"""What a team sees of the land-cover competition: its scenes, a file to hand in, and the checks that the leaderboard makes.

A competition is a stack of scenes; the labels of its test scenes are withheld. A team maps those scenes and hands in one
file; :mod:`.submission` says what such a file looks like and judges it. Maps are ranked by their macro F1 over all pixels
of the withheld scenes (:class:`~.skill.Confusion`).
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
import xarray as xr

from ..submission_csv import SubmissionError
from .legend import IGNORE, legend_attrs
from .scenes import LABELS, open_scenes, select_scenes
from .submission import Expected, SubmissionWarning, read_submission, validate_submission, write_submission

__all__ = [
    "PRACTICE_SEED",
    "Expected",
    "SubmissionError",
    "SubmissionWarning",
    "competition_scenes",
    "practice_truth",
    "read_submission",
    "validate_submission",
    "withhold",
    "write_submission",
]

#: The simulated country of the practice competition: another than that of the lessons, which has seed 0.
PRACTICE_SEED = 2020


def competition_scenes(source: str | os.PathLike | None = None, split: str = "test", **options) -> xr.Dataset:
    """The scenes of a competition, the labels of `split` withheld.

    Parameters
    ----------
    source : as for :func:`~.scenes.open_scenes`; by default simulated scenes, those of :data:`PRACTICE_SEED`
    split : which part is withheld
    **options : passed on to :func:`~.scenes.open_scenes`

    Returns
    -------
    a stack in the one schema; ``attrs["withheld"]`` names the scenes that are asked for
    """
    return withhold(_open(source, options), split)


def practice_truth(source: str | os.PathLike | None = None, split: str = "test", **options) -> xr.DataArray:
    """The withheld labels (scene, y, x) uint8 of a practice competition; what is not scored is :data:`~.legend.IGNORE`.

    In a real competition nobody but the advisor's server has them. In practice they are one call away, and the only thing
    that keeps your score honest is that you make this call once, at the very end.
    """
    hidden = select_scenes(_open(source, options), split)
    return hidden[LABELS].where(hidden["valid"], IGNORE).astype(np.uint8).assign_attrs(legend_attrs())


def withhold(scenes: xr.Dataset, split: str = "test") -> xr.Dataset:
    """A copy of `scenes` in which nobody knows the land cover of `split`; the radar stays.

    Labels, and the true land cover of simulated scenes, are :data:`~.legend.IGNORE` there.

    Raises
    ------
    SceneError : no scene is for `split`
    """
    names = [str(name) for name in select_scenes(scenes, split)["scene"].values]
    hidden = (scenes["split"] == split).drop_vars(["scene", "split", "crs"], errors="ignore")
    told = {name: scenes[name] for name in (LABELS, "truth") if name in scenes}
    blank = {name: values.where(~hidden, IGNORE).astype(np.uint8).assign_attrs(values.attrs) for name, values in told.items()}
    return scenes.assign(blank).assign_attrs(withheld=names)


def _open(source: str | os.PathLike | None, options: dict) -> xr.Dataset:
    if str(source or os.environ.get("DLA_SCENES") or "simulated") == "simulated":
        options = {"seed": PRACTICE_SEED} | options
        if all(isinstance(value, int) for value in options.values()):
            return _simulated(**options).copy(deep=True)
    return open_scenes(source, **options)


@lru_cache(maxsize=1)  # the scenes are asked for at the beginning, their truth at the end: the same ones, which take seconds
def _simulated(**options) -> xr.Dataset:
    return open_scenes("simulated", **options)
