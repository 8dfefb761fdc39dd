"""The explorer of hyperparameters: it shows runs of the sweep, says which and how far away, and can train one."""

import numpy as np
import pytest

from dla_widgets.panels.explorer import ExplorerError, say
from dla_widgets.streamflow.explorers.hyperparameters import HyperparameterExplorer
from dla_widgets.streamflow.skill import nse
from dla_widgets.streamflow.sweep import sweep
from dla_widgets.streamflow.sweep.trial import LEVELS, RIVERS, USUAL


@pytest.fixture(scope="module")
def runs():
    return sweep().runs


def test_it_begins_with_the_first_seed_of_the_usual_recipe(runs):
    explorer = HyperparameterExplorer()
    numbers = explorer.numbers()
    run = runs.loc[numbers["run"]]
    assert explorer.problem == "" and explorer.state == ""
    assert numbers["saying"] == "exact" and numbers["distance"] == "0 slider steps"
    assert (run["design"], run["seed"], run["river"]) == ("usual", 0, explorer.river)
    assert numbers["validation"] == run["validation"] and numbers["test"] == run["test"]
    usual = runs[(runs["design"] == "usual") & (runs["river"] == explorer.river)]["validation"]
    assert numbers["usual"] == pytest.approx(usual.mean()) and numbers["luck"] == pytest.approx(usual.std())
    assert f"Run {numbers['run']} of {len(runs)}" in explorer.describe()


@pytest.mark.parametrize("river", RIVERS)
@pytest.mark.parametrize("name", LEVELS)
def test_one_slider_moved_is_always_a_run_that_was_computed(runs, river, name):
    explorer = HyperparameterExplorer(river=river)
    for level in LEVELS[name]:
        setattr(explorer, name, level)
        numbers = explorer.numbers()
        run = runs.loc[numbers["run"]]
        assert numbers["saying"] == "exact" and run["river"] == river
        assert {key: run[key] for key in LEVELS} == {**USUAL, name: level}


def test_between_runs_it_shows_the_nearest_and_says_what_differs(runs):
    rng = np.random.default_rng(0)
    explorer = HyperparameterExplorer()
    for _ in range(20):
        asked = {name: levels[rng.integers(len(levels))] for name, levels in LEVELS.items()}
        explorer.river = str(rng.choice(list(RIVERS)))
        for name, level in asked.items():
            setattr(explorer, name, level)
        numbers = explorer.numbers()
        run = runs.loc[numbers["run"]]
        steps = {n: abs(LEVELS[n].index(run[n]) - LEVELS[n].index(asked[n])) for n in LEVELS}
        assert run["river"] == explorer.river and int(numbers["distance"].split()[0]) == sum(steps.values())
        assert numbers["differ"] == sum(step > 0 for step in steps.values())
        for name, step in steps.items():
            assert numbers[f"run.{name}"] == (f"≠ shown run: {run[name]:g}" if step else "")
        others = runs[runs["river"] == explorer.river]
        every = sum((others[n].map(LEVELS[n].index) - LEVELS[n].index(asked[n])).abs() for n in LEVELS)
        assert every.min() == sum(steps.values()) == every[run.name]
        assert explorer.table().index[0] == run.name and explorer.table()["steps"].is_monotonic_increasing
        words = explorer.describe()
        assert words.startswith("Nobody computed exactly") == bool(numbers["differ"])
        assert f"{say(run['validation'], '.2f')} in the validation years" in words


def test_score_of_the_year_is_that_of_the_stored_hydrograph():
    explorer = HyperparameterExplorer(river="sim-06")
    stored = sweep()
    row = stored.runs.index.get_loc(explorer.numbers()["run"])
    expected = nse(stored.observed["sim-06"].to_numpy(), stored.shown[row])
    assert explorer.numbers()["shown"] == pytest.approx(expected, abs=1e-5)


def test_rank_counts_the_better_runs_of_this_river(runs):
    best = runs[runs["river"] == "sim-10"]["validation"].idxmax()
    setting = ";".join(f"{name}={runs.loc[best, name]:g}" for name in LEVELS)
    explorer = HyperparameterExplorer(state=setting)
    if explorer.numbers()["run"] == best:  # a setting with several seeds shows the first of them
        assert explorer.numbers()["rank"] == 1
    numbers = explorer.numbers()
    mine = runs[runs["river"] == "sim-10"]["validation"]
    assert numbers["rank"] == 1 + (mine > numbers["validation"]).sum() and numbers["of"] == len(mine)


def test_values_off_the_levels_are_refused_in_words():
    explorer = HyperparameterExplorer()
    with pytest.raises(ExplorerError, match=r"hidden=33: expected one of 2, 4, 8"):
        explorer.show("hidden=33")
    with pytest.raises(ExplorerError, match="did you mean 'dropout'"):
        explorer.show("drop=0.1")


def test_what_is_no_sweep_is_explained_in_the_frame(runs):
    assert "received DataFrame" in HyperparameterExplorer(runs).problem
    stored = sweep()
    assert "lacks dropout" in HyperparameterExplorer(stored._replace(runs=runs.drop(columns="dropout"))).problem
    odd = runs.assign(hidden=runs["hidden"].replace(2, 3))
    assert "hidden was tried at 2, 4" in HyperparameterExplorer(stored._replace(runs=odd)).problem
    one = runs[(runs["design"] != "usual") | (runs["river"] != "sim-06")]
    assert "sim-06 has fewer" in HyperparameterExplorer(stored._replace(runs=one)).problem


def test_presets_open_and_the_figure_draws():
    explorer = HyperparameterExplorer()
    for preset in explorer.presets:
        explorer.show(preset.name)
        assert explorer.state == preset.state, preset.name  # says no more than it must, in the order of the page
        assert explorer.written("validation") in preset.expect, preset.name  # what the room is told to see is there
    for along in (*LEVELS, "test"):
        explorer.along = along
    assert len(explorer.figure().png()) > 10_000


def test_the_button_trains_here_and_draws_as_it_learns():
    explorer = HyperparameterExplorer(river="sim-06")
    explorer.show("river=sim-06;batch=1;hidden=2;sequence=30;updates=15")
    states = []
    explorer.observe(lambda change: states.append(change["new"]), "result")
    explorer.asked("train", {})
    explorer._worker.join(60)
    assert explorer.notice == ""
    (training,) = explorer.result["trainings"]
    assert len(training["at"]) == 10 and training["validation"] == training["curve"][-1] == explorer.numbers()["now"]
    assert [len(state["trainings"][0]["at"]) for state in states] == [*range(11), 10]  # the curve grows by looks
    assert "Trained now, here" in explorer.describe() and "seed 0" in explorer.describe()
    explorer.asked("train", {})
    explorer._worker.join(60)
    assert [one["seed"] for one in explorer.result["trainings"]] == [0, 1]


def test_stop_ends_a_training_and_keeps_its_curve():
    explorer = HyperparameterExplorer(river="sim-06", hidden=2, sequence=30, batch=1, updates=480)
    explorer.observe(lambda change: len(change["new"]["trainings"][0]["at"]) == 1 and explorer.asked("stop", {}), "result")
    explorer.asked("train", {})
    explorer._worker.join(60)
    assert explorer.result["status"].startswith("Stopped here")
    assert len(explorer.result["trainings"][0]["at"]) == 1
