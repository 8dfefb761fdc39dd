"""``dla doctor``: is this machine ready for the lessons, and if not, what to do about it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from . import kernel

DISTRIBUTION = "dla-course-kit"
LEAST_DISK_GB, LEAST_MEMORY_GB = 2, 4
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox", "brave-browser", "microsoft-edge")


@dataclass(frozen=True)
class Finding:
    """One line of the report: ``ok``, ``fix`` (with what to do) or ``note`` (works, could be better)."""

    level: str
    what: str
    do: str = ""

    def __str__(self) -> str:
        return f"[{self.level}] {self.what}" + (f"\n      {self.do}" if self.do else "")


def examine(folder: Path = Path(".")) -> Iterator[Finding]:
    """Look at Python, packages, kernel, memory, disk, browser and data, one finding each."""
    yield _python()
    yield from _packages()
    yield _tensorflow()
    yield _kernel()
    yield _memory()
    yield _disk(folder)
    yield _browser()
    yield _data()


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("ok", f"Python {found}")  # an older one cannot install the package


def _packages() -> Iterator[Finding]:
    from packaging.requirements import Requirement

    needed = [Requirement(text) for text in requires(DISTRIBUTION) or []]
    needed = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [problem for r in needed if (problem := _problem(r))]
    if wrong:
        yield Finding("fix", f"packages: {'; '.join(wrong)}", f"{sys.executable} -m pip install -r requirements.lock")
    else:
        yield Finding("ok", f"all {len(needed)} packages are there, in versions that work together")


def _problem(requirement) -> str:
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is missing"
    return (
        ""
        if requirement.specifier.contains(found, prereleases=True)
        else f"{requirement.name} {found} is not {requirement.specifier}"
    )


def _tensorflow() -> Finding:
    """In a process of its own: a broken TensorFlow may crash the interpreter that imports it."""
    test = "import tensorflow as tf; print(tf.__version__, float(tf.reduce_sum(tf.ones(3))))"
    run = subprocess.run([sys.executable, "-c", test], capture_output=True, text=True, timeout=300, check=False)
    if run.returncode == 0:
        return Finding("ok", f"TensorFlow {run.stdout.split()[0]} computes")
    last = (run.stderr.strip().splitlines() or [f"exit status {run.returncode}"])[-1]
    return Finding(
        "fix",
        f"TensorFlow does not start: {last}",
        "reinstall it: pip install --force-reinstall tensorflow (it needs a processor with AVX)",
    )


def _kernel() -> Finding:
    if kernel.is_installed():
        threads = kernel.limits()["OMP_NUM_THREADS"]
        return Finding("ok", f"the notebook kernel limits itself to {threads} of {kernel.cores()} cores")
    return Finding(
        "note",
        "the notebook kernel is the stock one, without thread limits for shared machines",
        "`dla lab` installs the kit's own",
    )


def _memory() -> Finding:
    import psutil

    free = psutil.virtual_memory().available / 1e9
    if free >= LEAST_MEMORY_GB:
        return Finding("ok", f"{free:.1f} GB of memory free")
    return Finding(
        "fix",
        f"only {free:.1f} GB of memory free; a lesson needs up to {LEAST_MEMORY_GB} GB",
        "close other notebooks (Running tab > Shut Down All) or other programs",
    )


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 1e9
    if free >= LEAST_DISK_GB:
        return Finding("ok", f"{free:.0f} GB of disk free in {folder.resolve()}")
    return Finding(
        "fix",
        f"only {free:.1f} GB of disk free in {folder.resolve()}; notebooks may fail to save",
        f"free at least {LEAST_DISK_GB} GB",
    )


def _browser() -> Finding:
    import webbrowser

    found = next((b for b in BROWSERS if shutil.which(b)), None)
    try:
        found = found or webbrowser.get().__class__.__name__
    except webbrowser.Error:
        return Finding(
            "note",
            "no browser on this machine",
            "open the address that `dla lab` prints in a browser that reaches it, "
            "for example through `ssh -L 8888:localhost:8888`",
        )
    return Finding("ok", f"a browser: {found}")


def _data() -> Finding:
    from .streamflow.camels import camels_root

    try:
        return Finding("ok", f"simulated basins, and real CAMELS-US basins in {camels_root()}")
    except ValueError:
        return Finding(
            "note",
            "simulated basins only; every lesson runs on them",
            "for real basins: `dla fetch camels`, or set DLA_DATA to a folder that has them",
        )
