"""What a learner wrote or showed must not run in the browser of whoever reads it.

Stands after the points are saved and before the notebook is written, so that Formgrader, JupyterLab and every page made
from the notebook get it harmless.
"""

from __future__ import annotations

import base64
import re

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from nbgrader.preprocessors import NbGraderPreprocessor

from dla_widgets.verdict import MIME

from .markup import NEEDS_MORE, as_code, clean_html, clean_markdown
from .repairs import note

_TEXT = ("text/plain", MIME)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]+")
_TAG = re.compile(r"[\w-]{1,50}")
_CELL = {"nbgrader", "dla", "deletable", "editable"}
_NOTEBOOK = {"kernelspec", "dla"}


class ActiveContent(NbGraderPreprocessor):
    """Leave of outputs and texts what can be read and nothing that runs; in metadata, what grading needs."""

    def preprocess(self, nb, resources):
        name = (nb.metadata.get("kernelspec") or {}).get("name", "python3")
        nb.metadata = NotebookNode({key: value for key, value in nb.metadata.items() if key in _NOTEBOOK})
        nb.metadata["kernelspec"] = NotebookNode(name=_word(name), display_name=_word(name))
        nb.metadata["language_info"] = NotebookNode(name="python")
        nb.cells = [self._harmless(nb, cell) for cell in nb.cells]
        return nb, resources

    def _harmless(self, nb, cell):
        tags = [tag for tag in cell.metadata.get("tags") or [] if isinstance(tag, str) and _TAG.fullmatch(tag)]
        cell.metadata = NotebookNode({key: value for key, value in cell.metadata.items() if key in _CELL})
        if tags:
            cell.metadata["tags"] = list(dict.fromkeys(tags))
        if cell.cell_type == "code":
            shown, cell.outputs = cell.outputs, [harmless_output(output) for output in cell.outputs]
            changed = any(len(old.get("data", {})) > len(new.get("data", {})) for old, new in zip(shown, cell.outputs))
        else:
            before, cell = cell.source, harmless_text(cell)
            changed = before != cell.source and cell.cell_type == "markdown"
        if changed:
            note(nb, "ActiveContent", "What would run in a browser, or be fetched by it, is shown as text or left out.",
                 (cell.metadata.get("nbgrader") or {}).get("grade_id"))
        return cell


def harmless_text(cell: NotebookNode) -> NotebookNode:
    """A Markdown cell that only says something; raw text, which a page would take as HTML, is shown as it is."""
    if cell.cell_type == "raw":
        return new_markdown_cell(as_code(cell.source), metadata=cell.metadata, id=cell.get("id", "raw"))
    pictures = {name: {kind: data for kind, data in bundle.items() if kind in (*_PICTURES, "image/svg+xml") and _is_base64(data)}
                for name, bundle in (cell.get("attachments") or {}).items()}
    cell.pop("attachments", None)
    if kept := {name: bundle for name, bundle in pictures.items() if bundle}:
        cell["attachments"] = NotebookNode(kept)
    cell.source = clean_markdown(cell.source, kept)
    return cell


def harmless_output(output: NotebookNode) -> NotebookNode:
    """`output` with the kinds of data that a page can only show."""
    if output.output_type not in ("display_data", "execute_result"):
        return output
    data = {kind: value for kind, value in output.data.items()
            if kind in _TEXT or (kind in _PICTURES and _is_base64(value))}
    if isinstance(html := _text(output.data.get("text/html")), str) and not (NEEDS_MORE.search(html) and "text/plain" in data):
        data["text/html"] = clean_html(html)
    elif isinstance(drawing := _text(output.data.get("image/svg+xml")), str):
        data["text/html"] = _as_picture(drawing)
    for kind in ("text/markdown", "text/latex"):
        if isinstance(text := _text(output.data.get(kind)), str):
            data[kind] = clean_markdown(text)
    if not data:
        data["text/plain"] = f"(left out: {', '.join(_word(kind) for kind in output.data)})"
    output.data = NotebookNode(data)
    output.metadata = NotebookNode({kind: NotebookNode(size) for kind in _PICTURES if kind in data
                                    and (size := _size(output.get("metadata", {}).get(kind)))})
    return output


def _as_picture(drawing: str) -> str:
    """A drawing as a picture: in one, a browser runs nothing and fetches nothing."""
    return f'<img alt="a drawing" src="data:image/svg+xml;base64,{base64.b64encode(drawing.encode()).decode()}">'


def _size(metadata) -> dict:
    known = metadata if isinstance(metadata, dict) else {}
    return {key: known[key] for key in ("width", "height") if isinstance(known.get(key), (int, float))}


def _text(value) -> str | None:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "".join(value)
    return value if isinstance(value, str) else None


def _is_base64(value) -> bool:
    return isinstance(value, str) and bool(_BASE64.fullmatch(value))


def _word(value) -> str:
    return re.sub(r"[^\w./+ -]", "", str(value))[:80]
