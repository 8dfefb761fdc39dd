"""What makes the rare classes appear? One network, one set of simulated scenes, many ways to train it.

    python benchmarks/landcover.py [--steps 300] [--seeds 0 1 2] [--results FILE]

Every way trains the same U-Net from the same first weights on the training scenes. What can be chosen is chosen on the
validation scenes: the learning rate, once, for plain cross-entropy, and the strength tau of the prior correction, for each
training. The test scenes are mapped once at the end of each training, with tau = 0 and with the chosen one.

Beside the networks stand a map that says forest everywhere, pixel-wise classifiers, and two ceilings: the true land cover
scored against the labels, and labels scored against labels that the same country would have got with other faults.
Finished trainings are kept in FILE, so a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from dla_widgets.landcover import losses as L
from dla_widgets.landcover.baselines import AllForest, PixelForest, PixelLDA
from dla_widgets.landcover.class_weights import class_counts, class_weights
from dla_widgets.landcover.label_faults import product_labels
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.models import unet
from dla_widgets.landcover.prediction import adjust_prior, predict_logits
from dla_widgets.landcover.scenes import arrays, open_scenes, select_scenes
from dla_widgets.landcover.skill import Confusion
from dla_widgets.landcover.training import train

RATES = (2e-3, 5e-3, 1e-2)
TAUS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)


def ways(counts: np.ndarray) -> dict[str, tuple]:
    """name -> (loss, how crops are drawn)."""
    prior = counts / counts.sum()
    weighted = {how: L.cross_entropy(class_weights(counts, how)) for how in ("inverse", "sqrt", "effective")}
    both = L.combined((L.cross_entropy(), 1.0), (L.dice(), 1.0))
    return {
        "cross-entropy": (L.cross_entropy(), "random"),
        "inverse-frequency weights": (weighted["inverse"], "random"),
        "square-root weights": (weighted["sqrt"], "random"),
        "effective-number weights": (weighted["effective"], "random"),
        "focal": (L.focal(), "random"),
        "Dice": (L.dice(), "random"),
        "logit-adjusted loss": (L.logit_adjusted(prior), "random"),
        "class-aware crops": (L.cross_entropy(), "balanced"),
        "cross-entropy + Dice": (both, "random"),
        "crops + square-root weights": (weighted["sqrt"], "balanced"),
        "crops + cross-entropy + Dice": (both, "balanced"),
    }


class Scenes:
    """The three parts, as arrays where a network wants them."""

    def __init__(self, scenes):
        self.all = scenes
        self.valid, self.test = (arrays(select_scenes(scenes, part)) for part in ("valid", "test"))
        self.counts = class_counts(arrays(select_scenes(scenes, "train"))[1])


def score(labels: np.ndarray, logits: np.ndarray, counts: np.ndarray, tau: float) -> Confusion:
    return Confusion().add(labels, adjust_prior(logits, counts, tau).argmax(-1).astype(np.uint8))


def one_training(scenes: Scenes, loss, how: str, steps: int, rate: float, seed: int) -> dict:
    start = time.process_time()
    model = unet(seed=seed)
    train(model, scenes.all, loss, how=how, steps=steps, learning_rate=rate, seed=seed, progress=False)
    spent = time.process_time() - start
    logits = predict_logits(model, scenes.valid[0])
    valid = [score(scenes.valid[1], logits, scenes.counts, tau).macro_f1 for tau in TAUS]
    best = TAUS[int(np.argmax(valid))]
    logits = predict_logits(model, scenes.test[0])
    plain, corrected = (score(scenes.test[1], logits, scenes.counts, tau) for tau in (0.0, best))
    return {"cpu": spent, "valid": valid[0], "accuracy": plain.accuracy, "macro F1": plain.macro_f1, "tau": best,
            "corrected accuracy": corrected.accuracy, "corrected macro F1": corrected.macro_f1}  # fmt: skip


def ceilings(scenes: Scenes) -> dict[str, Confusion]:
    """How well the truth itself would score, and a second edition of the labels, drawn with faults of its own."""
    truth = select_scenes(scenes.all, "test")["truth"].values
    rng = np.random.default_rng(1)
    again = np.stack([product_labels(rng, scene) for scene in truth])
    both = np.where(again == IGNORE, IGNORE, scenes.test[1])
    return {
        "the true land cover": Confusion().add(scenes.test[1], truth),
        "labels with other faults": Confusion().add(both, np.where(again == IGNORE, 0, again)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--results", type=Path, default=Path("landcover_results.json"))
    options = parser.parse_args()
    scenes = Scenes(open_scenes())
    done = json.loads(options.results.read_text()) if options.results.exists() else {}

    def kept(key: str, make):
        if key not in done:
            done[key] = make()
            options.results.write_text(json.dumps(done, indent=1))
        return done[key]

    plain = L.cross_entropy()
    found = [kept(f"rate {rate}", lambda rate=rate: one_training(scenes, plain, "random", options.steps, rate, 100)["valid"])
             for rate in RATES]  # fmt: skip
    rate = RATES[int(np.argmax(found))]
    print(f"learning rate {rate:g}, chosen for plain cross-entropy on the validation scenes: "
          + ", ".join(f"{r:g} {v:.3f}" for r, v in zip(RATES, found)))  # fmt: skip
    print(f"\n{'':32}{'accuracy':>10}{'macro F1':>10}{'spread':>8}   corrected: {'accuracy':>10}{'macro F1':>10}{'spread':>8}"
          f"{'tau':>6}{'CPU-s':>7}")  # fmt: skip
    for baseline in (AllForest(), PixelLDA(), PixelForest(despeckle=False), PixelForest()):
        title = type(baseline).__name__ + ("" if getattr(baseline, "despeckle", True) else ", not despeckled")
        c = Confusion().add(scenes.test[1], baseline.fit(scenes.all).predict(select_scenes(scenes.all, "test")).values)
        print(f"{title:32}{c.accuracy:10.3f}{c.macro_f1:10.3f}", flush=True)
    for name, (loss, how) in ways(scenes.counts).items():
        runs = [
            kept(f"{name}, seed {seed}, {options.steps} steps",
                 lambda loss=loss, how=how, seed=seed: one_training(scenes, loss, how, options.steps, rate, seed))
            for seed in options.seeds
        ]  # fmt: skip
        mean = {key: np.mean([run[key] for run in runs]) for key in runs[0]}
        spread = {key: np.ptp([run[key] for run in runs]) for key in runs[0]}
        print(f"{name:32}{mean['accuracy']:10.3f}{mean['macro F1']:10.3f}{spread['macro F1']:8.3f}{'':14}"
              f"{mean['corrected accuracy']:10.3f}{mean['corrected macro F1']:10.3f}{spread['corrected macro F1']:8.3f}"
              f"{mean['tau']:6.2f}{mean['cpu']:7.0f}", flush=True)  # fmt: skip
    for name, c in ceilings(scenes).items():
        print(f"{name:32}{c.accuracy:10.3f}{c.macro_f1:10.3f}")


if __name__ == "__main__":
    main()
