"""The named mistakes of an exercise as text that a learner might have written: the function, and all that it calls."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from functools import cache
from types import ModuleType

from dla_widgets.exercise import Exercise, exercises


def written_out(exercise: str, mistake: str) -> str:
    """The mistake `mistake` of the exercise `exercise`, as a cell that defines the exercise's function.

    Raises
    ------
    KeyError : there is no such exercise or mistake
    """
    known = exercises()[exercise]
    function = next((one.function for one in known.mistakes if one.name == mistake), None)
    if function is None:
        raise KeyError(f"{exercise} has no mistake {mistake!r}; it has {', '.join(one.name for one in known.mistakes)}")
    writer = _Writer()
    name = writer.definition(inspect.getmodule(function), function.__name__)
    return "\n\n".join([*writer.imports, *writer.parts, f"{exercise} = {name}"]) + "\n"


class _Writer:
    """Collects definitions, each after those that it needs; names of other modules of exercises are brought in whole."""

    def __init__(self):
        self.imports: dict[str, None] = {}
        self.parts: list[str] = []
        self.done: set[tuple[str, str]] = set()

    def definition(self, module: ModuleType, name: str) -> str:
        """Write what `name` means in `module`, and all that this needs."""
        if (module.__name__, name) in self.done:
            return name
        self.done.add((module.__name__, name))
        node = _tree(module).get(name)
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(module, node, name)
        elif node is not None and not isinstance(getattr(module, name, None), Exercise):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                node.decorator_list = [d for d in node.decorator_list if "mistake" not in ast.unparse(d)]
            for used in sorted({one.id for one in ast.walk(node) if isinstance(one, ast.Name)} - {name}):
                self.definition(module, used)
            self.parts.append(ast.unparse(node))
        return name

    def _import(self, module: ModuleType, node: ast.Import | ast.ImportFrom, name: str) -> None:
        alias = next(a for a in node.names if (a.asname or a.name.split(".")[0]) == name)
        if isinstance(node, ast.Import):
            self.imports[f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")] = None
            return
        source = importlib.util.resolve_name("." * node.level + (node.module or ""), module.__package__)
        if ".exercises" in source:  # not there where submissions run
            self.definition(importlib.import_module(source), alias.name)
        else:
            self.imports[f"from {source} import {alias.name}" + (f" as {alias.asname}" if alias.asname else "")] = None


@cache
def _tree(module: ModuleType) -> dict[str, ast.stmt]:
    """What is defined at the top of `module`, by name."""
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(a.asname or a.name.split(".")[0]): node for a in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {one.id: node for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
    return found
