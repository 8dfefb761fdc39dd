"""A learner's folder of lessons: new ones arrive, edited ones are never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: What was last delivered, so that a learner's own edit can be told from an old version: {"path": sha256}
LEDGER = Path(".dla") / "delivered.json"


@dataclass(frozen=True)
class Delivery:
    """What happened to one file: ``new``, ``same``, ``updated``, ``kept`` (edited) or ``beside`` (edited, update put beside)."""

    path: Path
    what: str
    beside: Path | None = None


def deliver(lessons: Path, workspace: Path) -> list[Delivery]:
    """Bring every lesson below `lessons` into `workspace`, leaving edited notebooks alone.

    A lesson that the learner has touched stays as it is; if the lesson itself has changed since it was delivered, the new
    version is put beside it under a name of its own.
    """
    ledger = _read_ledger(workspace)
    deliveries = []
    for source in sorted(_lesson_files(lessons)):
        relative = source.relative_to(lessons)
        deliveries.append(_deliver_one(source, workspace / relative, relative, ledger.get(relative.as_posix())))
        ledger[relative.as_posix()] = _digest(source)
        _write_ledger(workspace, ledger)
    return deliveries


def _deliver_one(source: Path, target: Path, relative: Path, delivered: str | None) -> Delivery:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        _copy(source, target)
        return Delivery(relative, "new")
    here, there = _digest(target), _digest(source)
    if here == there:
        return Delivery(relative, "same")
    if here == delivered:
        _copy(source, target)
        return Delivery(relative, "updated")
    if there == delivered:
        return Delivery(relative, "kept")
    beside = target.with_name(f"{target.stem}.update-{there[:8]}{target.suffix}")
    if not beside.exists():
        _copy(source, beside)
    return Delivery(relative, "beside", beside)


def _lesson_files(lessons: Path) -> Iterable[Path]:
    return (
        p
        for p in lessons.rglob("*")
        if p.is_file() and not any(part.startswith(".") for part in p.relative_to(lessons).parts)
    )


def _copy(source: Path, target: Path) -> None:
    draft = target.with_name(target.name + ".part")
    shutil.copyfile(source, draft)
    os.replace(draft, target)


def _digest(path: Path) -> str:
    """What a learner wrote: of a notebook its cells alone, since JupyterLab changes the rest by opening and running it."""
    content = path.read_bytes()
    if path.suffix == ".ipynb":
        try:
            cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(content)["cells"]]
            content = json.dumps(cells).encode()
        except (ValueError, KeyError, TypeError):  # damaged: any difference counts
            pass
    return hashlib.sha256(content).hexdigest()


def _read_ledger(workspace: Path) -> dict[str, str]:
    try:
        return json.loads((workspace / LEDGER).read_text())
    except FileNotFoundError:
        return {}
    except ValueError:  # cut off by a crash: every file then counts as edited, so nothing is lost
        return {}


def _write_ledger(workspace: Path, ledger: dict[str, str]) -> None:
    path = workspace / LEDGER
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(ledger, indent=1, sort_keys=True))
    os.replace(draft, path)
