"""How long until a network knows a river? The course kit beside NeuralHydrology, on the same real basins, in one run.

    python benchmarks/streamflow.py --data DIR [--basins 01022500 ...] [--hidden 64] [--peer-venv FOLDER] [--json]

DIR holds ``camels_us/`` (as published: ``basin_mean_forcing``, ``usgs_streamflow``, ``camels_attributes_v2.0``) and,
for ``--regional``, ``camels_us_daymet.nc`` and ``published_scores/``. Training is 1999-10-01 to 2008-09-30, test
1989-10-01 to 1999-09-30. Every row is a process of its own with the same number of threads. NeuralHydrology is
installed into the folder of ``--peer-venv`` if it is not there; without the option its rows are left out.

Times to a skill are of training alone: imports, loading and the looks at the test period are not in them, tracing and
compiling are. A shared machine makes wall times worthless: compare CPU seconds there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PEER = ("torch==2.13.0", "neuralhydrology==1.13.0")
SKILLS = (0.6, 0.7, 0.75)
#: A longer training of a single basin, for those who want the last hundredths.
LONGER = {"updates": 400, "batch": 4, "learning_rate": 3e-2, "dropout": 0.4}
#: Basins whose discharge in the file of 400 disagrees with the attribute tables.
DOUBTFUL = ("06470800", "05057200", "05120500", "07142300")


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def since(start: tuple[float, float]) -> dict[str, float]:
    """Seconds of wall and of CPU since `start`."""
    return {"wall": time.perf_counter() - start[0], "cpu": time.process_time() - start[1]}


# -------------------------------------------------------------------------------------------------- one row, ours


class Looks:
    """Stops the clock every few updates and looks at the test period."""

    def __init__(self, model, basins, every: int, last: int):
        self.model, self.basins, self.every, self.last = model, basins, every, last
        self.curve, self.spent, self.start = [], {"wall": 0.0, "cpu": 0.0}, now()

    def callback(self):
        import keras

        return keras.callbacks.LambdaCallback(on_epoch_end=self.look)

    def look(self, update: int, logs=None) -> None:
        if (update + 1) % self.every and update + 1 != self.last:
            return
        self.spent = {k: self.spent[k] + v for k, v in since(self.start).items()}
        self.curve.append({**self.spent, "nse": median_nse(self.model, self.basins)})
        self.start = now()


def median_nse(model, basins, **options) -> float:
    """Median NSE over the basins in the test period."""
    import numpy as np

    from dla_widgets.streamflow.basins import PERIODS
    from dla_widgets.streamflow.models import predict
    from dla_widgets.streamflow.skill import nse

    simulated = predict(model, basins, "test", **options)
    observed = basins["discharge"].sel(time=PERIODS["test"])
    pairs = zip(observed.values, simulated.values, strict=True)
    return float(np.median([nse(o, s) for o, s in pairs if np.isfinite(o).sum() > 365]))


def ours(spec: dict) -> dict:
    """Train and measure the course kit's model as `spec` says."""
    begin = now()
    from dla_widgets.streamflow import models, numpy_lstm
    from dla_widgets.streamflow.camels import load_camels

    row = {"imports": since(begin)}
    start = now()
    basins = load_camels(spec["data"], basins=spec["basins"], cache=False)
    row["load"] = since(start)
    build = models.regional_lstm if spec["attributes"] else models.lstm
    model = build(spec["hidden"], seed=spec["seed"], dropout=spec["dropout"])
    looks = Looks(model, basins, spec["every"], spec["updates"])
    settings = {k: spec[k] for k in ("updates", "batch", "learning_rate")}
    looks.start = now()
    models.train(model, basins, seed=spec["seed"], progress=False, callbacks=[looks.callback()], **settings)
    row |= {"curve": looks.curve, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    row["pass"] = best_of(lambda: models.predict(model, basins.isel(basin=[0]), "test"))
    row["evaluation"] = best_of(lambda: median_nse(model, basins))
    if len(spec["basins"]) == 1:
        row["windows"] = best_of(lambda: median_nse(model, basins, scheme="windows"), times=1)
        row["windows_nse"] = median_nse(model, basins, scheme="windows")
    engine = numpy_lstm.load(models.save(model, Path(spec["scratch"]) / "model.keras"))
    row["numpy"] = best_of(lambda: engine.predict(basins.isel(basin=[0]), "test"))
    return row


def best_of(do, times: int = 3) -> dict[str, float]:
    """The quickest of some calls after the first one."""
    do()
    tries = []
    for _ in range(times):
        start = now()
        do()
        tries.append(since(start))
    return min(tries, key=lambda t: t["cpu"])


def regional(spec: dict) -> dict:
    """The regional model on the file of 400 basins, beside the published scores."""
    import numpy as np

    from dla_widgets.streamflow import models
    from dla_widgets.streamflow.basins import PERIODS
    from dla_widgets.streamflow.camels import load_camels
    from dla_widgets.streamflow.published import published_scores
    from dla_widgets.streamflow.skill import nse

    basins = load_camels(Path(spec["folder"]) / "camels_us_daymet.nc")
    model = models.regional_lstm(spec["hidden"], seed=spec["seed"])
    start = now()
    models.train(model, basins, seed=spec["seed"], progress=False, **spec["regional"])
    row = {"train": since(start)}
    start = now()
    simulated = models.predict(model, basins, "test")
    row["evaluation"] = since(start)
    published = published_scores(spec["folder"])["LSTM"]
    graded = [b for b in basins["basin"].values if b in published.index and b not in DOUBTFUL]
    observed = basins["discharge"].sel(time=PERIODS["test"])
    scores = [nse(observed.sel(basin=b).values, simulated.sel(basin=b).values) for b in graded]
    return row | {
        "basins": len(graded),
        "nse": float(np.median(scores)),
        "published": float(published[graded].median()),
    }


# ------------------------------------------------------------------------------------------------------- all rows


def run(command: list[str], spec: dict) -> dict:
    """Run one row in a process of its own; its last line of output is the result."""
    n = str(spec["threads"])
    threads = {"OMP_NUM_THREADS": n, "TF_NUM_INTRAOP_THREADS": n, "TF_NUM_INTEROP_THREADS": "1"}
    # On a shared machine threads that wait busily for each other would burn the peer's CPU seconds.
    patience = {"KMP_BLOCKTIME": "0", "OMP_WAIT_POLICY": "PASSIVE"}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    # The peer tells how far it is; TensorFlow has nothing to say that helps.
    words = None if "scheme" in spec else subprocess.DEVNULL
    done = subprocess.run(
        command,
        input=json.dumps(spec),
        text=True,
        stdout=subprocess.PIPE,
        stderr=words,
        check=False,
        env=os.environ | threads | patience | quiet,
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{done.stdout[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def peer_python(folder: Path) -> str:
    """The Python of NeuralHydrology's own environment, made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        print(f"installing {' and '.join(PEER)} into {folder} ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER], check=True)
    return str(python)


def specification(arguments) -> dict:
    """What all rows have in common."""
    from dla_widgets.streamflow.sequences import ATTRIBUTES
    from dla_widgets.streamflow.training import rate_at, usual

    folder = Path(arguments.data).resolve()
    updates, batch, rate = usual(len(arguments.basins))
    return {
        "folder": str(folder),
        "data": str(folder / "camels_us"),
        "basins": arguments.basins,
        "hidden": arguments.hidden,
        "threads": arguments.threads,
        "seed": arguments.seed,
        "updates": updates,
        "batch": batch,
        "learning_rate": rate,
        "dropout": 0.0,
        "rates": [rate_at(i, rate, updates) for i in range(updates + 10)],
        "every": 5,
        "look": arguments.look,
        "skills": SKILLS,
        "attributes": list(ATTRIBUTES) if len(arguments.basins) > 1 else [],
    }


def reached(row: dict, skill: float, unit: str = "cpu", for_good: bool = False) -> float | None:
    """Seconds of training after which the test NSE was first that good, or was from then on."""
    curve = row["curve"]
    for i, point in enumerate(curve):
        if point["nse"] >= skill and (not for_good or all(later["nse"] >= skill for later in curve[i:])):
            return point[unit]
    return None


def table(rows: dict[str, dict]) -> str:
    """The rows as text, one measure per line."""

    def line(label, value):
        cells = [value(row) for row in rows.values()]
        return f"{label:38}" + "".join(f"{'-' if c is None else c:>26}" for c in cells)

    def both(key):
        return lambda row: f"{row[key]['wall']:.2f} / {row[key]['cpu']:.2f}" if key in row else None

    def to(skill, for_good):
        def cell(row):
            seconds = [reached(row, skill, unit, for_good) for unit in ("wall", "cpu")]
            return None if seconds[0] is None else f"{seconds[0]:.1f} / {seconds[1]:.1f}"

        return cell

    last = [
        lambda row: f"{row['curve'][-1]['wall']:.1f} / {row['curve'][-1]['cpu']:.1f}",
        lambda row: f"{row['curve'][-1]['nse']:.3f}",
    ]
    return "\n".join(
        [
            f"{'seconds are wall / CPU':38}" + "".join(f"{name:>26}" for name in rows),
            line("imports", both("imports")),
            line("load, text to ready", both("load")),
            line("peak memory [MB]", lambda row: f"{row['memory'] / 1e6:.0f}"),
            *[line(f"training to NSE {skill}", to(skill, False)) for skill in SKILLS],
            *[line(f"training to NSE {skill} for good", to(skill, True)) for skill in SKILLS],
            line("all of the training", last[0]),
            line("NSE then (test, median of basins)", last[1]),
            line("evaluation, 10 years of all basins", both("evaluation")),
            line("the same by windows", both("windows")),
            line("one pass, 10 years of one basin", both("pass")),
            line("the same in NumPy", both("numpy")),
        ]
    )


def ratios(rows: dict[str, dict]) -> dict[str, float]:
    """How many times as long the peer takes, in CPU seconds: to the same skill, to load, to evaluate by its own way."""
    mine, found = rows["ours"], {}
    for name, row in rows.items():
        if name.startswith("ours"):
            continue
        for skill in SKILLS:
            for when, for_good in (("first", False), ("for good", True)):
                theirs, own = reached(row, skill, "cpu", for_good), reached(mine, skill, "cpu", for_good)
                if theirs and own:
                    found[f"{name}: training to NSE {skill}, {when}"] = theirs / own
        for part in ("load", "evaluation"):
            found[f"{name}: {part}"] = row[part]["cpu"] / mine[part]["cpu"]
    return {k: round(v, 1) for k, v in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder that holds camels_us/")
    parser.add_argument("--basins", nargs="+", default=["01022500"])
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--look",
        type=int,
        default=2,
        help="epochs of the peer between its looks at the test period, once it has reached all skills",
    )
    parser.add_argument("--peer-venv", type=Path, help="folder of a virtual environment for NeuralHydrology")
    parser.add_argument("--regional", action="store_true", help="also train on the file of 400 basins (minutes)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--row", choices=["ours", "regional"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print("\n" + json.dumps({"ours": ours, "regional": regional}[arguments.row](json.load(sys.stdin))))
        return
    measure(arguments)


def measure(arguments) -> None:
    """Run all rows, then print them."""
    import tempfile

    spec = specification(arguments)
    me = [sys.executable, str(Path(__file__).resolve()), "--data", arguments.data, "--row"]
    with tempfile.TemporaryDirectory() as scratch:
        rows = {"ours": run([*me, "ours"], spec | {"scratch": scratch})}
        if len(spec["basins"]) == 1:
            rows["ours, longer"] = run([*me, "ours"], spec | LONGER | {"scratch": scratch})
    if arguments.peer_venv:
        peer = [peer_python(arguments.peer_venv), str(HERE / "peer_neuralhydrology.py")]
        for name, scheme in (("NeuralHydrology, tutorial", "windows"), ("NeuralHydrology, pieces", "pieces")):
            rows[name] = run(peer, spec | {"scheme": scheme})
    report = {"specification": {k: v for k, v in spec.items() if k != "rates"}, "rows": rows, "ratios": ratios(rows)}
    if arguments.regional:
        report["regional"] = run([*me, "regional"], spec | {"regional": {}})
    if arguments.json:
        print(json.dumps(report, indent=1))
        return
    print(
        f"{len(spec['basins'])} basin(s) {spec['basins'][0]} ..., hidden {spec['hidden']}, {spec['threads']} threads\n"
    )
    print(table(rows), "", *[f"{k:60}{v:8.1f} x" for k, v in report["ratios"].items()], sep="\n")
    if arguments.regional:
        r = report["regional"]
        print(
            f"\nregional model, {r['basins']} graded basins: median NSE {r['nse']:.3f} "
            f"(published LSTM {r['published']:.3f}) after "
            f"{r['train']['wall']:.0f} s wall / {r['train']['cpu']:.0f} s CPU; "
            f"evaluated in {r['evaluation']['wall']:.1f} s"
        )


if __name__ == "__main__":
    main()
