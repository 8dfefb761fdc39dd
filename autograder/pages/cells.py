"""Cells and their outputs as HTML. An explorer becomes a slot for its module, everything else what it looks like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Any

import nbformat
from nbconvert.filters.ansi import strip_ansi
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from dla_widgets.panels.static import slot

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"

#: role -> what stands above the cell
LABELS = {"solution": "Exercise", "tests": "Check", "answer": "Question", "advisor": "For advisors"}


def code(source: str) -> str:
    """Python with its colours."""
    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="code"))


class Outputs:
    """Writes the outputs of one notebook, and keeps the explorers that its page needs.

    Parameters
    ----------
    notebook : executed, with the state of its widgets in its metadata
    """

    def __init__(self, notebook: nbformat.NotebookNode):
        self.widgets: dict[str, Any] = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {})
        self.explorers: list[dict[str, Any]] = []

    def all(self, outputs: Iterable[nbformat.NotebookNode]) -> str:
        """The outputs of a cell; what it printed in between in one piece."""
        parts = []
        for stream, group in groupby(outputs, lambda output: output.get("name", "")):
            several = list(group)
            if stream:
                several = [several[0] | {"text": "".join(output.text for output in several)}]
            parts += [self.html(nbformat.from_dict(output)) for output in several]
        return "".join(parts)

    def html(self, output: nbformat.NotebookNode) -> str:
        """One output; what only a terminal should see (stderr, progress) is left out."""
        if output.output_type == "stream":
            return _text(output.text) if output.name == "stdout" else ""
        if output.output_type == "error":
            return _text(f"{output.ename}: {output.evalue}")
        return self._rich(output.data, output.metadata)

    def _rich(self, data: dict[str, Any], metadata: dict[str, Any]) -> str:
        model = self.widgets.get(data.get(VIEW, {}).get("model_id", ""), {})
        if "_esm" in model.get("state", {}) and "_frame" in model["state"]:
            self.explorers.append(model)
            return slot(len(self.explorers) - 1)
        if "text/html" in data and VIEW not in data:
            return f'<div class="output rich">{data["text/html"]}</div>'
        for kind in ("image/png", "image/jpeg"):
            if kind in data:
                words = metadata.get(kind, {}).get("alt") or data.get("text/plain", "")
                image = f'<img src="data:{kind};base64,{"".join(data[kind].split())}" alt="{escape(words)}">'
                return f'<div class="output rich">{image}</div>'
        return _text(data.get("text/plain", ""))


def _text(text: str) -> str:
    """Plain text as a terminal shows it: a carriage return starts the line again."""
    lines = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in strip_ansi(text).split("\n")]
    shown = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    return f'<pre class="output">{escape(shown)}</pre>' if shown else ""
