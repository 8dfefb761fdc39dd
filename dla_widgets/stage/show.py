"""A show: explorers in presenter mode, one at a time, and an order in which keys step through their presets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t
from ipywidgets import widget_serialization

from ..demos import explorer_class
from ..panels.explorer import Explorer, bundle
from .order import Step, running_order
from .order import title as title_of

HERE = Path(__file__).parent


class Show(anywidget.AnyWidget):
    """The page of a demo. It steps by itself, without asking the kernel.

    Parameters
    ----------
    steps : what to show, in this order
    title : what the demo is called
    """

    _esm = bundle(HERE / "show.js")
    _css = (HERE / "show.css").read_text(encoding="utf-8")

    title = t.Unicode().tag(sync=True)
    explorers = t.List(t.Instance(Explorer)).tag(sync=True, **widget_serialization)
    steps = t.List(t.Dict()).tag(sync=True)
    step = t.Int(0, help="which of the steps is on the screen").tag(sync=True)

    def __init__(self, steps: Sequence[Step], title: str = ""):
        names = list(dict.fromkeys(step.explorer for step in steps))
        made = {name: explorer_class(name)(presenter=True) for name in names}
        scenes = [_scene(made[step.explorer], step.preset) | {"explorer": names.index(step.explorer)} for step in steps]
        super().__init__(title=title, explorers=list(made.values()), steps=scenes)


def staged(name: str) -> Show:
    """The show of that name, as ``dla demo`` has it on its page."""
    return Show(running_order(name), title_of(name))


def _scene(explorer: Explorer, preset: str) -> dict[str, Any]:
    """The whole state of a step, so that it looks the same from wherever a hand has moved the explorer to."""
    explorer.show(preset)
    number = next((k for k, known in enumerate(explorer.presets) if known.name == preset), -1)
    return {
        "title": explorer.title,
        "name": preset,
        "preset": number,
        "state": {name: getattr(explorer, name) for name in explorer._states()},
        "expect": explorer.presets[number].expect if preset else "",
    }
