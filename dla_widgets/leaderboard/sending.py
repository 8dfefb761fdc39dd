"""Handing in a file: judged here first, sent in pieces, gone on with where it stopped, and handed in once, whatever breaks."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from ..download import sized
from ..progress import ProgressLine
from ..submission_csv import refusal
from . import inputs
from .client import Contest, LeaderboardError, waits

PIECE = 1 << 20  #: bytes that are sent at once; a broken connection costs no more
PATIENCE = 120.0  #: seconds without progress after which a file is given up for now
ROUNDS = 3  #: how often a file is sent anew that arrived damaged, or that the service has lost

RECEIPT = re.compile(r"RCPT(-[0-9A-F]{6}){4}")

#: What is being done (``checking``, ``sending``, ``handing in``), and how many bytes of how many are through.
Progress = Callable[[str, int, int], None]


def submit(
    contest: Contest, path: str | os.PathLike, tried: str = "", learned: str = "", progress: Progress | None = None
) -> dict[str, Any]:
    """Hand in a file. Whatever breaks, the same call again goes on where it stopped, and makes one entry, not two.

    Parameters
    ----------
    contest : which competition
    path : the file
    tried, learned : the model card: what you tried, and what you learned; of a file that was handed in before, it is changed
    progress : is told how far it is; by default a line is shown

    Returns
    -------
    the entry, which is not scored yet (:meth:`Contest.wait`), with its receipt; ``"new"`` says whether it counts, as a
    file that your team has handed in before does not

    Raises
    ------
    SubmissionError : the file cannot be used; nothing was sent
    LeaderboardError : you are in no team, too late, out of entries, or the service cannot be reached
    """
    with nullcontext(progress) if progress else _shown() as tell:
        return _submit(contest, Path(path).expanduser(), tried, learned, tell)


def _submit(contest: Contest, path: Path, tried: str, learned: str, tell: Progress) -> dict[str, Any]:
    sent_before = {entry["sha256"] for entry in contest.in_team()["entries"]}
    tell("checking", 0, 0)
    judge(contest, path)
    with path.open("rb", buffering=0) as file:  # as it is on the disk, should somebody write to it meanwhile
        sha256, size = _digest(file), path.stat().st_size
        told = {"sha256": sha256, "size": size, "name": path.name}
        for _ in range(ROUNDS):
            upload = _announce(contest, told)
            try:
                _send(contest, file, upload, tell)
                tell("handing in", size, size)
                card = {"upload": upload["id"], "tried": tried, "learned": learned}
                answer = contest.request("POST", "entries", json=card, patience=PATIENCE)
                break
            except LeaderboardError as fault:
                if _digest(file) != sha256:
                    raise LeaderboardError(f"{path} changed while it was sent. Nothing was counted; hand it in again") from None
                if fault.status not in (404, 409, 422) or _announce(contest, told)["offset"] == size:
                    raise  # else it was lost or arrived damaged, and is sent anew
                lost = fault
        else:
            raise lost
    entry = answer.json()
    _check_receipt(entry, sha256, path)
    is_new = answer.status_code == 201 or sha256 not in sent_before  # the first answer may have been lost
    if not is_new and (tried.strip() or learned.strip()):
        entry = contest.write_card(entry, tried.strip() or entry["tried"], learned.strip() or entry["learned"])
    return entry | {"new": is_new}


def judge(contest: Contest, path: Path) -> None:
    """Look at the file as the service will."""
    look(contest, path)
    inputs.check(path, contest.expected(), str(path))


def look(contest: Contest, path: Path) -> None:
    """Whether there is a file of the right kind, which takes no time."""
    formats = contest.rules["formats"]
    if path.is_dir():
        raise refusal(f"{path} is a folder. One file is handed in: {' or '.join(formats)}.")
    if not path.exists():
        inputs.check(path, contest.expected(), str(path))  # says which one may be meant
    elif path.suffix.lower() not in formats:
        raise refusal(f"{path}: expected {' or '.join(formats)}, found {path.suffix or 'no ending'}. Write it as "
                      f"{path.with_suffix(formats[0]).name}.")  # fmt: skip


def _announce(contest: Contest, told: dict[str, Any]) -> dict[str, Any]:
    """The upload of the file: a new one, or the one that was begun before."""
    return contest.request("POST", "uploads", json=told, patience=PATIENCE).json()


def _send(contest: Contest, file: BinaryIO, upload: dict[str, Any], tell: Progress) -> None:
    """Send what the service lacks of the file. What it has is asked whenever that is in doubt."""
    offset, size, where = upload["offset"], upload["size"], f"uploads/{upload['id']}"
    best, until, pauses, reason = offset, time.monotonic() + PATIENCE, waits(), "nothing is taken"
    while offset < size:
        tell("sending", offset, size)
        file.seek(offset)
        piece, wait, stands = file.read(PIECE), None, None
        try:
            if not piece:
                raise LeaderboardError("the file has become shorter", 422)
            headers = {"Upload-Offset": str(offset), "Content-Type": "application/octet-stream"}
            stands = contest.request("PATCH", where, data=piece, headers=headers, patience=0).json()["offset"]
        except LeaderboardError as fault:
            if fault.offset is None and not fault.passing:
                raise
            stands, wait, reason = fault.offset, fault.wait, str(fault)
        if stands is not None and stands > best:
            best, until, pauses = stands, time.monotonic() + PATIENCE, waits()
        else:
            wait = next(pauses) if wait is None else wait
            if time.monotonic() + wait > until:
                raise LeaderboardError(f"{sized(best)} of {sized(size)} are sent and kept, and it does not go on: {reason}. "
                                       "Nothing was counted; the same again goes on from there")  # fmt: skip
            time.sleep(wait)
        offset = contest.request("GET", where, patience=PATIENCE).json()["offset"] if stands is None else stands


def _check_receipt(entry: dict[str, Any], sha256: str, path: Path) -> None:
    if entry.get("sha256") != sha256 or not RECEIPT.fullmatch(str(entry.get("receipt"))):
        found, of = str(entry.get("receipt"))[:60], str(entry.get("sha256"))[:64]
        raise LeaderboardError(f"the receipt is not for this file: expected one for SHA-256 {sha256}, received {found!r} for "
                               f"{of}. Keep {path}, and show your advisor this message")  # fmt: skip


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _shown() -> Iterator[Progress]:
    """Tells it in a line, which ends before a fault is said."""
    line = ProgressLine()

    def tell(step: str, done: int, total: int) -> None:
        share = f" {done / total:.0%} of {sized(total)}" if total else ""
        line.show(step.capitalize() + share, last=step == "handing in")
        if step == "handing in":
            line.width = 0  # has ended

    try:
        yield tell
    except Exception:
        if line.width:
            print()
        raise
