"""Which cells a notebook's questions need: a lesson trains networks and draws maps that no question asks about.

Read from the text: a question needs the cells that bind the names it uses, these need the cells that bind theirs, and so
on. A cell that changes a needed thing in place counts, and so does a magic or anything else whose effect cannot be read.
Where reading was not enough, the verdict shows it (a name is missing, a call fails), and all that is the learner's own is run
too. The author's cells that no question needs are not: the preflight has shown that the questions can do without.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nbformat import NotebookNode
from nbgrader.utils import is_grade, is_solution

#: Names whose use means that a cell may bind or change anything.
_OPAQUE = {"exec", "eval", "globals", "locals", "vars", "setattr", "get_ipython", "__import__", "compile"}


@dataclass
class _Reads:
    """What a cell binds, uses, and changes in place; `opaque` if that cannot be read."""

    binds: set[str] = field(default_factory=set)
    uses: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    imports_only: bool = False
    opaque: bool = False


def needed(nb: NotebookNode, also: Iterable[int] = ()) -> set[int]:
    """The indices of the code cells that the questions of `nb` need, and the cells `also`."""
    reads = {n: _read(cell.source) for n, cell in enumerate(nb.cells) if cell.cell_type == "code"}
    modules = set().union(*(read.imports for read in reads.values()))
    for read in reads.values():
        read.changes -= modules  # keras.utils.set_random_seed(0) changes nothing that a question could use
    tests = {n for n in reads if is_grade(nb.cells[n]) and not is_solution(nb.cells[n])}
    chosen = {n for n, read in reads.items() if read.opaque or read.imports_only or is_solution(nb.cells[n])} | tests | set(also)
    open_questions = [(name, n) for n in chosen for name in reads[n].uses]
    seen = set()
    while open_questions:
        name, before = open_questions.pop()
        if (name, before) in seen or hasattr(builtins, name):
            continue
        seen.add((name, before))
        for n in _sources(reads, name, before):
            if n not in chosen:
                chosen.add(n)
                open_questions += [(used, n) for used in reads[n].uses]
    return chosen


def learners_own(nb: NotebookNode, release: NotebookNode) -> set[int]:
    """The indices of the code cells that are not as they were handed out."""
    handed_out = {cell.source.strip() for cell in release.cells if cell.cell_type == "code"}
    return {n for n, cell in enumerate(nb.cells) if cell.cell_type == "code" and cell.source.strip() not in handed_out}


def _sources(reads: dict[int, _Reads], name: str, before: int) -> list[int]:
    """The cell that binds `name` last before the cell `before`, and those that change it since; functions look later, too."""
    earlier = [n for n in reads if n < before and name in reads[n].binds]
    later = [n for n in reads if n > before and name in reads[n].binds][:1] if not earlier else []
    found = earlier[-1:] + later
    return found + [n for n in reads if name in reads[n].changes and (not found or n > found[0])]


def _read(source: str) -> _Reads:
    read = _Reads()
    try:
        tree, table = ast.parse(source), symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        read.opaque = True  # a magic, or a cell that fails: both are run to see
        return read
    read.imports_only = bool(tree.body) and all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in tree.body)
    _read_names(table, read, top=True)
    for node in _outside_functions(tree):
        if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
            read.changes |= _root(node)
        elif isinstance(node, ast.AugAssign):
            read.changes |= _root(node.target)
            read.uses |= _root(node.target)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            read.changes |= _root(node.value.func)  # called for its effect: results.append(...)
        elif isinstance(node, ast.ImportFrom):
            read.opaque |= any(alias.name == "*" for alias in node.names)
    read.opaque |= bool(read.uses & _OPAQUE)
    return read


def _read_names(table: symtable.SymbolTable, read: _Reads, top: bool = False) -> None:
    """The names of the whole notebook, not those of a function's own."""
    for symbol in table.get_symbols():
        if top or symbol.is_global():
            if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace():
                read.binds.add(symbol.get_name())
            if symbol.is_imported():
                read.imports.add(symbol.get_name())
            if symbol.is_referenced():
                read.uses.add(symbol.get_name())
    for inner in table.get_children():
        _read_names(inner, read)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield child
            yield from _outside_functions(child)


def _root(node: ast.AST) -> set[str]:
    """The name at the beginning of ``a.b[c].d``."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
