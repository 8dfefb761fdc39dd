"""The file of a notebook, read whatever an editor, a mail program or a disk has made of it.

`c.Autograde.exporter_class` puts :class:`MendingExporter` in the place where nbgrader reads, so that every way of grading
profits. What was handed in is never changed.
"""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime

import nbformat
from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode

from .advisor import for_the_advisor
from .cells import sound_notebook
from .repairs import note

MOST_BYTES = 400_000_000
_AROUND = 4


class Unreadable(ValueError):
    """A file that is no notebook; `excerpt` is its text around the fault."""

    def __init__(self, problem: str, excerpt: str = ""):
        super().__init__(problem)
        self.excerpt = excerpt


class MendingExporter(NotebookExporter):
    """Reads a notebook as :func:`read_notebook` does."""

    def from_filename(self, filename, resources=None, **kw):
        resources = self._init_resources(resources)
        folder, name = os.path.split(filename)
        changed = datetime.fromtimestamp(os.lstat(filename).st_mtime, UTC)
        resources["metadata"] |= {"name": os.path.splitext(name)[0], "path": folder, "modified_date": f"{changed:%B %d, %Y}"}
        return self.from_notebook_node(read_notebook(filename), resources, **kw)


def read_notebook(path: str | os.PathLike) -> NotebookNode:
    """The notebook at `path`, mended; a page for the advisor if it cannot be read. Outputs that were handed in are left out."""
    name = os.path.basename(path)
    try:
        return _read(path)
    except Unreadable as error:
        return for_the_advisor(name, str(error), error.excerpt)
    except RecursionError:
        return for_the_advisor(name, "It is nested deeper than any notebook.")


def _read(path) -> NotebookNode:
    repairs: list[tuple[str, str]] = []
    data = _parsed(_decoded(_bytes(path), repairs), repairs)
    nb = sound_notebook(_as_version_4(data, repairs), repairs)
    for step, text in repairs:
        note(nb, step, text)
    return nb


def _bytes(path) -> bytes:
    """What is in a plain file; a link or a pipe is not followed."""
    kind = os.lstat(path)
    if not stat.S_ISREG(kind.st_mode):
        raise Unreadable("Handed in was no file but a link, a folder or a pipe.")
    if kind.st_size > MOST_BYTES:
        raise Unreadable(f"It has {kind.st_size / 1e6:,.0f} MB; at most {MOST_BYTES / 1e6:,.0f} MB are read.")
    with open(path, "rb") as file:
        return file.read()


def _decoded(data: bytes, repairs) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
        encoding = "not UTF-8; it was read as Windows-1252"
    if encoding != "utf-8-sig":
        repairs.append(("Encoding", f"The file was {encoding}."))
    if "\0" in text:
        repairs.append(("Encoding", "There were NUL bytes in the file; they were left out."))
        text = text.replace("\0", "")
    return text


def _parsed(text: str, repairs) -> dict:
    if not text.strip():
        raise Unreadable("The file is empty.")
    odd: list[str] = []
    try:
        data = json.loads(text, strict=False, parse_constant=odd.append)
    except json.JSONDecodeError as error:
        raise Unreadable(f"Line {error.lineno}, column {error.colno}: {error.msg}. Was it cut off, edited as text, or merged?",
                         _around(text, error.lineno)) from None
    if odd:
        repairs.append(("Json", "There was a NaN or Infinity in the file, which JSON does not have; it was left out."))
    if not isinstance(data, dict):
        raise Unreadable("It is JSON, but no notebook.", text[:500])
    return data


def _around(text: str, line: int) -> str:
    """The lines before and after `line`, numbered."""
    lines = text.split("\n")
    first = max(0, line - 1 - _AROUND)
    return "\n".join(f"{first + n + 1:6} {'>' if first + n + 1 == line else ' '} {one[:160]}"
                     for n, one in enumerate(lines[first:line + _AROUND]))


def _as_version_4(data: dict, repairs) -> dict:
    if isinstance(data.get("cells"), list):
        if data.get("nbformat") != 4:
            repairs.append(("Format", f"The file says that it is of version {str(data.get('nbformat'))[:20]}; it was read as 4."))
        return data
    if not isinstance(data.get("worksheets"), list):
        raise Unreadable("It is JSON, but has no cells: is it a notebook?", json.dumps(data)[:500])
    try:
        upgraded = nbformat.convert(nbformat.from_dict(data | {"nbformat": 3}), 4)
    except Exception as error:
        raise Unreadable(f"It is a notebook of an old version that cannot be converted ({type(error).__name__}).") from None
    repairs.append(("Format", "The notebook was of version 3; it was converted."))
    return upgraded
