"""Downloads that survive a bad connection: resumed where they stopped, verified, and never half there.

Pooch finds out what is there and verifies it; :class:`Resuming` is the downloader that it is given, because its own
starts again from nothing after an interruption. :class:`RemoteFile` reads parts of a file that stays where it is.
"""

from __future__ import annotations

import io
import math
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import CourseError

#: Seconds to wait before each new try while nothing comes; then the download gives up and keeps what it has.
PAUSES = (0.5, 1.0, 2.0, 4.0)

BUSY = (429, 500, 502, 503, 504)
CONNECT, STALL = 10, 60
AGENT = "dla-course-kit (Deep Learning Academy)"


class FetchError(ValueError):
    """Something could not be downloaded; the message says what is there, and what to do."""


class Damaged(FetchError):
    """What came has another checksum than it should, twice."""


class NoParts(FetchError):
    """The server gives a file only as a whole."""


def fetch(
    url: str, path: Path, checksum: str | None = None, progress: bool = True, asked: Callable[..., Any] | None = None
) -> Path:
    """The file at `url` as `path`: what is there already if it is right, else downloaded, resumed and verified.

    Parameters
    ----------
    checksum : such as ``"md5:67f2..."``. Where none is published: None. Then the SHA-256 of the first download is
        written beside the file (``name.sha256``), and the file must match it from then on. This guards against later
        damage and change, but not against a first download that was wrong.
    progress : show a bar
    asked : ``asked(url, headers)`` returns the server's answer, which is not read yet, where it takes more than asking:
        such as a token

    Raises
    ------
    FetchError : the server cannot be reached, has no such file, or sent a damaged one twice
    """
    import pooch

    record = path.with_name(f"{path.name}.sha256")
    if checksum is None and record.is_file():
        checksum = f"sha256:{record.read_text().split()[0]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    downloader = Resuming(path, progress, verified=checksum is not None, asked=asked)
    pooch.get_logger().setLevel("WARNING")  # the bar says it already
    for _ in range(2):
        try:
            pooch.retrieve(url, checksum, path.name, path.parent, downloader=downloader)
            break
        except (FetchError, CourseError):
            raise
        except ValueError as reason:  # pooch's word for a wrong checksum
            damaged = reason
    else:
        raise Damaged(
            f"{path.name} arrived damaged twice: {url} does not have the checksum {checksum}. Try again later, "
            "or from another mirror (DLA_MIRROR)"
        ) from damaged
    if checksum is None:
        _write(record, f"{pooch.file_hash(str(path))}  {path.name}\n".encode())
    return path


def check_space(folder: Path, needed: int, what: str) -> None:
    """Do nothing if `needed` bytes fit on the disk of `folder`.

    Raises
    ------
    FetchError : they do not
    """
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if (free := shutil.disk_usage(there).free) < needed:
        raise FetchError(
            f"{what} needs {sized(needed)} in {folder}, where {sized(free)} is free. Nothing was downloaded; free "
            "some space, or choose another folder"
        )


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: there is all of it or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, content)


class Resuming:
    """Downloader for Pooch that goes on where it stopped, in this run or an earlier one.

    What has come is kept as ``name.part``, with the server's tag of the version beside it, so that a file that changed
    in the meantime is not continued. Without such a tag it is continued only if a checksum will tell (`verified`).
    """

    def __init__(
        self, path: Path, progress: bool = True, verified: bool = False, asked: Callable[..., Any] | None = None
    ):
        self.verified, self.asked = verified, asked or _answer
        self.part = path.with_name(f"{path.name}.part")
        self.tag = path.with_name(f"{path.name}.part-tag")
        self.progress = progress

    def __call__(self, url: str, output_file: str, pooch, check_only: bool = False) -> bool | None:
        if check_only:
            return self.asked(url, {"Range": "bytes=0-0"}).ok
        left = list(PAUSES)
        while True:
            before = self.have()
            try:
                if self._continue(url):
                    break
                reason = "the connection was closed early"
            except OSError as error:  # what requests raises are OSErrors
                reason = str(error)
            if self.have() > before:
                left = list(PAUSES)
            if not left:
                raise FetchError(
                    f"{url} stopped after {sized(self.have())} ({reason}). What has come is kept: the same command "
                    "goes on from there"
                )
            time.sleep(left.pop(0))
        os.replace(self.part, output_file)
        self.tag.unlink(missing_ok=True)

    def have(self) -> int:
        """Bytes that have come so far."""
        return self.part.stat().st_size if self.part.exists() else 0

    def _continue(self, url: str) -> bool:
        """Fetch what is missing; whether all of it is there now."""
        have, headers = self.have(), {}
        if have and self.tag.is_file():
            headers = {"Range": f"bytes={have}-", "If-Range": self.tag.read_text()}
        elif have and self.verified:
            headers = {"Range": f"bytes={have}-"}
        with self.asked(url, headers) as answer:
            if answer.status_code == 416:  # nothing after what we have
                if answer.headers.get("Content-Range", "").endswith(f"/{have}"):
                    return True
                self.part.unlink()
                return False
            if answer.status_code != 206:
                have = 0
            tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
            if tag and not tag.startswith("W/"):
                _write(self.tag, tag.encode())
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            self._write_blocks(answer, have, total)
        return total is None or self.have() == total

    def _write_blocks(self, answer, have: int, total: int | None) -> None:
        from tqdm.auto import tqdm  # in a notebook a bar of its own, elsewhere a line on stderr

        name = self.part.name.removesuffix(".part")
        bar = tqdm(desc=name, initial=have, total=total, unit="B", unit_scale=True, disable=not self.progress)
        with open(self.part, "ab" if have else "wb") as file, bar:
            for block in answer.iter_content(1 << 14):
                file.write(block)
                bar.update(len(block))


class RemoteFile(io.RawIOBase):
    """A file that stays on its server and is read in parts: ``zipfile.ZipFile(open_remote(url))``."""

    def __init__(self, url: str):
        self.url, self.position = url, 0
        with _answer(url, {"Range": "bytes=0-0"}) as answer:
            if answer.status_code != 206:
                raise NoParts(f"{url} cannot be read in parts")
            self.size = int(answer.headers["Content-Range"].split("/")[1])

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self.position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.position, io.SEEK_END: self.size}[whence]
        return self.position

    def readinto(self, buffer) -> int:
        end = min(self.position + len(buffer), self.size)
        if end <= self.position:
            return 0
        for pause in (*PAUSES, None):
            try:
                with _answer(self.url, {"Range": f"bytes={self.position}-{end - 1}"}) as answer:
                    content = answer.content
                break
            except OSError as reason:
                if pause is None:
                    raise FetchError(
                        f"{self.url} stopped answering ({reason}). The same command goes on from here"
                    ) from None
                time.sleep(pause)
        buffer[: len(content)] = content
        self.position += len(content)
        return len(content)


def open_remote(url: str) -> io.BufferedReader:
    """The file at `url`, to be read in parts.

    Raises
    ------
    NoParts : the server gives the file only as a whole
    FetchError : the server cannot be reached, or has no such file
    """
    return io.BufferedReader(RemoteFile(url), 1 << 18)


def _answer(url: str, headers: dict[str, str]):
    """The server's answer, once it is not too busy to give one."""
    import requests

    for pause in (*PAUSES, None):
        try:
            answer = requests.get(
                url,
                headers={"User-Agent": AGENT, "Accept-Encoding": "identity", **headers},
                stream=True,
                timeout=(CONNECT, STALL),
            )
        except requests.ConnectionError as reason:
            if pause is None:
                raise FetchError(
                    f"{url} cannot be reached: {reason}. Is there a network? DLA_MIRROR names another server"
                ) from None
            time.sleep(pause)
            continue
        if answer.status_code not in BUSY or pause is None:
            break
        answer.close()
        time.sleep(max(pause, min(60.0, _seconds(answer.headers.get("Retry-After")))))
    if answer.status_code >= 400 and answer.status_code != 416:
        answer.close()
        raise FetchError(f"{url} answers {answer.status_code} {answer.reason}; is the mirror right (DLA_MIRROR)?")
    return answer


def _seconds(text: str | None) -> float:
    return float(text) if text and text.isdigit() else 0.0


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}-{os.getpid()}.tmp")
    try:
        new.write_bytes(content)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def sized(count: float) -> str:
    """
    >>> sized(556), sized(1_234_567)
    ('556 bytes', '1.2 MB')
    """
    thousands = min(4, int(math.log10(max(count, 1)) / 3))
    return f"{count / 1000**thousands:.{min(thousands, 1)}f} {('bytes', 'kB', 'MB', 'GB', 'TB')[thousands]}"
