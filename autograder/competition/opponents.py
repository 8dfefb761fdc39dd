"""The file of the benchmark row: a model that a sensible person would have used without a network."""

from __future__ import annotations

from pathlib import Path

from dla_widgets.leaderboard.inputs import BASINS, SCENES

#: project -> name and file of the benchmark that a new competition has
BENCHMARKS = {
    "streamflow": {"name": "Conceptual model", "file": "benchmark.csv"},
    "landcover": {"name": "Random forest, pixel by pixel", "file": "benchmark.npz"},
}


def write_benchmark(project: str, inputs: Path, path: Path) -> None:
    """Predict from `inputs`, as a team would, and write the file to `path`: half a minute."""
    {"streamflow": _rivers, "landcover": _lands}[project](inputs, path)


def _rivers(inputs: Path, path: Path) -> None:
    """The conceptual model of lesson 03, calibrated on each basin."""
    from dla_widgets.competition import write_submission
    from dla_widgets.streamflow.baselines import Conceptual
    from dla_widgets.streamflow.basins import PERIODS, open_basins

    basins = open_basins(inputs / BASINS)
    write_submission(Conceptual().fit(basins.sel(time=PERIODS["train"])).predict(basins), path, basins)


def _lands(inputs: Path, path: Path) -> None:
    """The random forest of lesson 04: single pixels and their filtered brightness."""
    from dla_widgets.landcover.baselines import PixelForest
    from dla_widgets.landcover.competition import write_submission
    from dla_widgets.landcover.scenes import load_scenes, select_scenes

    scenes = load_scenes(inputs / SCENES)
    write_submission(PixelForest(pixels=30_000).fit(scenes).predict(select_scenes(scenes, "test")), path, scenes)
