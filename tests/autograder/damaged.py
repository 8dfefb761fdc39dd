"""Right notebooks as editors, mail programs, platforms and learners damage them: each must keep its score.

``DAMAGED[name](notebook)`` gives the bytes to hand in, of a notebook as parsed JSON. What is in ``DESTROYED`` can't be read.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import nbformat


def _changed(change: Callable[[dict], None]) -> Callable[[dict], bytes]:
    """A damage that changes the parsed notebook."""

    def damage(notebook: dict) -> bytes:
        notebook = copy.deepcopy(notebook)
        change(notebook)
        return json.dumps(notebook).encode()

    return damage


def _marked(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["metadata"].get("nbgrader")]


def _solutions(notebook: dict) -> list[dict]:
    return [cell for cell in _marked(notebook) if cell["metadata"]["nbgrader"]["solution"] and cell["cell_type"] == "code"]


def _tests(notebook: dict) -> list[dict]:
    return [cell for cell in _marked(notebook) if cell["metadata"]["nbgrader"]["locked"]]


def no_marks(notebook):
    for cell in notebook["cells"]:
        cell["metadata"].pop("nbgrader", None)


def null_marks(notebook):
    for cell in notebook["cells"]:
        cell["metadata"]["nbgrader"] = None if cell["metadata"].get("nbgrader") else {}


def other_names(notebook):
    for cell in _marked(notebook):
        cell["metadata"]["nbgrader"]["grade_id"] += "-2"


def other_ids(notebook):
    for n, cell in enumerate(notebook["cells"]):
        cell["id"] = "the same" if n % 2 else "same"


def copied_cells(notebook):
    notebook["cells"] += copy.deepcopy(_marked(notebook))


def no_tests(notebook):
    notebook["cells"] = [cell for cell in notebook["cells"] if cell not in _tests(notebook)]


def tests_typed_over(notebook):
    for cell in _tests(notebook):
        cell["source"] = "# I have run this one\n"


def raw_cells(notebook):
    for cell in _solutions(notebook):
        cell["cell_type"] = "raw"
        cell.pop("outputs"), cell.pop("execution_count")


def split_solution(notebook):
    """A helper in the first half, the answer in the second, which is a new cell."""
    cell = _solutions(notebook)[0]
    half = cell | {"id": "second-half", "metadata": {}}
    cell["source"] = "LIMIT = 10\n"
    notebook["cells"].insert(notebook["cells"].index(cell) + 1, half)


def no_kernel(notebook):
    notebook["metadata"].pop("kernelspec", None)
    notebook["metadata"].pop("language_info", None)


def other_kernel(notebook):
    notebook["metadata"]["kernelspec"] = {"name": "conda-env-r-ir", "display_name": "R", "language": "R"}
    notebook["metadata"]["language_info"] = {"name": "R"}


def odd_kernel(notebook):
    notebook["metadata"]["kernelspec"] = {"name": 3}
    notebook["metadata"]["language_info"] = "python"


def without_ids(notebook):
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        cell.pop("id", None)


def later_version(notebook):
    notebook["nbformat"], notebook["nbformat_minor"] = 5, 99


def colab(notebook):
    without_ids(notebook)
    notebook["metadata"] |= {"colab": {"provenance": [], "toc_visible": True}, "accelerator": "GPU"}
    for n, cell in enumerate(notebook["cells"]):
        cell["metadata"] |= {"id": f"aB{n}", "colab": {"base_uri": "https://localhost/"}, "outputId": "x"}


def vs_code(notebook):
    notebook["metadata"]["orig_nbformat"] = 4
    for cell in notebook["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}
        cell["source"] = cell["source"].splitlines(True)


def odd_metadata(notebook):
    notebook["metadata"] |= {"authors": "me", "title": 5, "orig_nbformat": "4"}
    for cell in notebook["cells"]:
        cell["metadata"] |= {"tags": ["a", "a", 3], "name": None, "collapsed": "no", "execution": {"timeout": -1}, "format": 1,
                             "scrolled": "perhaps", "deletable": "true"}


def odd_cells(notebook):
    for cell in _marked(notebook):
        cell["comments"] = ["not of this format"]
    notebook["cells"][1:1] = [None, "text", {"cell_type": "heading", "level": 1, "source": "Title"}, {"cell_type": "widget"},
                              {"cell_type": "code"}, {"cell_type": "markdown", "source": None, "metadata": None}]


def much_output(notebook):
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 100_000_000}
    _solutions(notebook)[0]["outputs"] = [output]


def damaged_output(notebook):
    for cell in _solutions(notebook):
        cell["outputs"] = [{"output_type": "no such kind"}, None, {"output_type": "stream"}]
        cell["execution_count"] = "third"


def _text(notebook: dict, **how) -> str:
    return json.dumps(notebook, indent=1, **how)


def _version_3(notebook: dict) -> bytes:
    return nbformat.writes(nbformat.convert(nbformat.from_dict(copy.deepcopy(notebook)), 3), version=3).encode()


def _with_umlauts(notebook: dict) -> str:
    notebook = copy.deepcopy(notebook)
    for cell in _solutions(notebook):
        cell["source"] = "# für die Überläufe\n" + cell["source"]
    return _text(notebook, ensure_ascii=False)


def _windows(notebook: dict) -> bytes:
    notebook = copy.deepcopy(notebook)
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", "\r\n")
    return _text(notebook).replace("\n", "\r\n").encode()


DAMAGED: dict[str, Callable[[dict], bytes]] = {
    "byte-order-mark": lambda nb: b"\xef\xbb\xbf" + _text(nb).encode(),
    "utf-16": lambda nb: _text(nb).encode("utf-16"),
    "windows-1252": lambda nb: _with_umlauts(nb).encode("cp1252"),
    "windows-line-ends": _windows,
    "nul-bytes": lambda nb: _text(nb).replace("\n", "\0\n").encode(),
    "nan": lambda nb: _text(nb | {"metadata": nb["metadata"] | {"loss": float("nan"), "best": float("inf")}}).encode(),
    "version-3": _version_3,
    "half-a-character": lambda nb: _text(nb).replace('"source": "', '"source": "# \\ud83d\\n', 1).encode(),
} | {change.__name__.replace("_", "-"): _changed(change) for change in (
    no_marks, null_marks, other_names, other_ids, copied_cells, no_tests, tests_typed_over, raw_cells, split_solution, no_kernel,
    other_kernel, odd_kernel, without_ids, later_version, colab, vs_code, odd_metadata, odd_cells, much_output, damaged_output)}

DESTROYED: dict[str, Callable[[dict], bytes]] = {
    "cut-off": lambda nb: _text(nb).encode()[:1500],
    "empty": lambda nb: b"",
    "merge-conflict": lambda nb: _text(nb).replace('"cells": [', '<<<<<<< HEAD\n "cells": [', 1).encode(),
    "a-web-page": lambda nb: b"<!DOCTYPE html><html><body>Please log in</body></html>",
    "no-notebook": lambda nb: b'{"type": "FeatureCollection", "features": []}',
    "a-list": lambda nb: b"[1, 2, 3]",
    "deep": lambda nb: b'{"cells": ' + b"[" * 100_000,
    "a-picture": lambda nb: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20,
}
