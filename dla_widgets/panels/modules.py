"""One file on the wire and no build step: an explorer's ES module with the modules that it imports inlined."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import CourseError

HERE = Path(__file__).parent

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w-]+\.js)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?function|const|let|class)", re.M)
_TOP = re.compile(r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.M)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|let|class) (\w+)", re.M)


class ModuleError(CourseError):
    """An explorer's module can't be put together."""


def bundle(path: Path) -> str:
    """The ES module `path`, with everything it imports from its own folder or from ``panels/`` before it.

    Raises
    ------
    ModuleError : an import of a name that isn't exported there, or the same name at the top of two modules
    """
    sources: dict[Path, str] = {}
    _visit(Path(path), sources)
    owner: dict[str, Path] = {}
    for module, source in sources.items():
        for name in _TOP.findall(source):
            if name in owner:
                raise ModuleError(f"{module.name} and {owner[name].name} both have {name!r} at the top; rename one")
            owner[name] = module
    *helpers, main = (_IMPORT.sub("", source) for source in sources.values())
    return "".join(_EXPORT.sub("", source) for source in helpers) + main


def _visit(path: Path, sources: dict[Path, str]) -> None:
    """Collect `path` after all that it imports."""
    source = path.read_text(encoding="utf-8")
    for names, file in _IMPORT.findall(source):
        found = next((place for place in (path.parent / file, HERE / file) if place.exists()), None)
        if found is None:
            raise ModuleError(f"{path.name} imports {file}, which is neither beside it nor in panels/")
        exported = set(_EXPORTED.findall(found.read_text(encoding="utf-8")))
        if missing := {name.strip() for name in names.split(",") if name.strip()} - exported:
            raise ModuleError(f"{path.name} imports {', '.join(sorted(missing))}, which {file} does not export")
        if found not in sources:
            _visit(found, sources)
    sources[path] = source
