"""How fast and in how much memory a file is scored: validated, counted and scored as the service does it.

Each row is a process of its own, as the service's worker is one. Run by ``competition.py scoring``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import dask.array
import numpy as np
import psutil
import xarray as xr
import yaml
from sklearn.metrics import f1_score

from autograder.competition import making, truth
from autograder.competition.rules import read_rules
from autograder.competition.scoring import score_file
from dla_widgets.landcover.legend import IGNORE
from dla_widgets.landcover.scenes import BANDS, LABELS, describe_variables, save_scenes
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.landcover.skill import macro_f1
from dla_widgets.landcover.submission_files import tiff_bytes
from dla_widgets.leaderboard.inputs import SCENES
from dla_widgets.submission import write_submission

SIDE, TILE = 1024, 256
CRS, PIXEL = "EPSG:32733", 10.0

#: What 1e8 pixels may take [s].
AIM = 5.0


def report(given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="scoring-") as scratch:
        folder = Path(scratch)
        print(f"{'':34} {'import':>9} {'first':>10} {'warm':>9} {'CPU [s]':>8} {'base':>10} {'peak [MB]':>10}",
              flush=True)
        stack = maps_competition(folder / "stack", given.scenes, SIDE)
        per_pixel = [show(f"{given.scenes * SIDE**2:.2g} pixels, {file.suffix}", stack, file) / (given.scenes * SIDE**2)
                     for file in written(stack, folder)]
        side = int((given.scenes * SIDE**2) ** 0.5) // TILE * TILE
        one = maps_competition(folder / "one", 1, side)
        show(f"{side**2:.2g} pixels in one scene, .tif", one, written_tif(one, folder))
        for file in rivers_competition(folder / "rivers", given.basins):
            show(f"{given.basins} basins, 10 years, {file.suffix}", folder / "rivers", file)
    ours, theirs = peer(given.peer_pixels)
    print(f"\nscikit-learn's f1_score of {given.peer_pixels:.2g} pixels in memory: {theirs:.1f} CPU-s, Confusion's {ours:.2f}: "
          f"{theirs / ours:.0f} times as long.\nA pixel that is read from a file, checked, counted by block and scored takes us "
          f"{1e9 * max(per_pixel):.0f} ns, one that lies in memory takes scikit-learn {1e9 * theirs / given.peer_pixels:.0f} ns: "
          f"{theirs / given.peer_pixels / max(per_pixel):.0f} times as long.")


def show(name: str, folder: Path, file: Path) -> float:
    """Score a file three times in a fresh process, print a row, return the warm CPU seconds."""
    done = subprocess.run([sys.executable, __file__, str(folder), str(file)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name}:\n{done.stderr[-2000:]}")
    cost = json.loads(done.stdout.splitlines()[-1])
    late = "" if cost["warm"] < AIM or "pixels" not in name else f"   more than {AIM:g} s"
    print(f"{name:34} {cost['import']:9.1f} {cost['first']:10.2f} {cost['warm']:9.2f} {cost['cpu']:8.2f} {cost['base']:10.0f} "
          f"{cost['peak']:10.0f}{late}", flush=True)
    return cost["cpu"]


def measured(folder: str, file: str) -> dict[str, float]:
    """In a process of its own: what it takes until the first score, and what later ones cost."""
    began, base = time.time() - psutil.Process().create_time(), _peak()
    turns = []
    for _ in range(3):
        start, cpu = time.perf_counter(), time.process_time()
        scored = score_file(folder, file, Path(file).name)
        turns.append((time.perf_counter() - start, time.process_time() - cpu))
        if scored.fault:
            raise SystemExit(scored.fault)
    warm, cpu = (min(times) for times in zip(*turns[1:], strict=True))
    return {"import": began, "first": turns[0][0], "warm": warm, "cpu": cpu, "base": base, "peak": _peak()}


def _peak() -> float:
    """The most memory that this process has had [MB]; Linux keeps it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1e3


# --- competitions of any size ------------------------------------------------------------------------------------------


def land(number: int, side: int) -> Iterator[np.ndarray]:
    """Maps (y, x) of squares of simulated land, each from another draw."""
    squares = simulated_scenes(14, TILE)["truth"].values
    rng, across = np.random.default_rng(0), side // TILE
    for _ in range(number):
        chosen = squares[rng.integers(0, len(squares), (across, across))]
        yield chosen.swapaxes(1, 2).reshape(side, side)


def maps_competition(folder: Path, number: int, side: int) -> Path:
    """A land-cover competition with `number` withheld scenes, written as `making` leaves it.

    Scenes of this size are not simulated here: the radar is left empty, as nothing in scoring looks at it.
    """
    for part in (truth.SECRET, truth.INPUTS):
        (folder / part).mkdir(parents=True)
    (folder / "competition.yaml").write_text(yaml.safe_dump({
        "name": "large", "title": "Large", "project": "landcover", "metric": "macro_f1", "deadline": "2099-01-01T00:00:00+00:00",
        "truth": {"file": "secret/scenes.nc"}, "split": {"public": 0.4, "block": 64}}))
    labels = np.stack(list(land(number, side)))
    np.save(folder / truth.SECRET / truth.LABELS, labels)
    rules = read_rules(folder)
    public = making._fair(making._shares(labels, rules.split.block), rules.split.public)
    np.savez(folder / truth.SECRET / truth.FILE, made_for=truth.made_for(rules), block=rules.split.block, public=public)
    save_scenes(_inputs(number, side), folder / truth.INPUTS / SCENES)
    return folder


def _inputs(number: int, side: int) -> xr.Dataset:
    """The inputs in the one schema; the radar is made while it is written."""
    names = [f"big-{k:02d}" for k in range(number)]
    maps, chunks = ("scene", "y", "x"), (1, side, side)
    scenes = xr.Dataset(
        {"backscatter": (("scene", "time", "band", "y", "x"), dask.array.zeros((number, 1, 2, side, side), dtype=np.float32,
                                                                                chunks=(1, 1, 1, side, side))),
         LABELS: (maps, dask.array.full((number, side, side), IGNORE, dtype=np.uint8, chunks=chunks)),
         "valid": (maps, dask.array.ones((number, side, side), dtype=bool, chunks=chunks))},
        {"scene": names, "split": ("scene", ["test"] * number), "crs": ("scene", [CRS] * number), "band": list(BANDS),
         "transform": (("scene", "affine"), [place(k) for k in range(number)]),
         "acquired": (("scene", "time"), np.full((number, 1), "2019-05-09", "datetime64[ns]"))})  # fmt: skip
    return describe_variables(scenes).assign_attrs(withheld=names)


def place(k: int) -> tuple[float, ...]:
    """Where a scene lies."""
    return (PIXEL, 0.0, 300_000.0 + 200_000.0 * k, 0.0, -PIXEL, 9_900_000.0)


def written(folder: Path, out: Path) -> Iterator[Path]:
    """An entry as NPZ and as a ZIP of GeoTIFFs: one pixel in ten is wrong."""
    labels = np.load(folder / truth.SECRET / truth.LABELS, mmap_mode="r")
    rng = np.random.default_rng(1)
    for kind in (".npz", ".zip"):
        file = out / f"entry{kind}"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED if kind == ".npz" else zipfile.ZIP_STORED) as archive:
            for k, true in enumerate(labels):
                mapped = faulty(true, rng)
                if kind == ".zip":
                    archive.writestr(f"big-{k:02d}.tif", tiff_bytes(mapped, CRS, place(k)))
                    continue
                with archive.open(f"big-{k:02d}.npy", "w") as member:
                    np.lib.format.write_array(member, mapped, allow_pickle=False)
        yield file


def written_tif(folder: Path, out: Path) -> Path:
    """An entry of one scene as a GeoTIFF."""
    true = np.load(folder / truth.SECRET / truth.LABELS, mmap_mode="r")[0]
    file = out / "big-00.tif"
    file.write_bytes(tiff_bytes(faulty(true, np.random.default_rng(1)), CRS, place(0)))
    return file


def faulty(true: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A map with the wrong label in a tenth of its squares of four pixels."""
    y, x = true.shape
    wrong = np.kron(rng.random((y // 4, x // 4)) < 0.1, np.ones((4, 4), bool))
    return np.where(wrong, np.roll(true, 97, axis=1), true)


def rivers_competition(folder: Path, number: int) -> Iterator[Path]:
    """A streamflow competition as `making` makes it, and an entry in each of its formats."""
    making.new(folder, "streamflow")
    rules = folder / "competition.yaml"
    said = yaml.safe_load(rules.read_text()) | {"benchmarks": []}
    said["truth"]["count"] = number
    rules.write_text(yaml.safe_dump(said))
    making.make(folder)
    kept = truth.open_truth(folder, read_rules(folder))
    coords = {"basin": list(kept.expected.basins), "time": kept.expected.days}
    entry = xr.DataArray(1.1 * np.nan_to_num(kept.values, nan=1.0), coords, ("basin", "time"), "discharge", {"units": "mm/day"})
    for kind in (".csv", ".parquet", ".nc"):
        yield write_submission(entry, folder / f"entry{kind}")


def peer(pixels: int) -> tuple[float, float]:
    """CPU seconds of macro F1 on maps in memory: ours, scikit-learn's. The scores must agree."""
    rng = np.random.default_rng(0)
    true = rng.choice(9, pixels, p=[0.93] + [0.07 / 8] * 8).astype(np.uint8)
    mapped = np.where(rng.random(pixels) < 0.1, rng.integers(0, 9, pixels), true).astype(np.uint8)
    seconds, scores = [], []
    for score in (macro_f1, lambda t, m: f1_score(t, m, average="macro")):
        start = time.process_time()
        scores.append(score(true, mapped))
        seconds.append(time.process_time() - start)
    if abs(scores[0] - scores[1]) > 1e-12:
        raise SystemExit(f"the scores differ: {scores}")
    return seconds[0], seconds[1]


if __name__ == "__main__":
    print(json.dumps(measured(*sys.argv[1:])))
