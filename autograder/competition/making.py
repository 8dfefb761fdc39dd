"""A new competition: its rules, the inputs that learners get, and the truth that they do not."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
import yaml

from dla_widgets.competition import withhold
from dla_widgets.errors import CourseError
from dla_widgets.landcover.competition import withhold as withhold_labels
from dla_widgets.landcover.legend import CLASSES, IGNORE
from dla_widgets.landcover.scenes import LABELS as LANDCOVER
from dla_widgets.landcover.scenes import load_scenes, save_scenes
from dla_widgets.landcover.simulated import simulated_scenes
from dla_widgets.streamflow.basins import PERIODS, TARGET, open_basins
from dla_widgets.streamflow.simulated import simulated_basins

from .metrics import METRICS
from .opponents import BENCHMARKS, write_benchmark
from .rules import FILE as RULES
from .rules import Rules, RulesError, read_rules
from .truth import FILE, INPUTS, LABELS, SECRET, made_for

#: project -> what a new competition of it says
TEMPLATES = {
    "streamflow": {"title": "Rivers", "metric": "nse", "truth": {"seed": f"{SECRET}/seed", "count": 40},
                   "split": {"public": 0.4}},
    "landcover": {"title": "Land cover", "metric": "macro_f1", "truth": {"seed": f"{SECRET}/seed", "count": 64},
                  "split": {"public": 0.4, "block": 64}},
    "table": {"title": "A table", "metric": "nse", "truth": {"file": f"{SECRET}/truth.csv"}, "split": {"public": 0.4},
              "keys": ["site", "date"], "value": "value", "unit": "site"},
}  # fmt: skip

HEAD = """# The rules of a competition. `make` writes what learners get into inputs/; what they do not is in secret/: keep it.
# Times need a zone. Once the split is drawn (`autograder competition make`), truth and split can't be changed.
"""


def new(folder: Path, project: str, name: str | None = None, days: int = 28) -> Rules:
    """Write the rules of a new competition into `folder`, with a secret seed where one is needed.

    Raises
    ------
    RulesError : there is one already, or the project is not known
    """
    folder = Path(folder)
    if project not in TEMPLATES:
        raise RulesError(f"there is no project {project!r}; there are {', '.join(TEMPLATES)}")
    if (folder / RULES).exists():
        raise RulesError(f"{folder / RULES} is there already; choose another folder, or go on with "
                         f"`autograder competition make {folder}`")
    now = datetime.now().astimezone().replace(minute=0, second=0, microsecond=0)
    called = re.sub("[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    said = {"name": name or called, "project": project, "about": "",
            "deadline": (now + timedelta(days=days)).isoformat(), "daily": 5, "total": 100, "team_size": 4, "finals": 2,
            "publish": "advisor", "benchmarks": [BENCHMARKS[project]] if project in BENCHMARKS else []} | TEMPLATES[project]
    (secret := folder / SECRET).mkdir(parents=True, exist_ok=True)
    secret.chmod(0o700)
    (folder / RULES).write_text(HEAD + yaml.safe_dump(said, sort_keys=False, allow_unicode=True), encoding="utf-8")
    try:
        rules = read_rules(folder)
    except RulesError:
        (folder / RULES).unlink()
        raise
    if rules.truth.seed:
        _private(secret / "seed", str(secrets.randbits(128)).encode())
    return rules


def make(folder: Path) -> Rules:
    """Make inputs, truth and benchmark of the competition in `folder` by its rules. They are written whole or not at all.

    Raises
    ------
    RulesError : the truth was made before, or its source cannot be used
    """
    folder, rules = Path(folder), read_rules(folder)
    if (folder / SECRET / FILE).exists():
        raise RulesError(f"{folder}: the truth was made before, and teams may have its inputs. For another one make another "
                         "competition")
    if (folder / INPUTS).exists() and any((folder / INPUTS).iterdir()):
        raise RulesError(f"{folder / INPUTS} is not empty: what learners get is written there, and nothing of yours is "
                         "overwritten. Move it away; for a table, data/ beside it is given to learners as well")
    (folder / SECRET).mkdir(exist_ok=True)
    (folder / SECRET).chmod(0o700)
    draft, truth = Path(tempfile.mkdtemp(dir=folder, prefix=".inputs-")), folder / SECRET / f".{secrets.token_hex(4)}.npz"
    try:
        kept = {"streamflow": _rivers, "landcover": _lands, "table": _table}[rules.project](folder, rules, draft)
        _private(truth, b"")
        np.savez_compressed(truth, made_for=made_for(rules), **kept)
        for benchmark in rules.benchmarks:
            if benchmark.model_dump() == BENCHMARKS.get(rules.project) and not (folder / benchmark.file).exists():
                write_benchmark(rules.project, draft, folder / benchmark.file)
        draft.chmod(0o755)
        draft.rename(folder / INPUTS)  # takes the place of an empty folder
        truth.replace(folder / SECRET / FILE)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        truth.unlink(missing_ok=True)
    return rules


def _rivers(folder: Path, rules: Rules, inputs: Path) -> dict[str, np.ndarray]:
    """Basins with the discharge of the test period withheld."""
    basins = simulated_basins(rules.truth.count or 40, seed=_seed(folder, rules)) if rules.truth.seed else open_basins(
        folder / rules.truth.file)
    shown = withhold(basins).assign_attrs(source=rules.title)
    shown.attrs.pop("seed", None)
    observed = basins[TARGET].sel(time=PERIODS["test"]).transpose("basin", "time").values
    poor = [str(b) for b, o in zip(basins["basin"].values, observed) if not np.nanstd(o) > 0]
    if poor:
        raise RulesError(f"{folder}: basin {poor[0]} has no discharge to score in the withheld period "
                         f"({len(poor)} of {len(observed)} such basins); take it out of {rules.truth.file}")
    _must_have_scores(rules, folder, zip(basins["basin"].values, observed, strict=True))
    shown.to_netcdf(inputs / "basins.nc", engine="netcdf4")
    return {"values": observed, "public": _drawn(len(observed), rules.split.public)}


def _lands(folder: Path, rules: Rules, inputs: Path) -> dict[str, np.ndarray]:
    """Scenes with the labels of the test part withheld; the true land cover of simulated ones is shown to nobody."""
    scenes = simulated_scenes(rules.truth.count or 64, seed=_seed(folder, rules)) if rules.truth.seed else load_scenes(
        folder / rules.truth.file)
    scenes = scenes.drop_vars("truth", errors="ignore")
    shown = withhold_labels(scenes).assign_attrs(source=rules.title)
    shown.attrs.pop("seed", None)
    hidden = scenes.isel(scene=np.flatnonzero(scenes["split"].values == "test"))
    labels = np.where(hidden["valid"].values, hidden[LANDCOVER].values, IGNORE).astype(np.uint8)
    save_scenes(shown, inputs / "scenes.nc")
    np.save(folder / SECRET / LABELS, labels)
    (folder / SECRET / LABELS).chmod(0o600)
    return {"block": np.array(rules.split.block), "public": _fair(_shares(labels, rules.split.block), rules.split.public)}


def _table(folder: Path, rules: Rules, inputs: Path) -> dict[str, np.ndarray]:
    """Rows of a table without the column that is predicted, or of an array whose dimensions are the keys.

    Everything in `data/` beside it is given to learners.
    """
    from dla_widgets.submission_any import TableExpected, read_table

    path = folder / rules.truth.file
    if not path.is_file():
        raise RulesError(f"{path} does not exist; it has the columns {', '.join(rules.keys)} and {rules.value}, or is an array, "
                         f"*.nc, called {rules.value}, whose dimensions are {', '.join(rules.keys)}. `truth`, `keys` and `value` "
                         f"of {RULES} name them")
    try:
        rows = _rows_of_array(path) if path.suffix == ".nc" else read_table(path)
    except (OSError, ValueError) as reason:
        raise RulesError(f"{path} cannot be read as a table ({reason})") from None
    if missing := [name for name in (*rules.keys, rules.value) if name not in rows]:
        raise RulesError(f"{path} has no column {missing[0]!r}; it has {', '.join(map(str, rows))}")
    values = pd.to_numeric(rows[rules.value], errors="coerce").to_numpy(float)
    metric = METRICS[rules.metric]
    if np.isnan(values).any() or (metric.of_classes and not np.isin(values, range(len(CLASSES))).all()):
        what = f"whole numbers from 0 to {len(CLASSES) - 1}" if metric.of_classes else "numbers"
        raise RulesError(f"{path}: {rules.value} must hold {what}, in every row")
    if (folder / "data").is_dir():
        shutil.copytree(folder / "data", inputs / "data")
    TableExpected.write(inputs, rows, list(rules.keys), rules.value, whole=metric.of_classes)
    unit, names = pd.factorize(rows[rules.unit])
    public = _drawn(len(names), rules.split.public)
    parts = [("the public part", public[unit]), ("the private part", ~public[unit])] if metric.of_classes else [
        (name, unit == k) for k, name in enumerate(names)]
    _must_have_scores(rules, path, ((name, values[part]) for name, part in parts))
    return {"values": values, "unit": unit, "public": public}


def _must_have_scores(rules: Rules, source: Path, truth: Iterable[tuple[str, np.ndarray]]) -> None:
    """Refuse a truth of which even a right forecast has no score, such as values that are all the same."""
    metric = METRICS[rules.metric]
    for name, values in truth:
        try:
            with np.errstate(all="ignore"):
                if metric.of_classes:
                    score = metric.score(np.diag(np.bincount(values.astype(int), minlength=len(CLASSES)))[None])
                else:
                    score = metric.unit(values, np.where(np.isnan(values), np.nanmean(values), values))
            why = "" if isfinite(score) else "it is infinite"
        except (CourseError, ZeroDivisionError) as reason:
            why = str(reason)
        if why:
            raise RulesError(f"{source}: {name} has no {rules.metric}, whatever is predicted ({why}). Are its values all the "
                             "same? Take it out, or choose another metric")


def _rows_of_array(path: Path) -> pd.DataFrame:
    """The cells of an array of any number of dimensions, as netCDF, where there is a number."""
    with xr.open_dataarray(path, engine="netcdf4") as values:
        rows = values.load().to_series().dropna().rename(values.name or "value").reset_index()
    times = rows.columns[[pd.api.types.is_datetime64_any_dtype(kind) for kind in rows.dtypes]]
    forms = {name: "%Y-%m-%d" if (rows[name] == rows[name].dt.normalize()).all() else "%Y-%m-%dT%H:%M:%S" for name in times}
    return rows.assign(**{name: rows[name].dt.strftime(form) for name, form in forms.items()})


def _seed(folder: Path, rules: Rules) -> int:
    try:
        return int((folder / rules.truth.seed).read_text(encoding="ascii"))
    except (OSError, ValueError):
        raise RulesError(f"{folder / rules.truth.seed} should hold the secret seed, one whole number of many digits") from None


def _drawn(units: int, public: float) -> np.ndarray:
    """(unit,) which are public, by a draw that nobody can repeat."""
    if units < 4:
        raise RulesError(f"{units} units cannot be split into a public and a private part; at least 4 are needed")
    chosen = np.zeros(units, bool)
    chosen[_rng().permutation(units)[: min(max(2, round(public * units)), units - 2)]] = True
    return chosen


def _shares(labels: np.ndarray, block: int) -> np.ndarray:
    """(unit, class) pixels, the units in the order of :class:`.truth.Maps`."""
    rows, columns = (-(-side // block) for side in labels.shape[1:])
    found = np.zeros((len(labels), rows, columns, len(CLASSES)), np.int64)
    for k, scene in enumerate(labels):
        for r in range(rows):
            for c in range(columns):
                square = scene[r * block : (r + 1) * block, c * block : (c + 1) * block]
                found[k, r, c] = np.bincount(square.ravel(), minlength=IGNORE + 1)[: len(CLASSES)]
    return found.reshape(-1, len(CLASSES))


def _fair(shares: np.ndarray, public: float) -> np.ndarray:
    """Of 200 draws the one whose parts have the classes in the most similar shares: a rare class must be in both."""
    there = shares.sum(axis=0) > 0
    draws = [_drawn(len(shares), public) for _ in range(200)]

    def unlike(chosen: np.ndarray) -> float:
        parts = [shares[part].sum(axis=0)[there] / max(shares[part].sum(), 1) for part in (chosen, ~chosen)]
        return float(np.abs(np.log((parts[0] + 1e-9) / (parts[1] + 1e-9))).max())

    return min(draws, key=unlike)


def _rng() -> np.random.Generator:
    return np.random.default_rng(secrets.randbits(128))


def _private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def zip_inputs(folder: Path, out: Path) -> str:
    """Pack what learners get into `out`, the same bytes every time; returns their SHA-256."""
    draft = out.with_name(f"{out.name}.{secrets.token_hex(4)}.part")  # another program may pack them at this moment
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for path in sorted(p for p in (Path(folder) / INPUTS).rglob("*") if p.is_file()):
                name = zipfile.ZipInfo(str(Path(INPUTS, path.relative_to(Path(folder) / INPUTS))), (2020, 1, 1, 0, 0, 0))
                name.compress_type, name.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
                with path.open("rb") as source, archive.open(name, "w") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        with draft.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return digest
