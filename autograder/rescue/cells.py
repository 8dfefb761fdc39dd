"""Cells as nbformat wants them: known kinds, text for a source, an id of their own, metadata of the right types."""

from __future__ import annotations

import hashlib
import re

from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MAKE = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
#: metadata for which nbformat has a type; anything else may stay as it is
_CELL = {"name": str, "format": str, "collapsed": bool, "deletable": bool, "editable": bool, "jupyter": dict,
         "tags": "tags", "execution": "words", "scrolled": "scrolled", "dla": "never"}  # ours, and only after judging
_NOTEBOOK = {"title": str, "authors": list, "orig_nbformat": int, "kernelspec": "kernelspec", "language_info": "named",
             "dla": "ours"}


def sound_notebook(data: dict, repairs: list[tuple[str, str]]) -> NotebookNode:
    """A notebook that nbformat accepts, of everything in `data` that makes sense, without outputs."""
    cells, seen = [], set()
    for n, cell in enumerate(data["cells"]):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type", ""), str):
            repairs.append(("Cells", f"Cell {n + 1} of the file is no cell; it was left out."))
            continue
        cells.append(_cell(cell, _id(cell, n, seen, repairs), n, repairs))
    metadata = _mapping(data.get("metadata"))
    kept = _typed(metadata, _NOTEBOOK)
    kept.pop("widgets", None)  # the state of widgets belongs to outputs
    return new_notebook(cells=cells, metadata=from_dict(kept))


def _cell(cell: dict, id_: str, n: int, repairs) -> NotebookNode:
    kind = cell.get("cell_type")
    if kind == "heading":  # of version 3
        kind = "markdown"
    if kind not in _MAKE:
        repairs.append(("Cells", f"Cell {n + 1} was of a kind that notebooks do not have; it is raw text."))
        kind = "raw"
    metadata = _mapping(cell.get("metadata"))
    kept = _typed(metadata, _CELL)
    if dropped := sorted(str(key)[:40] for key in metadata if key not in kept):
        repairs.append(("Metadata", f"Metadata that notebooks do not have were left out: {', '.join(dropped)}."))
    made = _MAKE[kind](_text(cell.get("source", cell.get("input")), n, repairs), metadata=from_dict(kept), id=id_)
    if kind != "code" and (attachments := _attachments(cell.get("attachments"))):
        made["attachments"] = from_dict(attachments)
    return made


def _id(cell: dict, n: int, seen: set, repairs) -> str:
    """The cell's id, or one that every reading of this file gives again."""
    id_ = cell.get("id")
    if not isinstance(id_, str) or not _ID.fullmatch(id_) or id_ in seen:
        if id_ is not None:
            repairs.append(("CellIds", f"Cell {n + 1} had an id that is taken or cannot be one; it has a new one."))
        id_ = hashlib.sha256(f"{n} {_flat(cell.get('source'))}".encode(errors="replace")).hexdigest()[:16]
    seen.add(id_)
    return id_


def _text(source, n: int, repairs) -> str:
    text = _flat(source)
    if "\r" in text:
        repairs.append(("LineEnds", "Line ends were those of Windows."))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode(errors="replace").decode()  # half a surrogate pair cannot be written


def _flat(source) -> str:
    if isinstance(source, list):
        return "".join(part for part in source if isinstance(part, str))
    return source if isinstance(source, str) else ""


def _mapping(value) -> dict:
    return value if isinstance(value, dict) else {}


def _typed(metadata: dict, types: dict) -> dict:
    """What in `metadata` is of the type that nbformat wants."""
    return {key: value for key, value in metadata.items() if isinstance(key, str) and _fits(value, types.get(key))}


def _fits(value, wanted) -> bool:
    if wanted == "tags":
        return isinstance(value, list) and all(isinstance(tag, str) for tag in value) and len(set(value)) == len(value)
    if wanted == "words":
        return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())
    if wanted == "scrolled":
        return value in (True, False, "auto")
    if wanted == "kernelspec":
        return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("name", "display_name"))
    if wanted == "ours":
        repairs = value.get("repairs", []) if isinstance(value, dict) else None
        return isinstance(repairs, list) and all(isinstance(repair, dict) for repair in repairs)
    if wanted == "named":
        return isinstance(value, dict) and isinstance(value.get("name"), str)
    return wanted is None or (wanted != "never" and isinstance(value, wanted))


def _attachments(value) -> dict:
    """Name -> kind -> text, where that is what it is."""
    found = {}
    for name, bundle in _mapping(value).items():
        parts = {kind: _flat(data) for kind, data in _mapping(bundle).items() if isinstance(kind, str)}
        if isinstance(name, str) and parts:
            found[name] = parts
    return found
