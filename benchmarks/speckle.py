"""How fast are the speckle filters? One image, one run, beside SciPy and, where installed, findpeaks.

    python benchmarks/speckle.py [--side 2048] [--findpeaks-python PYTHON]

findpeaks filters pixel by pixel in Python; it is timed on a small tile and scaled by the number of pixels. PYTHON is the
interpreter of an environment that has it.
"""

from __future__ import annotations

import argparse
import subprocess
import time

import numpy as np
from scipy.ndimage import uniform_filter

from dla_widgets.landcover import speckle

PEER = """
import time, numpy as np
from findpeaks.filters.lee import lee_filter
image = np.random.default_rng(0).gamma(5, 0.2, (128, 128)).astype("float32")
start = time.perf_counter(); lee_filter(image, win_size=7, cu=0.447); print(time.perf_counter() - start)
"""


def best(function, *arguments, turns: int = 7) -> float:
    """The shortest of some turns [s]; the first, which may compile, is not counted."""
    function(*arguments)
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


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
    lee = best(speckle.lee, image)
    print(f"{options.side} x {options.side} float32, 7 x 7 windows{'':8}{'ms':>9}{'of our Lee':>12}")
    names = ("boxcar", "lee", "kuan", "enhanced_lee", "gamma_map", "refined_lee", "frost")
    rows = {f"ours, {name}": lee if name == "lee" else best(getattr(speckle, name), image, turns=3) for name in names}
    rows |= {"SciPy, one uniform_filter": best(uniform_filter, image, 7), "SciPy, a Lee filter of two": best(scipy_lee, image)}
    if options.findpeaks_python:
        told = subprocess.run([options.findpeaks_python, "-c", PEER], capture_output=True, text=True, check=True).stdout
        rows["findpeaks, Lee (scaled from 128 x 128)"] = float(told.split()[-1]) * (options.side / 128) ** 2
    for name, seconds in rows.items():
        print(f"{name:42}{1e3 * seconds:9.0f}{seconds / lee:12.1f}")


if __name__ == "__main__":
    main()
