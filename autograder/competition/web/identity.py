"""Who asks: by a token or a signed-in page of the board's own, or by what a JupyterHub says of either."""

from __future__ import annotations

import hashlib
import hmac
import time
from functools import lru_cache
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select

from .. import people
from ..people import Caller
from ..service import Service
from ..store import Refused, Store
from ..tables import Person

COOKIE = "dla-board"


class Door(Protocol):
    """Says who shows a token, and who shows a cookie."""

    hub: bool

    def bearer(self, token: str) -> Caller | None: ...

    def cookie(self, value: str) -> Caller | None: ...


class Tokens:
    """The board alone: tokens that its advisor made."""

    hub = False

    def __init__(self, store: Store):
        self.store = store

    def bearer(self, token: str) -> Caller | None:
        return people.caller(self.store, token)

    def cookie(self, value: str) -> Caller | None:
        return people.caller(self.store, value, of_session=True)


class Hub:
    """The board as a service of a JupyterHub, which knows everybody. Its settings come from the Hub, in the environment.

    A learner's JupyterLab shows the token that the Hub gave it, a browser the one that it got by OAuth. Either needs the scope
    ``access:services!service=NAME``. Who is an advisor says the board's own database (``autograder board advisor``).
    """

    hub = True

    def __init__(self, store: Store):
        from jupyterhub.services.auth import HubOAuth

        self.store, self.auth = store, HubOAuth(cache_max_age=60)

    def bearer(self, token: str) -> Caller | None:
        user = self.auth.user_for_token(token)
        if user is None or user.get("kind") != "user" or not self.auth.check_scopes(self.auth.access_scopes, user):
            return None
        return self._known(user["name"], int(time.time()) // 5)

    cookie = bearer  # what OAuth gave, and only this service's pages get the cookie

    def begin(self, next_page: str) -> tuple[str, str]:
        """Where a browser is sent to sign in, and the state that it has to bring back."""
        verifier, challenge, method = self.auth.generate_pkce_code_challenge()
        state = self.auth.generate_state(next_page, code_verifier=verifier)
        return f"{self.auth.login_url}&state={state}&code_challenge={challenge}&code_challenge_method={method}", state

    def end(self, code: str, state: str) -> tuple[str, str]:
        """The browser's token, and the page that it wanted."""
        verifier, page = self.auth.get_code_verifier(state), self.auth.get_next_url(state)
        self.auth.clear_oauth_state(state)
        return self.auth.token_for_code(code, code_verifier=verifier), page

    @lru_cache(maxsize=2000)  # noqa: B019 - there is one of it, as long as the service runs
    def _known(self, name: str, _moment: int) -> Caller:
        with self.store.reading() as session:
            if whose := session.scalar(select(Person).where(Person.name == name)):
                return _caller(whose)
        with self.store.changing() as session:
            return _caller(people.person(session, name))


def _caller(whose: Person) -> Caller:
    return Caller(whose.id, whose.name, "advisor" if whose.is_advisor else "submit")


def signed(key: bytes, text: str) -> str:
    """`text` with a mark that only this service can make."""
    return f"{text}.{hmac.digest(key, text.encode(), hashlib.sha256).hex()}"


def caller(request: Request) -> Caller | None:
    """Who asks; None for somebody who has not said so.

    Raises
    ------
    Refused : 401 for a token that is not known, 403 for a page of another site that uses the cookie
    """
    state = request.app.state
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind:
        found = state.door.bearer(token.strip()) if kind.lower() in ("bearer", "token") else None
        if found is None:
            state.rates.count("show a wrong token", address(request))
            raise Refused("this token is not known here, has expired or was taken back; ask your advisor for a new one", 401)
        return found
    cookie = request.cookies.get(COOKIE)
    found = state.door.cookie(cookie) if cookie else None
    if found is None:
        return None
    if request.method not in ("GET", "HEAD") and not _same(request.headers.get("x-csrf"), people.csrf(cookie)):
        raise Refused("the page is out of date: load it again, and do it once more", 403)
    return found


def may(scope: str, what: str = ""):
    """A dependency: the caller, if known and allowed to `scope`, counted once for `what`."""

    def known(request: Request, _documented: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> Caller:
        who = caller(request)
        if who is None:
            raise Refused("say who you are: a token as `Authorization: Bearer ...`, or sign in", 401)
        request.app.state.rates.count(what or ("read" if request.method == "GET" else "change"), str(who.person_id))
        who.must(scope)
        return who

    return known


def service(request: Request) -> Service:
    return request.app.state.service


_BEARER = HTTPBearer(auto_error=False, description="made by `autograder board invite`, or a JupyterHub's")


def _same(one: str | None, other: str) -> bool:
    return one is not None and hmac.compare_digest(one.encode(), other.encode())


def address(request: Request) -> str:
    """Where the request comes from."""
    return request.client.host if request.client else "nobody"


Reader = Annotated[Caller, Depends(may("read"))]
Member = Annotated[Caller, Depends(may("submit"))]
Advisor = Annotated[Caller, Depends(may("advisor"))]
Here = Annotated[Service, Depends(service)]
