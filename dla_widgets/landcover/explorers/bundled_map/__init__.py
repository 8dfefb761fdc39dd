"""What the bundled model says of one simulated scene, so that it can be shown without TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "map.npz"
#: which of `simulated_scenes()`; a scene that the model was not trained on
SCENE = 3


def stored() -> np.ndarray:
    """The map (y, x) uint8 of scene :data:`SCENE`."""
    with np.load(FILE) as file:
        return file["map"]
