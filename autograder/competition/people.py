"""Who may do what: people, and the tokens that they show. Only hashes of tokens are kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import NamedTuple

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from .store import Refused, Store, plain
from .tables import Person, Token

#: what a token may be for, from the least to the most
SCOPES = ("read", "submit", "advisor")

SESSION, SESSION_SECONDS = "session", 12 * 3600


class Caller(NamedTuple):
    """Who asks, and what they may: ``read``, ``submit`` or ``advisor``."""

    person_id: int
    name: str
    scope: str
    token_id: int | None = None

    def must(self, scope: str) -> None:
        """Go on only if this caller may `scope`.

        Raises
        ------
        Refused : 403
        """
        if SCOPES.index(self.scope) < SCOPES.index(scope):
            raise Refused(f"this needs a token for {scope!r}, and yours is for {self.scope!r}; ask your advisor", 403)


def person(session: Session, name: str, is_advisor: bool | None = None) -> Person:
    """The person called `name`, known from now on."""
    name = plain(name, 200, "a name", least=1)
    wanted = select(Person).where(Person.name == name)
    found = session.scalar(wanted)
    if found is None:  # two requests of somebody new may come at once
        session.execute(text("insert into people (name, is_advisor) values (:name, :no) on conflict do nothing"),
                        {"name": name, "no": False})
        found = session.scalars(wanted).one()
    if is_advisor is not None:
        found.is_advisor = is_advisor
    session.flush()
    return found


def invite(store: Store, name: str, scope: str = "submit", days: float = 180) -> str:
    """A new token for the person `name`. It is told once and kept as a hash.

    Raises
    ------
    Refused : there is no such scope, or never such a day
    """
    if scope not in SCOPES:
        raise Refused(f"there is no scope {scope!r}; there are {', '.join(SCOPES)}")
    if not 0 < days <= 3650:
        raise Refused(f"a token is good for up to 3650 days, not for {days:g}")
    token = secrets.token_urlsafe(32)
    with store.changing() as session:
        whose = person(session, name, True if scope == "advisor" else None)
        session.add(Token(person_id=whose.id, digest=_digest(token), scope=scope, made=store.now(),
                          expires=store.now() + days * 86400))
    return token


def revoke(store: Store, name: str) -> int:
    """Make every token of the person `name` worthless, and every page that they are signed in to; says how many tokens."""
    name = plain(name, 200, "a name", least=1)
    with store.changing() as session:
        whose = session.scalar(select(Person).where(Person.name == name))
        if whose is None:
            raise Refused(f"nobody here is called {name!r}", 404)
        live = select(Token.id).where(Token.person_id == whose.id, Token.revoked.is_(None), Token.scope != SESSION)
        count = len(session.scalars(live).all())
        session.execute(update(Token).where(Token.person_id == whose.id, Token.revoked.is_(None)).values(revoked=store.now()))
    return count


def caller(store: Store, token: str, of_session: bool = False) -> Caller | None:
    """Who shows `token`; None if it is nobody's, has expired or was revoked. A session's is good in a cookie only."""
    now = store.now()
    with store.reading() as session:
        found = _live(session.scalar(select(Token).where(Token.digest == _digest(token))), now)
        if found is None or (found.scope == SESSION) != of_session:
            return None
        opened_by = found if found.parent_id is None else _live(session.get(Token, found.parent_id), now)
        return opened_by and Caller(found.person_id, found.person.name, opened_by.scope, found.id)


def sign_in(store: Store, token: str) -> str:
    """A token for a browser's cookie, good for half a day and as long as `token` is.

    Raises
    ------
    Refused : nobody's token
    """
    who = caller(store, token.strip())
    if who is None:
        raise Refused("this token is not known here; ask your advisor for a new one", 401)
    made = secrets.token_urlsafe(32)
    with store.changing() as session:
        session.execute(delete(Token).where(Token.scope == SESSION, Token.expires < store.now()))
        session.add(Token(person_id=who.person_id, digest=_digest(made), scope=SESSION, made=store.now(),
                          expires=store.now() + SESSION_SECONDS, parent_id=who.token_id))
    return made


def sign_out(store: Store, made: str) -> None:
    """The cookie's token is worth nothing from now on."""
    with store.changing() as session:
        session.execute(update(Token).where(Token.digest == _digest(made), Token.scope == SESSION).values(revoked=store.now()))


def csrf(made: str) -> str:
    """What a form of a signed-in page must bring along, so that no other site can send one."""
    return hmac.digest(made.encode(), b"form", "sha256").hex()


def _live(token: Token | None, now: float) -> Token | None:
    return token if token is not None and token.revoked is None and token.expires > now else None


def _digest(token: str) -> str:
    """A token is long and random, so that a plain hash keeps it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
