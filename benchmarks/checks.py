"""What a check costs: CPU milliseconds of judging each exercise's worst-placed mistake, median over seeds.

    python benchmarks/checks.py [--seeds 30]
"""

import argparse
import statistics
import time

from dla_widgets.exercise import Exercise, exercises


def milliseconds(exercise: Exercise, seeds: int) -> float:
    """A wrong answer is the dear one: every mistake before its own is tried too, so the last one is timed."""
    times = []
    for seed in range(seeds + 1):
        start = time.process_time()
        exercise.judge(exercise.mistakes[-1].function, seed, guard=False)
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=30)
    seeds = parser.parse_args().seeds
    for name, exercise in sorted(exercises().items()):
        print(f"{name:28s} {milliseconds(exercise, seeds):6.2f} ms")


if __name__ == "__main__":
    main()
