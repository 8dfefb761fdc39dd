"""How fast is a score of a map? Ours and scikit-learn's, on the same 1e7 pixels, in one run; the numbers must agree.

    python benchmarks/confusion.py [--pixels 10000000]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.metrics import f1_score

from dla_widgets.landcover.skill import macro_f1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pixels", type=int, default=10_000_000)
    n = parser.parse_args().pixels
    rng = np.random.default_rng(0)
    truth = rng.choice(9, n, p=[0.93] + [0.07 / 8] * 8).astype(np.uint8)
    guess = np.where(rng.random(n) < 0.1, rng.integers(0, 9, n), truth).astype(np.uint8)
    seconds, score = {}, {}
    for name, function in (("ours", macro_f1), ("scikit-learn", lambda t, g: f1_score(t, g, average="macro"))):
        turns = []
        for _ in range(3):
            start = time.process_time()
            score[name] = function(truth, guess)
            turns.append(time.process_time() - start)
        seconds[name] = min(turns)
        print(f"{name:14}{seconds[name]:8.3f} CPU-s   macro F1 {score[name]:.12f}")
    print(f"scikit-learn takes {seconds['scikit-learn'] / seconds['ours']:.0f} times as long; "
          f"the scores differ by {abs(score['ours'] - score['scikit-learn']):.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
