"""Scores and what was lost, under the names that ``scores.js`` and the sentences of the explorers use."""

from __future__ import annotations

import numpy as np

from ..pairs import UndefinedSkill
from ..skill import SCORES, SkillLost, nse_decomposition, or_nan


def scored(observed: np.ndarray, simulated: np.ndarray, names: tuple[str, ...]) -> dict[str, float]:
    """The scores `names`, ``alpha``, ``bias`` (a share), and ``lost.correlation``, ``lost.variability``, ``lost.bias``.

    NaN where a score is not defined for these days, or no day has both values.
    """
    found = {name: or_nan(SCORES[name], observed, simulated) for name in names}
    found |= {"alpha": or_nan(SCORES["alpha_nse"], observed, simulated),
              "bias": or_nan(SCORES["percent_bias"], observed, simulated) / 100}  # fmt: skip
    try:
        lost = nse_decomposition(observed, simulated)
    except UndefinedSkill:
        lost = SkillLost(np.nan, np.nan, np.nan)
    return found | {f"lost.{part}": value for part, value in lost._asdict().items()}
