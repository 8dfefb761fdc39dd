"""Explorers in a page of their own: no kernel, no internet, nothing but the file.

An explorer's module asks little of its model: ``get``, ``set``, ``on``, ``off`` and ``save_changes``. ``static.js`` has
these few lines, so that a page needs no widget library.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .modules import HERE

if TYPE_CHECKING:
    from .explorer import Explorer

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ margin: 0 auto; max-width: 1100px; padding: 1rem; background: light-dark(#ffffff, #111111); }}
</style>
</head>
<body>
<main>
{body}
</main>
{scripts}
</body>
</html>
"""


def page(explorers: Iterable[Explorer], title: str) -> str:
    """A whole HTML page with `explorers` in their present state."""
    models = [explorer._get_embed_state() for explorer in explorers]
    body = "\n".join(slot(number) for number in range(len(models)))
    return _PAGE.format(title=html.escape(title), body=body, scripts=scripts(models))


def slot(number: int) -> str:
    """Where the explorer of that number appears in the page."""
    return f'<div class="dla-slot" data-explorer="{number}"></div>'


def scripts(models: list[dict[str, Any]]) -> str:
    """What brings the slots to life: the models' states, each module once, and the model without a kernel.

    Parameters
    ----------
    models : entries of a notebook's widget state that have an ``_esm``, in the order of their slots
    """
    modules: list[str] = []
    states = []
    for model in models:
        state = {name: value for name, value in model["state"].items() if name not in ("_esm", "_css")}
        if (module := model["state"]["_esm"]) not in modules:
            modules.append(module)
        states.append({"module": modules.index(module), "state": state, "buffers": model.get("buffers", [])})
    styles = dict.fromkeys(model["state"].get("_css", "") for model in models)
    shim = (HERE / "static.js").read_text(encoding="utf-8")
    return "\n".join([
        *(f"<style>{style}</style>" for style in styles if style),
        f'<script type="application/json" id="dla-states">{_inside_script(json.dumps(states))}</script>',
        f'<script type="application/json" id="dla-modules">{_inside_script(json.dumps(modules))}</script>',
        f'<script type="module">{shim}</script>',
    ])  # fmt: skip


def _inside_script(text: str) -> str:
    """JSON that no HTML parser takes for the end of the script."""
    return text.replace("<", "\\u003c")
