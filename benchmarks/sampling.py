"""Do the crops come faster than the network eats them?

    python benchmarks/sampling.py
"""

from __future__ import annotations

import time
from itertools import islice

from dla_widgets.landcover.augment import augmentation
from dla_widgets.landcover.models import unet
from dla_widgets.landcover.sampling import crop_dataset
from dla_widgets.landcover.scenes import arrays, open_scenes
from dla_widgets.landcover.training import train


def main() -> None:
    scenes = open_scenes(n=35)
    power, labels = arrays(scenes)
    rates = {}
    for how in ("random", "balanced", "effective"):
        for name, augment in (("", None), (", augmented", augmentation())):
            batches = iter(crop_dataset(power, labels, 64, 16, how, augment=augment))
            next(batches)
            start = time.process_time()
            for _ in islice(batches, 200):
                pass
            rates[f"{how} crops{name}"] = 200 / (time.process_time() - start)
    train(model := unet(), scenes, steps=5, progress=False)
    start = time.process_time()
    train(model, scenes, steps=40, augment=False, progress=False)
    eaten = 40 / (time.process_time() - start)
    print(f"{'batches of 16 crops of 64 x 64':40}{'per CPU-s':>10}{'of what the U-Net eats':>25}")
    for name, rate in rates.items():
        print(f"{name:40}{rate:10.0f}{rate / eaten:25.1f}")
    print(f"{'the U-Net, trained on them':40}{eaten:10.1f}")


if __name__ == "__main__":
    main()
