"""Where warm processes come from: one at a time in each process that grades, made anew when it is gone or lacks a package."""

from __future__ import annotations

import ast
import atexit
import os
from collections.abc import Iterable

from ..sandbox.limits import Limits
from ..sandbox.session import Warm
from ..sandbox.walls import Wall, choose


class Warmth:
    """Keeps a warm process.

    Parameters
    ----------
    wall : behind which it lives; the first of the ladder that holds here if None
    modules : to load beforehand, besides those that a notebook's author imports
    """

    _shared: Warmth | None = None

    def __init__(self, wall: Wall | None = None, limits: Limits | None = None, modules: Iterable[str] = ()):
        self.wall, self.limits = wall or choose(), limits or Limits()
        self._wanted = dict.fromkeys(modules)
        self._warm: Warm | None = None
        self._owner = os.getpid()
        atexit.register(self.close)

    @classmethod
    def shared(cls, **how) -> Warmth:
        """The one of this process; `how` it is made counts for the first time."""
        if cls._shared is None or cls._shared._owner != os.getpid():
            cls._shared = cls(**how)
        return cls._shared

    def get(self, imports: Iterable[str] = ()) -> Warm:
        """A warm process that has loaded what these import statements name."""
        new = [module for module in _modules(imports) if module not in self._wanted]
        self._wanted |= dict.fromkeys(new)
        if self._warm is not None and (new or self._warm.process.poll() is not None):
            self.close()
        if self._warm is None:
            self._warm = Warm(self.wall, list(self._wanted), self.limits)
        return self._warm

    def close(self) -> None:
        """End the warm process."""
        if self._warm is not None and self._owner == os.getpid():
            self._warm.close()
        self._warm = None


def _modules(imports: Iterable[str]) -> list[str]:
    """The modules that import statements load; of the kit's lazy names, the module behind each."""
    from dla_widgets import _HOME

    found = []
    for statement in imports:
        for node in ast.parse(statement).body:
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.append(node.module)
                if node.module == "dla_widgets":
                    found += [f"dla_widgets.{_HOME[alias.name]}" for alias in node.names if alias.name in _HOME]
    return list(dict.fromkeys(found))
