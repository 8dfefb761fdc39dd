"""A competition's inputs on a learner's machine: fetched once, checked, and unpacked without trusting the archive."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from .. import download

TOP = "inputs"  #: the only folder in the archive
SAYS = ".inputs.json"  #: what was unpacked, beside it: its SHA-256, and the size of each file

#: Bytes and files of inputs at most.
BYTES, FILES = 100_000_000_000, 50_000


class UnpackingError(ValueError):
    """The inputs cannot be fetched or unpacked; the message says why, and what to do."""


def fetched(folder: Path, sha256: str, asked: Callable[..., Any], progress: bool = True, what: str = "") -> Path:
    """`folder`, with the inputs whose archive has that SHA-256: as they are there, else downloaded and unpacked.

    Parameters
    ----------
    asked : as for :func:`..download.fetch`
    what : name of the competition

    Raises
    ------
    UnpackingError : they cannot be, or the folder holds something else
    """
    there = _known(folder)
    if there == sha256:
        return folder
    if there is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UnpackingError(f"{folder} is there already, and does not hold the inputs of a competition as they were fetched. "
                             "Move it away, or name another folder")  # fmt: skip
    archive = folder.with_name(f"{folder.name}.zip")
    try:
        download.fetch(f"inputs of {what}", archive, f"sha256:{sha256}", progress, asked)
        _unpack(archive, folder, sha256)
        archive.unlink()
    except download.Damaged:
        raise UnpackingError("the inputs arrived damaged twice. Try again later; if it stays so, tell your advisor") from None
    except download.FetchError as fault:
        raise UnpackingError(str(fault).replace("The same command", "Once more")) from None
    except OSError as fault:
        raise UnpackingError(f"the inputs cannot be written into {folder.parent}: {fault.strerror or fault}. Make room, or name "
                             "another folder") from None  # fmt: skip
    return folder


def _known(folder: Path) -> str | None:
    """SHA-256 of the archive that `folder` was unpacked from, "" if something of it is gone; None if it was not."""
    try:
        says = json.loads((folder / SAYS).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in says["files"].items())
        return str(says["sha256"]) if whole else ""
    except FileNotFoundError:
        return "" if (folder / SAYS).exists() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _unpack(archive: Path, folder: Path, sha256: str) -> None:
    """All of the archive as `folder`, in one step; what was there stays beside it."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        top = draft / TOP
        top.mkdir()
        with zipfile.ZipFile(archive) as packed:
            files = _checked(packed.infolist())
            size = sum(entry.file_size for entry in files.values())
            if (free := shutil.disk_usage(draft).free) < size:
                raise UnpackingError(f"the inputs take {download.sized(size)}, and {folder.parent} has {download.sized(free)} "
                                     "free. Make room, or name another folder")  # fmt: skip
            for name, entry in files.items():
                path = top.joinpath(*name.parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        sizes = {str(name): entry.file_size for name, entry in files.items()}
        (top / SAYS).write_text(json.dumps({"sha256": sha256, "files": sizes}), encoding="utf-8")
        _make_way(folder)
        os.replace(top, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as fault:
        raise UnpackingError(f"the inputs cannot be unpacked ({fault}). Tell your advisor") from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _checked(entries: list[zipfile.ZipInfo]) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """name below the top -> entry, if all are plain files that stay below it."""
    files: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for entry in entries:
        if entry.is_dir():
            continue
        path, kind = PurePosixPath(entry.filename), stat.S_IFMT(entry.external_attr >> 16)
        strange = path.is_absolute() or ".." in path.parts or path.parts[0] != TOP or len(path.parts) < 2
        if strange or set(entry.filename) & set("\\:\0") or kind not in (0, stat.S_IFREG):
            raise UnpackingError(f"the inputs hold {entry.filename[:80]!r}, which is no plain file below {TOP}/. Nothing was "
                                 "unpacked; tell your advisor")  # fmt: skip
        name = path.relative_to(TOP)
        if name in files or str(name) == SAYS:
            raise UnpackingError(f"the inputs hold {entry.filename[:80]!r} twice. Nothing was unpacked; tell your advisor")
        files[name] = entry
    size = sum(entry.file_size for entry in files.values())
    if len(files) > FILES or size > BYTES:
        raise UnpackingError(f"the inputs would take {len(files)} files and {download.sized(size)}. Nothing was unpacked; tell "
                             "your advisor")  # fmt: skip
    return files


def _make_way(folder: Path) -> None:
    """An empty folder goes, older inputs get another name."""
    if not folder.exists():
        return
    if not any(folder.iterdir()):
        folder.rmdir()
        return
    old = (folder.with_name(f"{folder.name}-before-{k}") for k in range(1, 10_000))
    folder.rename(next(name for name in old if not name.exists()))
