"""Remake the stored map, a few seconds:  python -m dla_widgets.landcover.explorers.bundled_map.make"""

from __future__ import annotations

import numpy as np

from ...models import load_reference
from ...prediction import predict
from ...simulated import simulated_scenes
from . import FILE, SCENE


def make() -> np.ndarray:
    """The bundled model's map (y, x) of the scene."""
    return predict(load_reference(), simulated_scenes(SCENE + 1).isel(scene=[SCENE])).values[0]


if __name__ == "__main__":
    np.savez_compressed(FILE, map=make())
