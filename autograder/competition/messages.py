"""Announcements, questions and answers of a competition."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from .contest import Contest
from .people import Caller
from .rules import iso
from .store import Refused, plain, row
from .tables import Delivery, Message

KINDS = ("announcement", "question", "answer")


def listed(contest: Contest) -> list[dict]:
    """All messages, the newest last."""
    with contest.store.reading() as session:
        return [told(message) for message in session.scalars(
            select(Message).where(Message.competition == contest.name).order_by(Message.id))]


def post(contest: Contest, caller: Caller, kind: str, text: str, about: int | None = None) -> dict:
    """Say something to all. Only an advisor announces; an answer is about a question."""
    caller.must("advisor" if kind == "announcement" else "submit")
    if kind not in KINDS:
        raise Refused(f"there is no kind {kind[:20]!r}; there are {', '.join(KINDS)}", 422)
    text = plain(text, 4000, "a message", least=1)
    with contest.store.writing(contest.name) as session:
        _check_about(contest, session, kind, about)
        return keep(contest, session, caller.name, kind, text, about)


def keep(contest: Contest, session: Session, author: str, kind: str, text: str, about: int | None, source: str = "") -> dict:
    """Write a message down, and send it on its way to every channel but the one that it came from, `source`."""
    message = Message(competition=contest.name, at=contest.store.now(), author=author, kind=kind, text=text, about=about,
                      source=source)
    session.add(message)
    session.flush()
    for channel in contest.rules.channels:
        if channel != source:
            session.add(Delivery(message_id=message.id, channel=channel, next=message.at))
    contest.store.note(session, contest.name, author, kind, message=message.id, **({"source": source} if source else {}))
    return told(message)


def told(message: Message) -> dict:
    return {"id": message.id, "at": iso(message.at), "author": message.author, "kind": message.kind, "text": message.text,
            "about": message.about}  # fmt: skip


def _check_about(contest: Contest, session: Session, kind: str, about: int | None) -> None:
    if (kind == "answer") != (about is not None):
        raise Refused("an answer says which question it is about; other messages are about none", 422)
    if about is not None:
        question = row(session, Message, about)
        if question is None or question.competition != contest.name or question.kind != "question":
            raise Refused(f"there is no question {about} to answer", 404)
