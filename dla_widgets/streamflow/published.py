"""Published scores of 531 basins, to stand beside one's own.

All were computed for 1989-10-01 to 1999-09-30, the ``"test"`` of :data:`.basins.PERIODS`; the LSTMs were trained on
1999-10-01 to 2008-09-30. Kratzert et al. (2019), doi:10.1029/2019WR026065
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from .basins import BasinError

#: Column -> file of https://github.com/kratzert/lstm_for_pub
MODELS = {
    "LSTM": "global_lstm_static.csv",
    "LSTM without attributes": "global_lstm_no_static.csv",
    "LSTM, ungauged": "pub_lstm.csv",
    "SAC-SMA": "benchmark_sacsma_ensemble.csv",
    "National Water Model": "benchmark_nwm_retrospective.csv",
}


def published_scores(root: str | os.PathLike | None = None, score: str = "nse") -> pd.DataFrame:
    """The score of each published model on each basin.

    Parameters
    ----------
    root : folder with the files, or the one that holds it as ``published_scores/``; by default ``DLA_DATA``
    score : a column of the files, such as ``"nse"`` or ``"bias"``

    Returns
    -------
    scores : a row for each gauge id, a column for each of :data:`MODELS`; NaN where a model has no score. The ungauged
        LSTM never saw the basin that it is scored on; SAC-SMA was calibrated on each basin alone

    Raises
    ------
    BasinError : the files or the score are not there
    """
    folder = _folder(root)
    columns = {}
    for model, name in MODELS.items():
        if (path := folder / name).is_file():
            table = pd.read_csv(path, dtype={"basin": str}, index_col="basin")
            if score not in table:
                raise BasinError(f"no score {score!r} in {path}; it has {', '.join(map(str, table.columns[1:]))}")
            columns[model] = table[score].rename(index=lambda basin: basin.zfill(8))
    scores = pd.DataFrame(columns).sort_index()
    scores.attrs["references"] = "doi:10.1029/2019WR026065"
    return scores


def _folder(root: str | os.PathLike | None) -> Path:
    named = root or os.environ.get("DLA_DATA")
    if not named:
        raise BasinError(
            "published_scores() needs the folder of the published scores; name it, or the folder that holds "
            "published_scores/, or set DLA_DATA"
        )
    for folder in (Path(named).expanduser(), Path(named).expanduser() / "published_scores"):
        if any((folder / name).is_file() for name in MODELS.values()):
            return folder
    raise BasinError(
        f"no published scores in {named}: expected {', '.join(MODELS.values())}, in it or in its published_scores/. "
        "They come from https://github.com/kratzert/lstm_for_pub"
    )
