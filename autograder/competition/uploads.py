"""Files on their way: sent in pieces, resumed where they stopped, checked against their SHA-256 when they are whole."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

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
    name = plain(" ".join(Path(name.replace("\\", "/")).name.split()), 120, "a file's name", least=1)
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
        found.name, found.made = name, contest.store.now()
        unfinished = [one for one in mine if one is not found and _path(contest, one).exists()]
        for old in unfinished[: max(0, len(unfinished) + 1 - UNFINISHED)]:
            _path(contest, old).unlink(missing_ok=True)
            session.delete(old)
        if _answered(contest, session, found) is None:
            try:
                _path(contest, found).touch(0o600)
            except OSError as error:
                raise _disk(error) from error
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
    Refused : the piece is too long or reaches past the end, or the disk is full
    """
    caller.must("submit")
    if len(piece) > PIECE:
        raise Refused(f"a piece has at most {PIECE} bytes; this has {len(piece)}", 413)
    with contest.store.reading() as session:
        found = _mine(contest, session, caller, upload)
        stands = _told(contest, session, found)["offset"]
    if offset != stands:
        raise Misplaced(stands)
    if offset + len(piece) > found.size:
        raise Refused(f"the piece reaches past the end: {offset} + {len(piece)} bytes of {found.size}", 422)
    if stands < found.size:
        try:
            with open(os.open(_path(contest, found), os.O_WRONLY | os.O_APPEND), "ab", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # the same piece may be on its way twice
                if (stands := os.fstat(file.fileno()).st_size) != offset:
                    raise Misplaced(stands)
                written = 0
                while written < len(piece):
                    written += file.write(piece[written:])
        except FileNotFoundError:
            raise _gone() from None
        except OSError as error:
            raise _disk(error) from error
    return {"id": found.id, "offset": offset + len(piece), "size": found.size}


def announced(contest: Contest, caller: Caller, upload: str) -> Upload:
    """What the caller said of an upload."""
    with contest.store.reading() as session:
        return _mine(contest, session, caller, upload)


def settle(contest: Contest, caller: Caller, upload: str) -> None:
    """See that a whole upload is what was announced, and that it survives a power cut.

    Raises
    ------
    Refused : it is not whole, or damaged
    """
    with contest.store.reading() as session:
        found = _mine(contest, session, caller, upload)
        stands = _told(contest, session, found)["offset"]
    path = _path(contest, found)
    if stands < found.size:
        raise Refused(f"the file is not whole yet: {stands} of {found.size} bytes are here; send the rest", 409)
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != found.sha256:
                os.truncate(path, 0)
                raise Refused("the file was damaged on its way, or is not the one that was announced; send it again", 422)
            os.fsync(file.fileno())
    except FileNotFoundError:
        pass  # somebody asked twice, and the other was faster: `keep` will see
    except OSError as error:
        raise _disk(error) from error


def keep(contest: Contest, upload: Upload) -> None:
    """Give a settled file its place among the entries. Until :func:`drop`, it is in both: a change that fails loses nothing.

    Raises
    ------
    Refused : it is not here any more
    """
    kept = contest.folder / "entries" / upload.sha256
    try:
        os.chmod(_path(contest, upload), 0o400)
        with contextlib.suppress(FileExistsError):  # another team's
            os.link(_path(contest, upload), kept)
        folder = os.open(kept.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileNotFoundError:
        raise _gone() from None
    except OSError as error:
        raise _disk(error) from error


def drop(contest: Contest, upload: Upload) -> None:
    """The file is an entry's now."""
    _path(contest, upload).unlink(missing_ok=True)


def drop_refused(contest: Contest, sha256: str) -> None:
    """What cannot be used is not kept, unless another team's entry is this very file: else faulty files fill the disk."""
    with contest.store.writing(contest.name) as session:
        if session.scalar(select(Entry.id).where(Entry.competition == contest.name, Entry.sha256 == sha256,
                                                 Entry.state != "refused").limit(1)) is None:
            (contest.folder / "entries" / sha256).unlink(missing_ok=True)


def answered(session: Session, team: int, upload: Upload) -> Entry | None:
    """The team's entry of this very file, if it sent it before: it is not sent again, and costs nothing."""
    return session.scalar(select(Entry).where(Entry.team_id == team, Entry.sha256 == upload.sha256))


class Misplaced(Refused):
    """A piece that does not go on where the upload stands."""

    def __init__(self, offset: int):
        super().__init__(f"the upload stands at {offset}; go on from there")
        self.offset = offset


def _told(contest: Contest, session: Session, upload: Upload) -> dict:
    try:
        offset = _path(contest, upload).stat().st_size
    except FileNotFoundError:
        offset = upload.size if _answered(contest, session, upload) else 0
    return {"id": upload.id, "offset": offset, "size": upload.size}


def _answered(contest: Contest, session: Session, upload: Upload) -> Entry | None:
    """The entry of the person's own team: of what others handed in nothing is told."""
    member = session.get(Member, (contest.name, upload.person_id))
    return member and answered(session, member.team_id, upload)


def _mine(contest: Contest, session: Session, caller: Caller, upload: str) -> Upload:
    found = session.get(Upload, upload) if re.fullmatch("[0-9a-f]{32}", upload) else None
    if found is None or found.person_id != caller.person_id or found.competition != contest.name:
        raise Refused("there is no such upload of yours; announce the file first", 404)
    return found


def _path(contest: Contest, upload: Upload) -> Path:
    return contest.folder / "uploads" / upload.id


def _gone() -> Refused:
    return Refused("the file is not here any more; announce it and send it again", 409)


def _disk(error: OSError) -> Refused:
    return Refused(f"the server cannot keep the file ({error.strerror}); nothing was counted. Tell your advisor, and send it "
                   "again later: it goes on where it stopped", 507)
