"""Remake the bundled model, its card and its scores, the same ones every time:

    python -m dla_widgets.landcover.weights.make

Among :data:`RECIPES` the validation scenes choose, by macro F1; then, as for every training here, the strength of the prior
correction. The test scenes are mapped once, with the model that was chosen.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import xarray as xr

from ..class_weights import class_counts, class_weights
from ..losses import combined, cross_entropy, dice
from ..models import WEIGHTS, save, unet
from ..prediction import adjust_prior, predict_logits
from ..scenes import arrays, select_scenes
from ..skill import Confusion
from ..training import train

#: name -> (weights of the cross-entropy, factor of Dice, how crops are drawn)
RECIPES = {
    "class-aware crops, cross-entropy + Dice": ("none", 1.0, "balanced"),
    "class-aware crops, cross-entropy + half of Dice": ("none", 0.5, "balanced"),
    "class-aware crops, square-root weights": ("sqrt", 0.0, "balanced"),
    "square-root crops, cross-entropy + Dice": ("none", 1.0, "sqrt"),
}
STEPS, BASE, SEED = 1200, 16, 0
TAUS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)

CARD = """# Reference model `simulated`

For the scenes of `simulated_scenes()`: what a lesson compares a learner's own network with, and what an explorer maps with.

| | |
|---|---|
| network | U-Net, {base} features at half resolution, VV and VH in, nine classes out, {parameters} numbers |
| training | {train} scenes, {steps} steps of 16 crops of 64 pixels: {recipe}; {cpu:.0f} CPU seconds |
| chosen on | {valid} validation scenes, macro F1 {chosen:.3f}; next best recipe {second:.3f} |
| test | {test} scenes, scored once |
| accuracy | {accuracy:.3f} |
| macro F1 | {macro:.3f} |
| accuracy, prior corrected with tau = {tau} (chosen on the validation scenes) | {corrected_accuracy:.3f} |
| macro F1, prior corrected | {corrected:.3f} |
| made by | `python -m dla_widgets.landcover.weights.make`, seed {seed} |

{table}

Scores are against the labels, which have faults of their own. Another seed differs by some hundredths.

**Limits.** The scenes are invented. A good score here says that the network has learnt the rules of the simulation, and nothing
about a real forest. One date, VV and VH, tropical forest; no snow.

**Source.** `simulated_scenes()` with its defaults (64 scenes, seed 0); no data file.
"""


def make(
    scenes: xr.Dataset, folder: Path = WEIGHTS, steps: int = STEPS, base: int = BASE, recipes: dict | None = None
) -> dict[str, float]:
    """Train by every recipe, keep the one that the validation scenes choose, write it and its card to `folder`."""
    power, labels = arrays(select_scenes(scenes, "valid"))
    counts = class_counts(arrays(select_scenes(scenes, "train"))[1])
    found = []
    for name, (weights, factor, how) in (recipes or RECIPES).items():
        loss = cross_entropy(None if weights == "none" else class_weights(counts, weights))
        loss = combined((loss, 1.0), (dice(), factor)) if factor else loss
        model, start = unet(base=base, seed=SEED), time.process_time()
        train(model, scenes, loss, how=how, steps=steps, seed=SEED)
        cpu, logits = time.process_time() - start, predict_logits(model, power)
        by_tau = [grade(labels, logits, counts, tau).macro_f1 for tau in TAUS]
        print(f"{name}: macro F1 on the validation scenes {by_tau[0]:.3f}, at best {max(by_tau):.3f}")
        found.append((by_tau[0], TAUS[int(np.argmax(by_tau))], name, model, cpu))
    found.sort(key=lambda one: -one[0])
    chosen, tau, name, model, cpu = found[0]
    test = arrays(select_scenes(scenes, "test"))
    logits = predict_logits(model, test[0])
    plain, corrected = (grade(test[1], logits, counts, t) for t in (0.0, tau))
    save(model, folder / "simulated.keras")
    sizes = {part: int((scenes["split"].values == part).sum()) for part in ("train", "valid", "test")}
    text = CARD.format(
        base=base, parameters=model.count_params(), steps=steps, recipe=name, cpu=cpu, chosen=chosen, seed=SEED, tau=tau,
        second=found[1][0] if len(found) > 1 else float("nan"), accuracy=plain.accuracy, macro=plain.macro_f1,
        corrected_accuracy=corrected.accuracy, corrected=corrected.macro_f1, table=_table(plain, corrected), **sizes,
    )  # fmt: skip
    unfinished = folder / ".simulated.md"
    unfinished.write_text(text, encoding="utf-8")
    os.replace(unfinished, folder / "simulated.md")
    return {"macro F1": plain.macro_f1, "accuracy": plain.accuracy, "macro F1, prior corrected": corrected.macro_f1}


def grade(labels: np.ndarray, logits: np.ndarray, counts: np.ndarray, tau: float) -> Confusion:
    """Confusion of a map made of `logits` with the prior correction `tau`."""
    return Confusion().add(labels, adjust_prior(logits, counts, tau).argmax(-1).astype(np.uint8))


def _table(plain: Confusion, corrected: Confusion) -> str:
    rows = ["| class | precision | recall | F1 | F1, prior corrected |", "|---|--:|--:|--:|--:|"]
    other = corrected.table()["F1"]
    for name, row in plain.table().iterrows():
        rows.append(f"| {name} | {row['precision']:.2f} | {row['recall']:.2f} | {row['F1']:.2f} | {other.get(name, 0):.2f} |")
    return "\n".join(rows)


def recorded(score: str = "macro F1", folder: Path = WEIGHTS) -> float:
    """The score that stands on the card of the bundled model."""
    for line in (folder / "simulated.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] == score:
            return float(cells[1])
    raise KeyError(f"the card has no {score!r}")


if __name__ == "__main__":
    from ..simulated import simulated_scenes

    print(*[f"{label}: {value:.3f}" for label, value in make(simulated_scenes()).items()], sep="\n")
