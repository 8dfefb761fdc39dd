"""Remake what the explorer of class imbalance shows, about ten CPU minutes:

    python -m dla_widgets.landcover.explorers.imbalance_logits.make

The same network is trained from the same first weights by every pair of a loss weighting and a way to draw crops. The test
scenes are mapped once; the piece that is kept is the one in which the rarer classes have most pixels, found on the labels.
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

CARD = """# Logits for the explorer of class imbalance

| | |
|---|---|
| network | U-Net of 16 features, first weights of seed {seed} |
| training | {steps} steps of 16 crops of 64 pixels on the training scenes of `simulated_scenes()`, rate 5e-3, seed {seed} |
| curve | macro F1 on the validation scenes every {every} steps |
| piece | {side} x {side} pixels of test scene {scene}, rows from {row}, columns from {column}, {forest:.1%} forest |
| steps of a logit | 1/24; maps agree with those of unrounded logits on {agree:.2%} of pixels (tau 0), {agree1:.2%} (tau 1) |
| made by | `python -m dla_widgets.landcover.explorers.imbalance_logits.make` |

The piece was chosen on its labels: the rarer classes have most pixels there. Scores on this piece are therefore not those of
the test scenes:

{table}

One seed each. Another differs by some hundredths (`benchmarks/landcover.py` has the spread).
"""


def richest(labels: np.ndarray, side: int = SIDE, stride: int = 16) -> tuple[int, int, int]:
    """Scene, first row and first column of the piece with most pixels of rarer classes, of each a hundred at most; among
    equals the one with least forest."""
    best, place = (-1, 0), (0, 0, 0)
    for scene, image in enumerate(labels):
        for row in range(0, image.shape[0] - side + 1, stride):
            for column in range(0, image.shape[1] - side + 1, stride):
                counts = class_counts(image[row : row + side, column : column + side])
                if (score := (np.minimum(counts, 100).sum(), -counts[0])) > best:
                    best, place = score, (scene, row, column)
    return place


def make() -> None:
    scenes = simulated_scenes()
    power, labels = arrays(select_scenes(scenes, "test"))
    counts = class_counts(arrays(select_scenes(scenes, "train"))[1])
    valid = select_scenes(scenes, "valid")
    scene, row, column = richest(labels)
    piece = (scene, slice(row, row + SIDE), slice(column, column + SIDE))
    vv, vh = np.moveaxis(decibel(power[piece]), -1, 0)
    kept = {"labels": labels[piece], "counts": counts}
    kept |= {name: np.clip(np.round((db + 32) * 8), 0, 255).astype(np.uint8) for name, db in (("vv", vv), ("vh", vh))}
    lines = ["| training | accuracy | macro F1 | accuracy here | macro F1 here | CPU-s |", "|---|--:|--:|--:|--:|--:|"]
    agreement = []
    for name, network, curve, seconds in networks(scenes, counts, valid):
        logits = predict_logits(network, power)
        kept[f"{name}.logits"], kept[f"{name}.curve"] = quantised(logits[piece]), np.asarray(curve, np.float32)
        rounded = logits_of(kept[f"{name}.logits"])
        agreement.append([np.mean(mapped(logits[piece], counts, tau) == mapped(rounded, counts, tau)) for tau in (0, 1)])
        c, here = Confusion().add(labels, logits.argmax(-1)), Confusion().add(labels[piece], logits[piece].argmax(-1))
        scores = " | ".join(f"{score:.3f}" for score in (c.accuracy, c.macro_f1, here.accuracy, here.macro_f1))
        lines.append(f"| {name} | {scores} | {seconds:.0f} |")
        print(lines[-1], flush=True)
    np.savez_compressed(FILE, **kept)
    agree = np.mean(agreement, axis=0)
    forest = np.mean(labels[piece][labels[piece] != 255] == 0)
    name = str(select_scenes(scenes, "test").scene.values[scene])
    FILE.with_name("README.md").write_text(CARD.format(
        seed=SEED, steps=STEPS, every=EVERY, side=SIDE, scene=f"`{name}`", row=row, column=column, forest=forest,
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
