"""The published scores, as they were published."""

from __future__ import annotations

import numpy as np
import pytest

from dla_widgets.streamflow.basins import BasinError
from dla_widgets.streamflow.published import MODELS, published_scores


def test_medians_are_those_of_the_paper(real_data):
    """Table 2 of Kratzert et al. (2019), doi:10.1029/2019WR026065, gives the medians to two digits."""
    scores = published_scores(real_data)
    assert list(scores.columns) == list(MODELS) and len(scores) == 531
    assert scores.index.name == "basin" and set(scores.index.str.len()) == {8}
    medians = scores.median().round(2).to_dict()
    assert medians == {
        "LSTM": 0.74,
        "LSTM without attributes": 0.63,
        "LSTM, ungauged": 0.69,
        "SAC-SMA": 0.64,
        "National Water Model": 0.58,
    }


def test_a_basin_and_another_score(real_data):
    scores = published_scores(real_data / "published_scores")
    assert scores.loc["01022500", "LSTM"] == pytest.approx(0.8069809256633204, abs=1e-15)
    assert scores.loc["01031500", "LSTM, ungauged"] == pytest.approx(0.832767426875085, abs=1e-15)
    assert published_scores(real_data, "bias").loc["01022500", "SAC-SMA"] == pytest.approx(0.1836550194870319)


def test_the_folder_may_come_from_the_environment(real_data, monkeypatch):
    monkeypatch.setenv("DLA_DATA", str(real_data))
    assert len(published_scores()) == 531


def test_a_model_without_a_file_has_no_column_and_zeros_are_restored(tmp_path):
    (tmp_path / MODELS["SAC-SMA"]).write_text(",basin,nse\n0,1022500,0.5\n1,01031500,nan\n")
    scores = published_scores(tmp_path)
    assert list(scores.columns) == ["SAC-SMA"] and scores.index.tolist() == ["01022500", "01031500"]
    np.testing.assert_array_equal(scores["SAC-SMA"], [0.5, np.nan])
    with pytest.raises(BasinError, match=r"no score 'kge' in .*; it has nse"):
        published_scores(tmp_path, "kge")


def test_no_folder_and_a_wrong_one(tmp_path, monkeypatch):
    monkeypatch.delenv("DLA_DATA", raising=False)
    with pytest.raises(BasinError, match=r"needs the folder of the published scores; name it, .*or set DLA_DATA"):
        published_scores()
    with pytest.raises(BasinError, match=r"no published scores in .*: expected global_lstm_static.csv.*lstm_for_pub"):
        published_scores(tmp_path)
