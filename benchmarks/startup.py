"""What a learner waits for before anything happens: importing the kit, beside what it avoids importing.

python benchmarks/startup.py [--runs 7]
"""

import argparse
import statistics
import subprocess
import sys
import time

STATEMENTS = {
    "interpreter alone": "pass",
    "import dla_widgets": "import dla_widgets",
    "from dla_widgets import check, open_basins": "from dla_widgets import check, open_basins",
    "import tensorflow": "import tensorflow",
}


def seconds(statement: str, runs: int) -> float:
    """Median wall time of a fresh interpreter that runs `statement`, after one run to warm the file cache."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True, stderr=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    measured = {name: seconds(statement, runs) for name, statement in STATEMENTS.items()}
    for name, value in measured.items():
        print(f"{name:45s} {value:7.3f} s")
    ours, peer, bare = (measured[name] for name in ("import dla_widgets", "import tensorflow", "interpreter alone"))
    print(
        f"import tensorflow / import dla_widgets, interpreter deducted: {(peer - bare) / max(ours - bare, 1e-3):.0f}x"
    )


if __name__ == "__main__":
    main()
