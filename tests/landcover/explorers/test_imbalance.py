"""The centrepiece says what scikit-learn says of the same map, and its stored logits are those of really trained networks."""

import re
import time

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, precision_score, recall_score

from dla_widgets import ImbalanceExplorer, simulated_scenes
from dla_widgets.landcover.explorers.imbalance_logits import STEP, logits_of, quantised, stored
from dla_widgets.landcover.legend import CLASSES
from dla_widgets.landcover.prediction import adjust_prior

COUNTS = np.array([9000, 200, 300, 100, 50, 20, 300, 30, 0])


@pytest.mark.parametrize("state", [
    "", "share=0.6;tau=0.4", "weights=inverse;crops=balanced", "network=bundled;share=0.98;focus=4"])  # fmt: skip
def test_numbers_are_those_of_scikit_learn_with_weighted_pixels(state):
    explorer = ImbalanceExplorer(state=state)
    truth, mapped = explorer.data["labels"].ravel(), explorer.map().ravel()
    known = truth != 255
    truth, mapped = truth[known], mapped[known]
    forest = np.mean(truth == 0)
    weight = np.where(truth == 0, explorer.share / (1 - explorer.share) * (1 - forest) / forest, 1.0)
    assert np.average(truth == 0, weights=weight) == pytest.approx(explorer.share)
    numbers, k = explorer.numbers(), explorer.focus
    assert numbers["accuracy"] == pytest.approx(accuracy_score(truth, mapped, sample_weight=weight))
    classes = np.union1d(truth, mapped)
    assert numbers["macro_f1"] == pytest.approx(
        f1_score(truth, mapped, labels=classes, average="macro", sample_weight=weight, zero_division=0))
    present = np.isin(mapped, np.unique(truth))
    if present.all():
        assert numbers["balanced"] == pytest.approx(balanced_accuracy_score(truth, mapped, sample_weight=weight))
    options = {"labels": [k], "average": None, "sample_weight": weight, "zero_division": 0}
    assert numbers["focus_precision"] == pytest.approx(precision_score(truth, mapped, **options)[0])
    assert numbers["focus_recall"] == pytest.approx(recall_score(truth, mapped, **options)[0])
    assert numbers["hits"] == pytest.approx(weight[(truth == k) & (mapped == k)].sum())
    assert numbers["missed"] == pytest.approx(weight[(truth == k) & (mapped != k)].sum())
    assert numbers["false"] == pytest.approx(weight[(truth != k) & (mapped == k)].sum())


def test_the_stamp_is_a_map_of_forest_alone():
    explorer = ImbalanceExplorer(share=0.8)
    truth = explorer.data["labels"].ravel()
    weight = np.where(truth == 0, explorer.numbers()["times"], 1.0)
    stamp = {"y_true": truth, "y_pred": np.zeros_like(truth), "sample_weight": weight}
    assert explorer.numbers()["stamp"] == pytest.approx(accuracy_score(**stamp)) == pytest.approx(0.8)
    assert explorer.numbers()["stamp_f1"] == pytest.approx(f1_score(**stamp, average="macro", zero_division=0))


def test_recall_does_not_depend_on_the_forest_share_and_precision_does():
    explorer = ImbalanceExplorer(state="network=bundled;focus=4")
    found = [explorer.show(f"network=bundled;focus=4;share={share}").numbers() for share in (0.5, 0.9, 0.99)]
    assert len({round(n["focus_recall"], 12) for n in found}) == 1
    assert found[0]["focus_precision"] > found[1]["focus_precision"] > found[2]["focus_precision"]


@pytest.mark.parametrize("tau", [0.0, 0.35, 1.0])
def test_the_prior_correction_is_that_of_the_package(tau):
    explorer = ImbalanceExplorer(tau=tau)
    logits = logits_of(stored()["none.random.logits"])
    wanted = adjust_prior(logits, stored()["counts"][: logits.shape[-1]], tau).argmax(-1)
    assert np.mean(explorer.map() == wanted) > 0.9995  # adjust_prior rounds to float32: ties of rounded logits may fall apart


def test_rounded_logits_keep_the_winner_and_the_distances():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20, 20, 9))
    kept = quantised(logits)
    below = logits.max(-1, keepdims=True) - logits
    near = below < 10
    off = np.abs(-logits_of(kept) - below)[near]
    assert off.max() <= STEP and np.mean(off > STEP / 2) < 0.01  # a loser is a whole step behind, however close it was
    assert np.array_equal(logits_of(kept).argmax(-1), logits.argmax(-1))


def test_steps_reach_as_far_as_a_correction_can():
    """Otherwise whatever lies beyond the last step would win at once, everywhere."""
    rng = np.random.default_rng(2)
    labels, counts = np.zeros((30, 30), np.uint8), np.array([1e6, 1, 30, 100, 50, 20, 300, 30, 0])
    logits = rng.normal(0, 2, (30, 30, 9)) + 8 * np.eye(9)[labels]
    for tau in (0.5, 1.5):
        wanted = adjust_prior(logits, counts, tau).argmax(-1)
        assert np.mean(ImbalanceExplorer(logits, labels, counts, tau=tau).map() == wanted) > 0.97
    first = ImbalanceExplorer()
    assert 254 * first.data["step"] > np.ptp(first.data["log_prior"]) * ImbalanceExplorer.tau.max


def test_the_stored_map_is_that_of_the_bundled_model():
    from dla_widgets.landcover.explorers.imbalance_logits.make import beside, richest
    from dla_widgets.landcover.models import load_reference
    from dla_widgets.landcover.prediction import predict_logits
    from dla_widgets.landcover.scenes import arrays, select_scenes

    power, labels = arrays(select_scenes(simulated_scenes(), "valid"))
    places = richest(labels)
    assert np.array_equal(stored()["labels"], beside(labels, places))
    assert set(np.unique(stored()["labels"])) == set(range(8))  # every class but snow
    seen = [scene for scene, _, _ in places]
    logits = beside(predict_logits(load_reference(), power[seen]), [(k, *place[1:]) for k, place in enumerate(places)])
    assert np.mean(logits.argmax(-1) == ImbalanceExplorer(network="bundled").map()) > 0.999


@pytest.mark.parametrize("preset", ImbalanceExplorer.presets, ids=lambda preset: preset.name)
def test_a_preset_shows_what_it_says(preset):
    """Every per cent and every score that is said to be seen is one of the numbers, now or where the preset began."""
    states = [preset.name, "plain"] + ["network=bundled;share=0.99;focus=6"] * (preset.name == "prevalence")
    explorer = ImbalanceExplorer()
    numbers = {explorer.show(state).written(name) for state in states for name in explorer.numbers()}
    said = re.findall(r"(\d\d\.\d) %|(0\.\d{2,3})", preset.expect)
    assert said and {f"{percent}%" if percent else score for percent, score in said} <= numbers


def test_networks_of_your_own():
    rng = np.random.default_rng(1)
    labels = rng.choice(9, (30, 40), p=COUNTS / COUNTS.sum()).astype(np.uint8)
    logits = rng.normal(0, 1, (30, 40, 9)) + 4 * np.eye(9)[labels]
    explorer = ImbalanceExplorer(logits, labels, COUNTS)
    assert explorer.problem == "" and explorer.describe().startswith("Your network yours.")
    assert explorer.numbers()["accuracy"] > 0.9
    assert explorer.share == pytest.approx(np.mean(labels == 0), abs=0.005) and not explorer.presets
    two = ImbalanceExplorer({"mine": logits, "theirs": -logits}, labels, COUNTS, which=1)
    assert two.describe().startswith("Your network theirs.") and two.numbers()["accuracy"] < 0.1


@pytest.mark.parametrize(("arguments", "said"), [
    (({}, np.zeros((4, 4), int), COUNTS), "there are no logits to show: expected an array (y, x, class)"),
    ((np.zeros((4, 4, 9)),), "logits of your own need their labels (y, x) and the counts"),
    ((np.zeros((4, 4, 9)), np.zeros((4, 4)), COUNTS), "whole numbers; received shape (4, 4) of float64"),
    ((np.zeros((4, 4, 8)), np.zeros((4, 4), int), COUNTS), "logits 'yours' have shape (4, 4, 8), the labels ask for (4, 4, 9)"),
    ((np.zeros((4, 4, 9)), np.full((4, 4), 112), COUNTS), "labels run from 0 to 8, or are 255; found 112"),
    ((np.zeros((4, 4, 9)), np.full((4, 4), 255), COUNTS), "all of these are 255, which is not counted"),
    ((np.zeros((4, 4, 9)), np.zeros((4, 4), int), [1, 2]), f"counts are {len(CLASSES)} numbers of pixels, one per class"),
    ((np.zeros((4, 4, 9)), np.zeros((4, 4), int), COUNTS, np.zeros((4, 4))), "power is (y, x, 2), VV and VH"),
])  # fmt: skip
def test_data_that_do_not_fit_are_explained(arguments, said):
    assert said in ImbalanceExplorer(*arguments).problem


@pytest.mark.timeout(300)
def test_training_here_and_now_ends_with_a_map_and_can_be_stopped():
    explorer = ImbalanceExplorer(steps=30)
    explorer._message(explorer, {"ask": "train"}, [])
    explorer._worker.join(200)
    assert explorer.notice == "" and explorer.network == "now"
    assert explorer.result["step"] == [30] and 0 < explorer.result["macro_f1"][0] < 1
    assert explorer.map().shape == explorer.data["labels"].shape
    assert explorer.describe().startswith("A network trained here and now, loss weights none, crops anywhere, 30 steps.")
    explorer.steps = 600
    explorer._message(explorer, {"ask": "train"}, [])
    while explorer.result.get("label") != "loss weights none, crops anywhere, 600 steps":
        time.sleep(0.01)
    explorer._message(explorer, {"ask": "stop"}, [])
    explorer._worker.join(200)
    assert explorer.result["running"] is False and explorer.result["label"].endswith("stopped early")
