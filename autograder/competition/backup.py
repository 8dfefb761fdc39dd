"""Everything of the competitions in one file, made while the service runs, and brought back with every byte checked.

The archive is a zip: ``manifest.json`` with the SHA-256 of each file, a copy of the database, and a folder for each
competition. It holds truths, keys and addresses of channels: whoever has it can do what the service can.

The database is copied first, in one consistent state, and then the files. An entry's file is on the disk before the database
knows of it and never changes, so that the files of all entries in the copy are there to be packed. Uploads on their way are
left out; their senders are asked to send them again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from . import database_copy as database
from .database_copy import COPIES, BackupError
from .rules import Rules, RulesError, read_rules

#: Of the archive; another one is not read.
FORMAT = 1

MANIFEST, COMPETITIONS = "manifest.json", "competitions"

#: Folders and files of a competition that are not packed as they lie there: entries go by the database, the rest is made anew.
LEFT_OUT = ("entries", "uploads", "secret/inputs.zip")

_CHUNK, _MOST_OF_MANIFEST, _PLAIN = 1 << 20, 256 << 20, stat.S_IFREG >> 12


def backup(folders: list[Path], database_url: str, out: Path) -> str:
    """Write the competitions in `folders` and the database at `database_url` into the new file `out`, readable by you alone.

    If `out` is a folder, the file gets the time as its name.

    Returns
    -------
    what was packed, in words; and what should have been and is not there

    Raises
    ------
    BackupError : there is no database, a folder is no competition, or the file cannot be written
    """
    contests, url, made = {}, database.address(database_url), datetime.now(UTC)
    out = (Path(out) / f"board-{made:%Y%m%dT%H%M%SZ}.zip" if Path(out).is_dir() else Path(out)).absolute()
    for folder in map(Path, folders):
        rules = _rules(folder)
        if rules.name in contests:
            raise BackupError(f"two competitions are called {rules.name!r}: {contests[rules.name][0]} and {folder}")
        if out.resolve().is_relative_to(folder.resolve()):
            raise BackupError(f"{out} lies in the folder of a competition, which is to be packed; name another place")
        contests[rules.name] = (folder.resolve(), rules)
    if out.exists():
        raise BackupError(f"{out} is there already; name another file, or remove it")
    with database.whole_or_not(out) as draft:
        for _ in range(3):
            manifest, gone = _pack(draft, contests, url, made)
            if not gone:  # else an entry was refused and its file thrown away in between, and the next copy knows that
                break
    missing = manifest["missing"]
    return "\n".join([f"{out} has {', '.join(contests) or 'no competition'}: {len(manifest['files'])} files, "
                      f"{out.stat().st_size / 1e6:.1f} MB. It holds the truth: keep it as you keep that.",
                      *(f"MISSING: {one}" for one in missing)])  # fmt: skip


def restore(archive: Path, into: Path, database_url: str | None = None) -> str:
    """Bring the competitions in `archive` back as folders of `into`, which is new or empty, and the database with them.

    Parameters
    ----------
    database_url : where the database shall be; by default the file ``board.sqlite`` in `into`. A PostgreSQL must be empty

    Returns
    -------
    how to serve them, in words

    Raises
    ------
    BackupError : the archive is damaged or none of ours, or something is there that would be overwritten
    """
    archive, into = Path(archive), Path(into).resolve()
    if not archive.is_file():
        raise BackupError(f"there is no file {archive}")
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise BackupError(f"{into} is there already and not empty; name a new folder")
    try:
        with zipfile.ZipFile(archive) as packed, _new_folder(into) as draft:
            manifest = _manifest(packed, archive)
            url = database.target(database_url, into, manifest["database"])
            _unpack(packed, archive, manifest, draft)
            database.bring_back(draft / COPIES[manifest["database"]], url, into, draft)
    except BackupError:
        raise
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError) as error:
        raise _damaged(archive, str(error)) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the beginning of the file
            raise _damaged(archive, "its list of files leads nowhere") from None
        raise BackupError(f"{archive} cannot be brought back to {into}: {error.strerror or error}; nothing is left") from error
    names = manifest["competitions"]
    option = "" if database_url is None else " --database ..."
    return "\n".join([f"{into} has {', '.join(names)} as of {manifest['made']}. To serve: autograder board serve "
                      f"{' '.join(str(into / name) for name in names)}{option}",
                      *(f"MISSING since before the backup: {one}" for one in manifest["missing"])])  # fmt: skip


# --- packing


def _rules(folder: Path) -> Rules:
    try:
        return read_rules(folder)
    except RulesError as error:
        raise BackupError(str(error)) from None


def _pack(draft: Path, contests: dict[str, tuple[Path, Rules]], url: database.URL, made: datetime) -> tuple[dict, bool]:
    """Write the archive to `draft`; its manifest, and whether the file of an entry was not there."""
    with tempfile.TemporaryDirectory(dir=draft.parent, prefix=".board-") as scratch:
        kind, copy, entries = database.copy(url, Path(scratch))
        files, missing, gone = {}, [], False
        missing += [f"the folder of {name}, of which the database has entries"
                    for name in sorted({name for name, _ in entries} - set(contests))]
        with _new_file(draft) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
            files[COPIES[kind]] = _put(packed, copy, COPIES[kind])
            for name, (folder, rules) in contests.items():
                missing += _outside(folder, rules)
                for path in _of_competition(folder, url):
                    inside = f"{COMPETITIONS}/{name}/{path.relative_to(folder).as_posix()}"
                    if not _is_inside(inside, [name]):
                        raise BackupError(f"{str(path)!r} has a name that cannot be packed; give it another")
                    with suppress(FileNotFoundError):  # a draft of the service's, done by now
                        files[inside] = _put(packed, path, inside)
                for sha256 in sorted({sha256 for whose, sha256 in entries if whose == name}):
                    inside = f"{COMPETITIONS}/{name}/entries/{sha256}"
                    try:
                        files[inside] = _put(packed, folder / "entries" / sha256, inside)
                    except FileNotFoundError:
                        gone = True
                        missing.append(f"the file of an entry of {name}, {sha256}")
                        continue
                    if files[inside]["sha256"] != sha256:
                        missing.append(f"the file of an entry of {name}, {sha256}: what lies there is another file")
            manifest = {"format": FORMAT, "made": made.isoformat(timespec="seconds"), "database": kind,
                        "competitions": sorted(contests), "files": files, "missing": missing}  # fmt: skip
            packed.writestr(_info(MANIFEST), json.dumps(manifest, indent=1))
    return manifest, gone


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w+b")


def _of_competition(folder: Path, url: database.URL) -> Iterator[Path]:
    """The files of a competition, but for entries, the database itself, and what is made anew."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if any(name == one or name.startswith(f"{one}/") for one in LEFT_OUT) or database.is_part_of(url, path):
            continue
        if path.is_symlink() and path.is_dir():
            raise BackupError(f"{path} is a link to a folder, which is not followed; move what it leads to into its place")
        if path.is_file():
            yield path


def _outside(folder: Path, rules: Rules) -> list[str]:
    """Files that the rules name and that are not in the folder."""
    named = [*(one.file for one in rules.benchmarks), *(one.url_file for one in rules.channels.values())]
    named += [name for name in (rules.truth.file, rules.truth.seed) if name]
    return [f"{name}, which the rules of {rules.name} name: it lies outside the competition's folder" for name in named
            if not (folder / name).resolve().is_relative_to(folder)]  # fmt: skip


def _put(packed: zipfile.ZipFile, path: Path, name: str) -> dict:
    """Pack a file; what was packed is what is hashed, even if the file changes meanwhile."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, packed.open(_info(name), "w", force_zip64=True) as target:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
    return {"sha256": digest.hexdigest(), "size": size}


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, datetime.now().timetuple()[:6])
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | 0o600) << 16
    return info


# --- bringing back


def _damaged(archive: Path, why: str) -> BackupError:
    return BackupError(f"{archive} is damaged or no backup of ours ({why}); nothing was brought back. Take another backup")


def _manifest(packed: zipfile.ZipFile, archive: Path) -> dict:
    """What the archive says that it has; refused if it says anything else than :func:`backup` would."""
    members = packed.infolist()
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in members):
        raise _damaged(archive, "it is packed in a way that we do not use")
    said = _said(packed)
    if said is None:
        raise _damaged(archive, "its manifest is missing or is none")
    if said.get("format") != FORMAT:
        raise BackupError(f"{archive} has the format {str(said.get('format'))[:20]}, and this version reads format {FORMAT}: use "
                          "the version that wrote it")
    if not _is_manifest(said):
        raise _damaged(archive, "its manifest says what no backup says")
    files, names = said["files"], said["competitions"]
    for name in files:
        if name != COPIES[said["database"]] and not _is_inside(name, names):
            raise _damaged(archive, f"{name[:80]!r} is no place for a file of a competition")
    if sorted(info.filename for info in members) != sorted([*files, MANIFEST]):
        raise _damaged(archive, "it has other files than its manifest says")
    for info in members:
        kind = info.external_attr >> 28
        if kind not in (0, _PLAIN) or info.is_dir() or info.flag_bits & 1:
            raise _damaged(archive, f"{info.filename[:80]!r} is no plain file")
        if info.filename != MANIFEST and info.file_size != files[info.filename]["size"]:
            raise _damaged(archive, f"{info.filename[:80]!r} has another size than its manifest says")
    return said


def _said(packed: zipfile.ZipFile) -> dict | None:
    """The manifest, if there is one that can be read."""
    try:
        if packed.getinfo(MANIFEST).file_size > _MOST_OF_MANIFEST:
            return None
        said = json.loads(packed.read(MANIFEST))
    except (KeyError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _is_manifest(said: dict) -> bool:
    try:
        return (COPIES[said["database"]] in said["files"] and isinstance(said["made"], str)
                and all(isinstance(one, str) for one in said["missing"])
                and all(re.fullmatch(r"[a-z0-9][a-z0-9-]{1,48}", name) for name in said["competitions"])
                and all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) and isinstance(one["size"], int)
                        for one in said["files"].values()))  # fmt: skip
    except (KeyError, TypeError, AttributeError):
        return False


def _is_inside(name: str, competitions: list[str]) -> bool:
    """Whether it is a plain path in the folder of a competition."""
    parts = PurePosixPath(name).parts
    return (name.isprintable() and "\\" not in name and str(PurePosixPath(*parts)) == name and len(parts) > 2
            and parts[0] == COMPETITIONS and parts[1] in competitions and ".." not in parts
            and all(len(part.encode()) <= 255 for part in parts))


@contextmanager
def _new_folder(into: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `into` in the end; nothing is left of it otherwise."""
    made = [one for one in into.parents if not one.exists()]
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=into.parent, prefix=f".{into.name}-"))
    try:
        yield draft
        draft.rename(into)
        database.to_disk(into.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        for one in made:
            with suppress(OSError):
                one.rmdir()
        raise


def _unpack(packed: zipfile.ZipFile, archive: Path, manifest: dict, draft: Path) -> None:
    """Write the files into `draft`, each checked against the manifest."""
    needed, free = sum(one["size"] for one in manifest["files"].values()), shutil.disk_usage(draft).free
    if needed > free:
        raise BackupError(f"{archive} needs {needed / 1e9:.2f} GB, and {draft.parent} has {free / 1e9:.2f} GB left; nothing was "
                          "brought back")
    for name, said in manifest["files"].items():
        path = draft.joinpath(*PurePosixPath(name).parts[(1 if name.startswith(f"{COMPETITIONS}/") else 0) :])
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        with packed.open(name) as source, path.open("xb") as target:
            while (chunk := source.read(_CHUNK)) and size <= said["size"]:
                digest.update(chunk)
                target.write(chunk)
                size += len(chunk)
        if digest.hexdigest() != said["sha256"] or size != said["size"]:
            raise _damaged(archive, f"{name} is not what was packed")
    for name in manifest["competitions"]:
        for private in ("secret", "entries", "uploads"):
            (draft / name / private).mkdir(exist_ok=True, parents=True)
            (draft / name / private).chmod(0o700)
        for path in (draft / name / "secret").rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        for path in (draft / name / "entries").iterdir():
            path.chmod(0o400)
    for path in draft.rglob("*"):
        database.to_disk(path)
