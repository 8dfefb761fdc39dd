"""Right notebooks that something has damaged: each keeps its points. And what nobody can read: it waits for the advisor."""

import os
from collections.abc import Callable

from damaged import DAMAGED, DESTROYED

from .case import POINTS, Case, Place, honest

NOTEBOOK = "01_scores.ipynb"


def by(damage: Callable[[dict], bytes]):
    return lambda notebook, place: damage(notebook)


def renamed(name: str):
    def folder(where, place: Place):
        (where / NOTEBOOK).rename(where / name)

    return folder


def two_copies(where, place: Place):
    """The older of two copies is empty."""
    (where / NOTEBOOK).rename(where / "01_scores-Copy2.ipynb")
    (where / "01_scores-Copy1.ipynb").write_bytes((place.course / "release" / "streamflow" / NOTEBOOK).read_bytes())
    os.utime(where / "01_scores-Copy1.ipynb", (1e9, 1e9))


NAMES = ("01_scores (1).ipynb", "Copy of 01_scores.ipynb", "01_scores-Copy1.ipynb", "Untitled.ipynb", "ada_homework.ipynb",
         "01_SCORES.ipynb", "01_scores_final.ipynb")
CASES = {f"damaged-{name}": honest(f"is right, and damaged: {name.replace('-', ' ')}", twist=by(damage))
         for name, damage in DAMAGED.items()}
CASES |= {f"renamed-{n}": honest(f"is right, and called {name}", folder=renamed(name)) for n, name in enumerate(NAMES)}
CASES["renamed-twice"] = honest("is the newer of two copies", folder=two_copies)
CASES |= {f"destroyed-{name}": Case(f"cannot be read: {name.replace('-', ' ')}", twist=by(destroy), by_hand=True,
                                    points=dict.fromkeys(POINTS, 0.0)) for name, destroy in DESTROYED.items()}
