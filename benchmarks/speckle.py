"""How fast are the speckle filters? One image, one run, beside SciPy and, where installed, findpeaks.

    python benchmarks/speckle.py [--side 2048] [--findpeaks-python PYTHON]

findpeaks filters pixel by pixel in Python; it is timed on a small tile and scaled by the number of pixels. PYTHON is the
interpreter of an environment that has it.
"""

from __future__ import annotations

import argparse
import subprocess
import time
from functools import partial

import numpy as np
from scipy.ndimage import uniform_filter

from dla_widgets.landcover import speckle

PEER = """
import time, numpy as np
from findpeaks.filters.lee import lee_filter
image = np.random.default_rng(0).gamma(5, 0.2, (128, 128)).astype("float32")
start, work = time.perf_counter(), time.process_time()
lee_filter(image, win_size=7, cu=0.447)
print(time.perf_counter() - start, time.process_time() - work)
"""
NAMES = ("boxcar", "lee", "kuan", "enhanced_lee", "gamma_map", "refined_lee", "frost")


def best(functions: dict, turns: int = 7) -> dict[str, tuple[float, float]]:
    """The shortest of some turns, on the clock and of all cores' work [s]; all take turns, so that each meets the same load."""
    times = {name: [] for name in functions}
    for _ in range(turns + 1):
        for name, function in functions.items():
            start, work = time.perf_counter(), time.process_time()
            function()
            times[name].append((time.perf_counter() - start, time.process_time() - work))
    return {name: tuple(map(min, zip(*rows[1:], strict=True))) for name, rows in times.items()}  # the first may compile


def scipy_lee(image: np.ndarray) -> np.ndarray:
    """The same filter as most people build it."""
    mean = uniform_filter(image, 7)
    variance = np.maximum(uniform_filter(image * image, 7) - mean**2, 0)
    usual = mean**2 / 5
    return mean + np.clip(1 - usual / np.maximum(variance, 1e-12), 0, 1) * (image - mean)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=2048)
    parser.add_argument("--findpeaks-python")
    options = parser.parse_args()
    image = np.random.default_rng(0).gamma(5, 0.2, (options.side, options.side)).astype(np.float32)
    functions = {f"ours, {name}": partial(getattr(speckle, name), image) for name in NAMES}
    functions["ours, lee, 21 x 21"] = partial(speckle.lee, image, 21)
    functions["SciPy, one uniform_filter"] = partial(uniform_filter, image, 7)
    functions["SciPy, a Lee filter of two"] = partial(scipy_lee, image)
    rows = best(functions)
    if options.findpeaks_python:
        told = subprocess.run([options.findpeaks_python, "-c", PEER], capture_output=True, text=True, check=True).stdout
        rows["findpeaks, Lee (scaled from 128 x 128)"] = tuple(float(t) * (options.side / 128) ** 2 for t in told.split()[-2:])
    lee = rows["ours, lee"]
    title = f"{options.side} x {options.side} float32, 7 x 7 windows"
    print(f"{title:42}{'ms':>9}{'of our Lee':>12}{'CPU-ms':>9}{'of our Lee':>12}")
    for name, (clock, work) in rows.items():
        print(f"{name:42}{1e3 * clock:9.0f}{clock / lee[0]:12.1f}{1e3 * work:9.0f}{work / lee[1]:12.1f}")


if __name__ == "__main__":
    main()
