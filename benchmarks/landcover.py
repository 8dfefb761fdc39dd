"""What makes the rare classes appear? One network, one set of simulated scenes, many ways to train it.

    python benchmarks/landcover.py [--steps 300] [--long 1200] [--seeds 0 1 2] [--results FILE]

Every way trains the same U-Net on the training scenes, from the same first weights for a seed. All that can be chosen is
chosen on the validation scenes, by macro F1, and by one rule for all:

- the learning rate of each way, of three, by one training with a seed of its own;
- the strength tau of the prior correction, after each training;
- which way is trained once more and for longer, beside plain cross-entropy: the best on average.

The test scenes are mapped once at the end of each training, with tau = 0 and with the chosen one. Means and spread (largest
minus smallest) are over the seeds. Beside the networks stand a map that says forest everywhere, pixel-wise classifiers, and two
ceilings: the true land cover scored against the labels, and labels scored against labels that the same country would have got
with other faults. Finished trainings are kept in FILE, so a run that was broken off goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

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

#: The seed of the trainings that choose a rate; none of those that are scored.
CHOOSING = 100

PLAIN = "cross-entropy"


class Way(NamedTuple):
    loss: L.Loss
    how: str = "random"  #: where the crops come from


def ways(counts: np.ndarray) -> dict[str, Way]:
    weighted = {how: L.cross_entropy(class_weights(counts, how)) for how in ("inverse", "sqrt", "effective")}
    both = L.combined((L.cross_entropy(), 1.0), (L.dice(), 1.0))
    return {
        PLAIN: Way(L.cross_entropy()),
        "inverse-frequency weights": Way(weighted["inverse"]),
        "square-root weights": Way(weighted["sqrt"]),
        "effective-number weights": Way(weighted["effective"]),
        "focal": Way(L.focal()),
        "Dice": Way(L.dice()),
        "logit-adjusted loss": Way(L.logit_adjusted(counts)),
        "cross-entropy + Dice": Way(both),
        "class-aware crops": Way(L.cross_entropy(), "balanced"),
        "crops + square-root weights": Way(weighted["sqrt"], "balanced"),
        "crops + cross-entropy + Dice": Way(both, "balanced"),
    }


class Scenes:
    """The three parts, as arrays where a network wants them."""

    def __init__(self, scenes):
        self.all = scenes
        self.valid, self.test = (arrays(select_scenes(scenes, part)) for part in ("valid", "test"))
        self.counts = class_counts(arrays(select_scenes(scenes, "train"))[1])
        self.mark = zlib.crc32(self.test[0].tobytes()) ^ zlib.crc32(scenes["landcover"].values.tobytes())


class Kept:
    """Finished trainings in a file."""

    def __init__(self, path: Path, mark: int):
        self.path = path
        self.done = json.loads(path.read_text()) if path.exists() else {"scenes": mark}
        if self.done["scenes"] != mark:
            raise SystemExit(f"{path} holds results of other scenes; name another file with --results")

    def __call__(self, key: str, make: Callable[[], dict]) -> dict:
        if key not in self.done:
            self.done[key] = make()
            unfinished = self.path.with_suffix(".part")
            unfinished.write_text(json.dumps(self.done, indent=1))
            os.replace(unfinished, self.path)
        return self.done[key]


def score(labels: np.ndarray, logits: np.ndarray, counts: np.ndarray, tau: float) -> Confusion:
    return Confusion().add(labels, adjust_prior(logits, counts, tau).argmax(-1).astype(np.uint8))


def one_training(scenes: Scenes, way: Way, steps: int, rate: float, seed: int) -> dict:
    """Train, choose tau on the validation scenes and, but for a training that only chooses a rate, map the test scenes."""
    model, start = unet(seed=seed), time.process_time()
    train(model, scenes.all, way.loss, how=way.how, steps=steps, learning_rate=rate, seed=seed, progress=False)
    spent = time.process_time() - start
    logits = predict_logits(model, scenes.valid[0])
    valid = [score(scenes.valid[1], logits, scenes.counts, tau).macro_f1 for tau in TAUS]
    result = {"cpu": spent, "valid": valid[0], "tau": TAUS[int(np.argmax(valid))], "valid corrected": max(valid)}
    if seed == CHOOSING:
        return result
    logits = predict_logits(model, scenes.test[0])
    for words, tau in (("", 0.0), ("corrected ", result["tau"])):
        c = score(scenes.test[1], logits, scenes.counts, tau)
        result |= {f"{words}accuracy": c.accuracy, f"{words}macro F1": c.macro_f1}
        result |= {f"{words}F1": [None if np.isnan(f) else round(float(f), 4) for f in c.f1]}
    return result


def chosen_rate(kept: Kept, scenes: Scenes, name: str, way: Way, steps: int) -> float:
    tried = [kept(f"{name}, {steps} steps, rate {rate:g}, choosing", lambda r=rate: one_training(scenes, way, steps, r, CHOOSING))
             for rate in RATES]  # fmt: skip
    return RATES[int(np.argmax([one["valid"] for one in tried]))]


def runs_of(kept: Kept, scenes: Scenes, name: str, way: Way, steps: int, rate: float, seeds: list[int]) -> list[dict]:
    return [kept(f"{name}, {steps} steps, rate {rate:g}, seed {seed}", lambda s=seed: one_training(scenes, way, steps, rate, s))
            for seed in seeds]  # fmt: skip


HEAD = (f"{'':34}{'rate':>6}{'valid':>8} |{'accuracy':>10}{'macro F1':>10}{'spread':>8} | prior corrected:"
        f"{'accuracy':>10}{'macro F1':>10}{'spread':>8}{'tau':>6}{'CPU-s':>7}")  # fmt: skip


def row(name: str, rate: float, runs: list[dict]) -> str:
    numbers = [key for key, value in runs[0].items() if isinstance(value, float)]
    mean = {key: np.mean([run[key] for run in runs]) for key in numbers}
    spread = {key: np.ptp([run[key] for run in runs]) for key in numbers}
    return (f"{name:34}{rate:6g}{mean['valid']:8.3f} |{mean['accuracy']:10.3f}{mean['macro F1']:10.3f}{spread['macro F1']:8.3f} |"
            f"{'':17}{mean['corrected accuracy']:10.3f}{mean['corrected macro F1']:10.3f}{spread['corrected macro F1']:8.3f}"
            f"{mean['tau']:6.2f}{mean['cpu']:7.0f}")  # fmt: skip


def bare_row(name: str, maps: list[Confusion]) -> str:
    """A row of what is not trained by steps; with a spread where there are several."""
    accuracy, f1 = [c.accuracy for c in maps], [c.macro_f1 for c in maps]
    spread = f"{np.ptp(f1):8.3f}" if len(maps) > 1 else " " * 8
    return f"{name:48} |{np.mean(accuracy):10.3f}{np.mean(f1):10.3f}{spread} |"


def opponents(scenes: Scenes) -> None:
    titled = {
        "forest everywhere": AllForest(),
        "linear discriminant, despeckled": PixelLDA(),
        "random forest": PixelForest(despeckle=False),
        "random forest, despeckled": PixelForest(),
        "the same, classes balanced": PixelForest(balanced=True),
    }
    for title, opponent in titled.items():
        labels = opponent.fit(scenes.all).predict(select_scenes(scenes.all, "test")).values
        print(bare_row(title, [Confusion().add(scenes.test[1], labels)]), flush=True)


def ceilings(scenes: Scenes, editions: int = 3) -> None:
    """How well the truth itself would score, and other editions of the labels, drawn with faults of their own."""
    truth, known = select_scenes(scenes.all, "test")["truth"].values, scenes.test[1]
    print(bare_row("the true land cover", [Confusion().add(known, truth)]))
    drawn = []
    for seed in range(1, editions + 1):
        rng = np.random.default_rng(seed)
        again = np.stack([product_labels(rng, scene) for scene in truth])
        drawn.append(Confusion().add(np.where(again == IGNORE, IGNORE, known), np.where(again == IGNORE, 0, again)))
    print(bare_row("labels with other faults", drawn))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--long", type=int, default=1200, help="steps of the longer trainings; 0 for none")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--results", type=Path, default=Path("landcover_results.json"))
    options = parser.parse_args()
    scenes = Scenes(open_scenes())
    kept = Kept(options.results, scenes.mark)
    print(f"{HEAD}\n{'-' * len(HEAD)}")
    opponents(scenes)
    table, tried = ways(scenes.counts), {}
    for name, way in table.items():
        rate = chosen_rate(kept, scenes, name, way, options.steps)
        runs = runs_of(kept, scenes, name, way, options.steps, rate, options.seeds)
        tried[name] = (np.mean([run["valid"] for run in runs]), rate)
        print(row(name, rate, runs), flush=True)
    best = max(tried, key=lambda name: tried[name][0])
    for name in dict.fromkeys([PLAIN, best]) if options.long else ():
        rate = tried[name][1]
        runs = runs_of(kept, scenes, name, table[name], options.long, rate, options.seeds)
        print(row(f"{name}, {options.long}", rate, runs), flush=True)
    ceilings(scenes)


if __name__ == "__main__":
    main()
