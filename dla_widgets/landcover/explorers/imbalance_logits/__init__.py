"""What eight trainings and the bundled model say of two pieces of validation scenes, for the explorer of class imbalance.

Logits are kept as how far each class lies below the pixel's best one, in steps of 1/24 up to 10.6: nothing beyond that can
win by a correction of the prior. Only the best class has 0, so that a map without a correction is exactly the network's.
``make.py`` makes the file, and a card that says how well the steps keep the maps.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "logits.npz"
STEP = 1 / 24


def quantised(logits: np.ndarray, step: float = STEP) -> np.ndarray:
    """How far each class lies below the pixel's best one, in steps, as uint8 (..., class); 0 is the best one's alone."""
    below = np.clip(np.round((logits.max(axis=-1, keepdims=True) - logits) / step), 1, 255).astype(np.uint8)
    np.put_along_axis(below, logits.argmax(axis=-1)[..., None], 0, axis=-1)
    return below


def logits_of(kept: np.ndarray, step: float = STEP) -> np.ndarray:
    """The logits (..., class) that `kept` stands for; the best class of a pixel has 0."""
    return -kept.astype(np.float64) * step


@cache
def stored() -> dict[str, np.ndarray]:
    """vv, vh [dB, in steps of 1/8 above -32], labels, counts of the training labels, each training's logits and curve."""
    with np.load(FILE) as file:
        return dict(file)
