"""The centrepiece says what scikit-learn says of the same map, and its stored logits are those of really trained networks."""

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


def test_recall_does_not_depend_on_the_forest_share_and_precision_does():
    explorer = ImbalanceExplorer(state="network=bundled;focus=4")
    found = [explorer.show(f"network=bundled;focus=4;share={share}").numbers() for share in (0.5, 0.9, 0.99)]
    assert len({round(n["focus_recall"], 12) for n in found}) == 1
    assert found[0]["focus_precision"] > found[1]["focus_precision"] > found[2]["focus_precision"]


@pytest.mark.parametrize("tau", [0.0, 0.35, 1.0])
def test_the_prior_correction_is_that_of_the_package(tau):
    explorer = ImbalanceExplorer(tau=tau)
    logits = logits_of(stored()["none.random.logits"])
    wanted = adjust_prior(logits, stored()["counts"], tau).argmax(-1)
    assert np.mean(explorer.map() == wanted) > 0.9995  # adjust_prior rounds to float32: ties of rounded logits may fall apart


def test_rounded_logits_keep_the_winner_and_the_distances():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (20, 20, 9))
    kept = quantised(logits)
    below = logits.max(-1, keepdims=True) - logits
    near = below < 10
    assert np.abs(-logits_of(kept) - below)[near].max() <= STEP / 2 + 1e-12
    clear = np.sort(logits, -1)[..., -1] - np.sort(logits, -1)[..., -2] > STEP
    assert np.array_equal(kept.argmin(-1)[clear], logits.argmax(-1)[clear])


def test_the_stored_map_is_that_of_the_bundled_model():
    from dla_widgets.landcover.explorers.imbalance_logits.make import SIDE, richest
    from dla_widgets.landcover.models import load_reference
    from dla_widgets.landcover.prediction import predict_logits
    from dla_widgets.landcover.scenes import arrays, select_scenes

    power, labels = arrays(select_scenes(simulated_scenes(), "test"))
    scene, row, column = richest(labels)
    piece = (slice(row, row + SIDE), slice(column, column + SIDE))
    assert np.array_equal(stored()["labels"], labels[scene][piece])
    logits = predict_logits(load_reference(), power[[scene]])[0][piece]
    assert np.mean(logits.argmax(-1) == ImbalanceExplorer(network="bundled").map()) > 0.97


def test_networks_of_your_own():
    rng = np.random.default_rng(1)
    labels = rng.choice(9, (30, 40), p=COUNTS / COUNTS.sum()).astype(np.uint8)
    logits = rng.normal(0, 1, (30, 40, 9)) + 4 * np.eye(9)[labels]
    explorer = ImbalanceExplorer(logits, labels, COUNTS)
    assert explorer.problem == "" and explorer.describe().startswith("Your network yours.")
    assert explorer.numbers()["accuracy"] > 0.9


@pytest.mark.parametrize(("arguments", "said"), [
    (({},), "logits of your own need their labels (y, x) and the counts"),
    ((np.zeros((4, 4, 9)), np.zeros((4, 4)), COUNTS), "whole numbers; received shape (4, 4) of float64"),
    ((np.zeros((4, 4, 8)), np.zeros((4, 4), int), COUNTS), "logits 'yours' have shape (4, 4, 8), the labels ask for (4, 4, 9)"),
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
