"""Remake what the explorer of class imbalance shows, about ten CPU minutes:

    python -m dla_widgets.landcover.explorers.imbalance_logits.make

The same network is trained from the same first weights by every pair of a loss weighting and a way to draw crops. The
validation scenes are mapped, for with the explorer one chooses, and test scenes are not for that. Of two of them a piece is
kept, side by side, those in which the rarer classes have most pixels, found on the labels.
"""

from __future__ import annotations

import time

import numpy as np

from ...class_weights import class_counts, class_weights
from ...losses import cross_entropy
from ...models import load_reference, unet
from ...prediction import adjust_prior, predict_logits
from ...scenes import arrays, decibel, select_scenes
from ...simulated import simulated_scenes
from ...skill import Confusion
from ...training import train
from . import FILE, logits_of, quantised

WEIGHTS = ("none", "sqrt", "inverse", "effective")
CROPS = ("random", "balanced")
SIDE, STEPS, EVERY, SEED = 112, 300, 50, 0
HALF = SIDE // 2

CARD = """# Logits for the explorer of class imbalance

| | |
|---|---|
| network | U-Net of 16 features, first weights of seed {seed} |
| training | {steps} steps of 16 crops of 64 pixels on the training scenes of `simulated_scenes()`, rate 5e-3, seed {seed} |
| curve | macro F1 on the validation scenes every {every} steps |
| pixels | {side} x {half} each of two validation scenes, side by side: {places}; {forest:.1%} forest |
| steps of a logit | 1/24; maps agree with those of unrounded logits on {agree:.2%} of pixels (tau 0), {agree1:.2%} (tau 1) |
| classes | those of the training labels; snow and ice has no pixel there |
| made by | `python -m dla_widgets.landcover.explorers.imbalance_logits.make` |

The pieces were chosen on their labels: together they have all eight classes, and the rarer ones as many pixels as can be.
Scores "here" are therefore not those of the validation scenes:

{table}

One seed each. Another differs by some hundredths (`benchmarks/landcover.py` has the spread).
"""


def richest(labels: np.ndarray, stride: int = 16, enough: int = 300) -> list[tuple[int, int, int]]:
    """Scene, first row and first column of the two pieces that together have most pixels of the classes, of each `enough` at
    most; among equals those with least forest."""
    down, across = (range(0, n - side + 1, stride) for n, side in zip(labels.shape[1:], (SIDE, HALF)))
    places = [(scene, row, column) for scene in range(len(labels)) for row in down for column in across]
    counts = np.stack([class_counts(labels[s, r : r + SIDE, c : c + HALF]) for s, r, c in places])
    best, pair = -1, (0, 0)
    for first in range(len(places)):
        both = counts[first] + counts[first:]
        score = np.minimum(both, enough).sum(axis=1) * SIDE**2 - both[:, 0]
        if score.max() > best:
            best, pair = score.max(), (first, first + int(score.argmax()))
    return [places[k] for k in pair]


def beside(images: np.ndarray, places: list[tuple[int, int, int]]) -> np.ndarray:
    """The pieces of images (scene, y, x, ...) side by side, (SIDE, SIDE, ...)."""
    return np.concatenate([images[s, r : r + SIDE, c : c + HALF] for s, r, c in places], axis=1)


def make() -> None:
    scenes = simulated_scenes()
    counts = class_counts(arrays(select_scenes(scenes, "train"))[1])
    valid = select_scenes(scenes, "valid")
    power, labels = arrays(valid)
    places = richest(labels)
    truth, classes = beside(labels, places), int(np.flatnonzero(counts).max()) + 1
    vv, vh = np.moveaxis(decibel(beside(power, places)), -1, 0)
    kept = {"labels": truth, "counts": counts}
    kept |= {name: np.clip(np.round((db + 32) * 8), 0, 255).astype(np.uint8) for name, db in (("vv", vv), ("vh", vh))}
    lines = ["| training | accuracy | macro F1 | accuracy here | macro F1 here | CPU-s |", "|---|--:|--:|--:|--:|--:|"]
    agreement = []
    for name, network, curve, seconds in networks(scenes, counts, valid):
        logits = predict_logits(network, power)
        here = beside(logits, places)
        kept[f"{name}.logits"], kept[f"{name}.curve"] = quantised(here[..., :classes]), np.asarray(curve, np.float32)
        rounded = logits_of(kept[f"{name}.logits"])
        agreement.append([np.mean(mapped(here, counts, tau) == mapped(rounded, counts[:classes], tau)) for tau in (0, 1)])
        c, here = Confusion().add(labels, logits.argmax(-1)), Confusion().add(truth, here.argmax(-1))
        scores = " | ".join(f"{score:.3f}" for score in (c.accuracy, c.macro_f1, here.accuracy, here.macro_f1))
        lines.append(f"| {name} | {scores} | {seconds:.0f} |")
        print(lines[-1], flush=True)
    np.savez_compressed(FILE, **kept)
    agree = np.mean(agreement, axis=0)
    names = valid.scene.values
    said = " and ".join(f"`{names[s]}` from row {r} and column {c}" for s, r, c in places)
    FILE.with_name("README.md").write_text(CARD.format(
        seed=SEED, steps=STEPS, every=EVERY, side=SIDE, half=HALF, places=said, forest=np.mean(truth[truth != 255] == 0),
        agree=agree[0], agree1=agree[1], table="\n".join(lines)))  # fmt: skip


def mapped(logits: np.ndarray, counts: np.ndarray, tau: float) -> np.ndarray:
    return adjust_prior(logits, counts, tau).argmax(-1)


def networks(scenes, counts, valid):
    """The bundled model, then a network of every pair: name, network, curve, CPU seconds."""
    yield "bundled", load_reference(), [], 0.0
    for weights in WEIGHTS:
        for crops in CROPS:
            network, start = unet(seed=SEED), time.process_time()
            history = train(network, scenes, cross_entropy(class_weights(counts, weights)), how=crops, steps=STEPS,
                            valid=valid, every=EVERY, seed=SEED, progress=False)  # fmt: skip
            yield f"{weights}.{crops}", network, history["macro_f1"], time.process_time() - start


if __name__ == "__main__":
    make()
