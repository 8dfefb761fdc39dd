"""Files on their way: sent in pieces, resumed where they stopped, checked against their SHA-256 when they are whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from pathlib import Path

from sqlalchemy import select

from .contest import Contest
from .people import Caller
from .store import Refused, plain
from .tables import Entry, Member, Upload

#: Bytes of a piece at most, and unfinished files that a person may have.
PIECE, UNFINISHED = 4 << 20, 3


def begin(contest: Contest, caller: Caller, sha256: str, size: int, name: str) -> dict:
    """Announce a file; the same file of the same person is the same upload, so that it goes on where it stopped."""
    caller.must("submit")
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise Refused("sha256 is 64 digits of 0-9 and a-f", 422)
    if not 0 < size <= contest.max_bytes:
        raise Refused(f"the file has {size / 1e6:.1f} MB; a right one has at most {contest.max_bytes / 1e6:.1f} MB. Is it the "
                      "right file?", 413)
    name = plain(Path(name.replace("\\", "/")).name, 120, "a file's name", least=1)
    with contest.store.writing(contest.name) as session:
        mine = session.scalars(select(Upload).where(Upload.competition == contest.name, Upload.person_id == caller.person_id)
                               .order_by(Upload.made)).all()
        found = next((one for one in mine if one.sha256 == sha256), None)
        if found is not None and found.size != size:
            raise Refused(f"this file was announced with {found.size} bytes before, now with {size}", 422)
        if found is None:
            found = Upload(id=secrets.token_hex(16), competition=contest.name, person_id=caller.person_id, sha256=sha256,
                           size=size, name=name, made=contest.store.now())
            session.add(found)
        unfinished = [one for one in mine if one is not found and _path(contest, one).exists()]
        for old in unfinished[: max(0, len(unfinished) + 1 - UNFINISHED)]:
            _path(contest, old).unlink(missing_ok=True)
        return _told(contest, session, found)


def state(contest: Contest, caller: Caller, upload: str) -> dict:
    """How far an upload is."""
    with contest.store.reading() as session:
        return _told(contest, session, _mine(contest, session, caller, upload))


def add(contest: Contest, caller: Caller, upload: str, offset: int, piece: bytes) -> dict:
    """Add the next piece. What arrives in part because the disk is full or the service dies stays, and counts.

    Raises
    ------
    Misplaced : the upload does not stand at `offset`
    Refused : the piece reaches past the end, or the disk is full
    """
    caller.must("submit")
    with contest.store.reading() as session:
        found = _mine(contest, session, caller, upload)
        stands = _told(contest, session, found)["offset"]
    if offset != stands:
        raise Misplaced(stands)
    if offset + len(piece) > found.size:
        raise Refused(f"the piece reaches past the end: {offset} + {len(piece)} bytes of {found.size}", 422)
    if stands < found.size:
        try:
            with _path(contest, found).open("ab", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # the same piece may be on its way twice
                if file.tell() != offset:
                    raise Misplaced(file.tell())
                written = 0
                while written < len(piece):
                    written += file.write(piece[written:])
        except OSError as error:
            raise _disk(error) from error
    return {"id": found.id, "offset": offset + len(piece), "size": found.size}


def announced(contest: Contest, caller: Caller, upload: str) -> Upload:
    """What the caller said of an upload."""
    with contest.store.reading() as session:
        return _mine(contest, session, caller, upload)


def settle(contest: Contest, caller: Caller, upload: str) -> None:
    """See that a whole upload is what was announced, and put it where it survives a power cut."""
    with contest.store.reading() as session:
        found = _mine(contest, session, caller, upload)
        stands = _told(contest, session, found)["offset"]
    path, kept = _path(contest, found), contest.folder / "entries" / found.sha256
    if stands < found.size:
        raise Refused(f"the file is not whole yet: {stands} of {found.size} bytes are here; send the rest", 409)
    if path.exists():
        try:
            with path.open("r+b") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                os.fsync(file.fileno())
            if digest != found.sha256:
                path.unlink()
                raise Refused("the file was damaged on its way, or is not the one that was announced; send it again", 422)
            path.chmod(0o400)
            path.replace(kept)
            folder = os.open(kept.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        except OSError as error:
            raise _disk(error) from error
    elif not kept.exists():
        raise Refused("the file is not here any more; send it again", 409)


class Misplaced(Refused):
    """A piece that does not go on where the upload stands."""

    def __init__(self, offset: int):
        super().__init__(f"the upload stands at {offset}; go on from there")
        self.offset = offset


def _told(contest: Contest, session, upload: Upload) -> dict:
    path = _path(contest, upload)
    offset = path.stat().st_size if path.exists() else upload.size * _handed_in(contest, session, upload)
    return {"id": upload.id, "offset": offset, "size": upload.size}


def _handed_in(contest: Contest, session, upload: Upload) -> bool:
    """Whether the person's team has handed in this file before: of what others handed in nothing is told."""
    member = session.get(Member, (contest.name, upload.person_id))
    return member is not None and session.scalar(
        select(Entry.id).where(Entry.team_id == member.team_id, Entry.sha256 == upload.sha256)) is not None


def _mine(contest: Contest, session, caller: Caller, upload: str) -> Upload:
    found = session.get(Upload, upload)
    if found is None or found.person_id != caller.person_id or found.competition != contest.name:
        raise Refused("there is no such upload of yours; announce the file first", 404)
    return found


def _path(contest: Contest, upload: Upload) -> Path:
    return contest.folder / "uploads" / upload.id


def _disk(error: OSError) -> Refused:
    return Refused(f"the server cannot keep the file ({error.strerror}); nothing was counted. Tell your advisor, and send it "
                   "again later: it goes on where it stopped", 507)
