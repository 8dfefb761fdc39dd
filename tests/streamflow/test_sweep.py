"""The sweep: the table is what its script makes, whole, and a run comes out again when it is run again."""

import numpy as np
import pytest

from dla_widgets.streamflow import sweep as folder
from dla_widgets.streamflow.sequences import SequenceError
from dla_widgets.streamflow.sweep import discharge_of, steps_of, sweep
from dla_widgets.streamflow.sweep.trial import LEVELS, LOOKS, RIVERS, USUAL, look_at, nse_or_nan, rivers, train_setting


@pytest.fixture(scope="module")
def found():
    return sweep()


def test_every_planned_run_is_in_the_table_and_nothing_else(found):
    pytest.importorskip("optuna")
    from dla_widgets.streamflow.sweep.make import plan

    planned = plan()
    assert found.runs[planned.columns].astype(planned.dtypes).equals(planned)


def test_series_and_table_tell_the_same(found):
    n = len(found.runs)
    assert found.curve.shape == found.taught.shape == (n, LOOKS) and found.shown.shape == (n, 365)
    assert np.allclose(found.curve[:, -1], np.maximum(found.runs["validation"], -1000), atol=1e-3, rtol=1e-3)
    assert list(found.observed) == list(RIVERS) and found.observed.index[0].isoformat().startswith("2008-10-01")
    for name, levels in LEVELS.items():
        assert set(found.runs[name]) == set(levels) and USUAL[name] in levels


def test_observed_year_is_that_of_the_rivers(found):
    observed = rivers()["discharge"].sel(time=found.observed.index).values
    assert np.nanmax(np.abs(found.observed.to_numpy().T - observed)) <= folder.HYDROGRAPH_STEP / 2 + 1e-6
    assert np.array_equal(np.isnan(found.observed.to_numpy().T), np.isnan(observed))


def test_usual_recipe_has_its_seeds_and_the_card_its_numbers(found):
    usual = found.runs[found.runs["design"] == "usual"]
    card = folder.CARD.read_text(encoding="utf-8")
    assert f"{len(found.runs)} trainings" in card and found.made in card
    for river, runs in usual.groupby("river"):
        assert runs["seed"].tolist() == list(range(8))
        assert f"{runs['validation'].std():.3f} ({RIVERS[river]})" in card
        best = found.runs[found.runs["river"] == river]["validation"].idxmax()
        assert f"{river}: run {best}," in card


def test_importance_is_a_share_with_a_spread(found):
    shares = found.importance
    assert set(shares["hyperparameter"]) == {*LEVELS, "luck"} and set(shares["river"]) == set(RIVERS)
    assert ((shares["low"] >= 0) & (shares["low"] <= shares["share"]) & (shares["share"] <= shares["high"])).all()
    assert (shares.groupby("river")["share"].sum() <= 1.05).all()


def test_all_of_it_is_small():
    assert sum(file.stat().st_size for file in (folder.RUNS, folder.SERIES, folder.IMPORTANCE)) < 1_000_000


def test_a_run_comes_out_again(found):
    runs = found.runs
    cheap = runs[(runs["design"] == "one step") & (runs["updates"] == 15) & (runs["seed"] == 0)]
    run = cheap.iloc[-1]
    outcome = train_setting(run["river"], {name: run[name] for name in LEVELS}, int(run["seed"]))
    assert outcome.validation == pytest.approx(run["validation"], abs=0.02)
    assert outcome.test == pytest.approx(run["test"], abs=0.02)
    row = runs.index.get_loc(run.name)
    assert np.array_equal(outcome.at, look_at(15))
    assert outcome.curve == pytest.approx(found.curve[row], abs=0.05)
    shown = found.shown[row]
    assert np.corrcoef(outcome.shown, shown)[0, 1] > 0.99


def test_a_training_can_be_stopped():
    looked = []
    setting = USUAL | {"updates": 400, "hidden": 2, "sequence": 30, "batch": 1}
    outcome = train_setting("sim-06", setting, look=lambda *look: looked.append(look), stop=lambda: bool(looked))
    assert outcome.at.tolist() == [40] == [looked[0][0]]
    assert outcome.validation == looked[0][1] and np.isnan(outcome.test)


def test_a_network_without_numbers_has_no_score():
    assert np.isnan(nse_or_nan(np.arange(3.0), np.array([1, np.nan, 1])))
    assert nse_or_nan(np.arange(3.0), np.arange(3.0)) == 1


def test_discharge_survives_its_steps():
    discharge = np.array([0, 0.005, 12.34, np.nan])
    assert discharge_of(steps_of(discharge)) == pytest.approx(discharge, nan_ok=True)


def test_pieces_of_any_length_can_be_learnt_from():
    from dla_widgets.streamflow.models import lstm
    from dla_widgets.streamflow.training import draw_from

    samples = draw_from(lstm(2), rivers(), "train", (30, 60))
    inputs, targets = next(samples.batches(3, 0))
    assert inputs.shape == (3, 90, 5) and targets.shape == (3, 60, 2)
    for wrong in ((30, 0), (-1, 5), (30,), 30, "long"):
        with pytest.raises(SequenceError, match="one of pieces, windows, got .* a pair of your own"):
            draw_from(lstm(2), rivers(), "train", wrong)
