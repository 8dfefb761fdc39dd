"""Archives from a learning platform, unpacked so that one of them harms nobody and stops nobody.

`nbgrader zip_collect` ends at the first archive with a name that leads outside, and unpacks as much as there is. This
extractor takes from each archive what is good, up to a size, and says by name what it left out.
"""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from nbgrader.plugins.zipcollect import ExtractorPlugin
from traitlets import Integer

_CHUNK = 1 << 20


class CarefulExtractor(ExtractorPlugin):
    """Each archive on its own: plain files with plain names, at most so many bytes; the rest is left out and named."""

    most_bytes = Integer(200_000_000, help="of one archive, unpacked").tag(config=True)
    most_files = Integer(5000, help="of one archive").tag(config=True)
    most_layers = Integer(2, help="archives in archives: a platform packs what learners have packed").tag(config=True)

    def extract(self, archive_path: str, extracted_path: str) -> None:
        """Unpack or copy everything in `archive_path` to `extracted_path`; nbgrader calls this."""
        self._take(Path(archive_path), Path(extracted_path), self.most_layers)

    def _take(self, source: Path, target: Path, layers: int) -> None:
        for path in sorted(source.rglob("*")):
            if path.is_symlink() or not path.is_file():
                continue
            folder = target / path.relative_to(source).parent
            folder.mkdir(parents=True, exist_ok=True)
            if path.suffix in self.zip_ext and layers:
                self._unpack(path, folder / path.name.removesuffix(path.suffix).removesuffix(".tar"), layers)
            elif source != target:
                shutil.copy(path, folder / path.name)

    def _unpack(self, path: Path, folder: Path, layers: int) -> None:
        left_out: list[str] = []
        try:
            with _opened(path) as packed:
                self._write(_members(packed), folder, left_out)
        except (OSError, EOFError, RuntimeError, ValueError, NotImplementedError, zipfile.BadZipFile, tarfile.TarError) as error:
            self.log.warning("%s cannot be read to its end (%s); what came before is kept. Ask for it again.", path.name, error)
        if left_out:
            self.log.warning("%s: left out %d of its files: %s", path.name, len(left_out), "; ".join(left_out[:5]))
        if folder.is_dir():
            self._take(folder, folder, layers - 1)

    def _write(self, members: Iterator[tuple[str, BinaryIO | None]], folder: Path, left_out: list[str]) -> None:
        budget = self.most_bytes
        for number, (name, file) in enumerate(members):
            if number >= self.most_files:
                left_out.append(f"everything after {self.most_files:,} files")
                return
            if problem := _problem(name, file):
                left_out.append(f"{name[:80]!r} {problem}")
                continue
            target = folder / name.replace("\\", "/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if (size := _copy(file, target, budget)) is None:
                left_out.append(f"{name[:80]!r} would be more than the {self.most_bytes:,} bytes that one archive may be")
            budget -= size or 0


def _opened(path: Path) -> zipfile.ZipFile | tarfile.TarFile:
    if zipfile.is_zipfile(path):
        return zipfile.ZipFile(path)
    return tarfile.open(path)


def _members(packed: zipfile.ZipFile | tarfile.TarFile) -> Iterator[tuple[str, BinaryIO | None]]:
    """Name and content of each file; no content for a link, a pipe or a device."""
    if isinstance(packed, zipfile.ZipFile):
        for member in packed.infolist():
            if not member.is_dir():
                plain = (member.external_attr >> 28) in (0, 8)  # the kind of file, where Unix has packed it
                yield member.filename, packed.open(member) if plain else None
    else:
        for member in packed:
            if not member.isdir():
                yield member.name, packed.extractfile(member) if member.isreg() else None


def _problem(name: str, file: BinaryIO | None) -> str:
    """Why a member is not unpacked; empty if it can be."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        return "leads outside"
    if file is None:
        return "is no plain file"
    if len(path.parts) > 20 or any(len(part.encode(errors="replace")) > 200 for part in path.parts) or not name.isprintable():
        return "is no name for a file"
    return ""


def _copy(file: BinaryIO, target: Path, budget: int) -> int | None:
    """Write `file` to `target`; the bytes written, or None and no file if there are more than `budget`."""
    written = 0
    with target.open("wb") as out:
        while chunk := file.read(_CHUNK):
            written += len(chunk)
            if written > budget:
                break
            out.write(chunk)
    if written > budget:
        target.unlink()
        return None
    return written
