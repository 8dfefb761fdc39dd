"""Pages for people: the boards, a team's page, the advisor's, and signing in."""

from __future__ import annotations

import hmac
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Body, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import people
from ..store import Refused
from .identity import COOKIE, Here, address, caller, signed

router = APIRouter(include_in_schema=False)

HERE = Path(__file__).parent
TEMPLATES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
STATE = f"{COOKIE}-state"

Form = Annotated[bytes, Body(media_type="application/x-www-form-urlencoded")]


def page(request: Request, template: str, status: int = 200, **said) -> HTMLResponse:
    """A page from a template; what every one of them may show comes from the request."""
    state = request.app.state
    try:
        who = caller(request)
    except Refused:
        who = None
    cookie = request.cookies.get(COOKIE)
    text = TEMPLATES.get_template(template).render({
        "prefix": state.prefix, "competition": None, "who": {"name": who.name, "scope": who.scope} if who else None,
        "csrf": people.csrf(cookie) if who and cookie else "", "hub": state.door.hub, "fault": "", "status": status,
        **said})  # fmt: skip
    return HTMLResponse(text, status)


@router.get("/")
def home(request: Request, here: Here):
    return page(request, "home.html", competitions=[contest.told() for contest in here.contests.values()])


@router.get("/sign-in")
def sign_in_page(request: Request, next: str = "/"):
    if not request.app.state.door.hub:
        return page(request, "sign_in.html", next=_own(next))
    away, state = request.app.state.door.begin(_own(next))
    answer = RedirectResponse(away, 303)
    _cookie(request, answer, STATE, signed(request.app.state.service.key, state), 600)
    return answer


@router.post("/sign-in")
def sign_in(request: Request, body: Form):
    state, form = request.app.state, _fields(body)
    if state.door.hub:
        raise Refused("sign in by the Hub", 404)
    _must_come_from_here(request)  # or another site could sign a browser in as its own team, and get what is then handed in
    state.rates.count("sign in", address(request))
    wanted = _own(form.get("next", "/"))
    try:
        made = people.sign_in(state.service.store, form.get("token", ""))
    except Refused as refused:
        return page(request, "sign_in.html", refused.status, fault=str(refused), next=wanted)
    return _signed_in(request, made, wanted, people.SESSION_SECONDS)


@router.get("/oauth_callback")
def from_the_hub(request: Request, here: Here, code: str = "", state: str = ""):
    kept = request.cookies.get(STATE, "")
    if not (request.app.state.door.hub and state and hmac.compare_digest(kept.encode(), signed(here.key, state).encode())):
        raise Refused("signing in was not begun here, or took too long; try it once more", 403)
    token, wanted = request.app.state.door.end(code, state)
    answer = _signed_in(request, token, _own(wanted), 12 * 3600)
    answer.delete_cookie(STATE, path=f"{request.app.state.prefix}/")
    return answer


@router.post("/sign-out")
def sign_out(request: Request, here: Here, body: Form):
    _must_come_from_here(request)
    cookie = request.cookies.get(COOKIE, "")
    if cookie and hmac.compare_digest(_fields(body).get("csrf", "").encode(), people.csrf(cookie).encode()):
        people.sign_out(here.store, cookie)
    answer = RedirectResponse(f"{request.app.state.prefix}/", 303)
    answer.delete_cookie(COOKIE, path=f"{request.app.state.prefix}/")
    return answer


@router.get("/{name}")
def board(name: str, request: Request, here: Here):
    return page(request, "board.html", competition=here.contest(name).told())


@router.get("/{name}/team")
def team(name: str, request: Request, here: Here):
    rules = here.contest(name).told()
    return page(request, "team.html", competition=rules) if caller(request) else _first_sign_in(request)


@router.get("/{name}/advisor")
def advisor(name: str, request: Request, here: Here):
    rules, who = here.contest(name).told(), caller(request)
    if who is None:
        return _first_sign_in(request)
    who.must("advisor")
    return page(request, "advisor.html", competition=rules)


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))
    except ValueError:
        raise Refused("this form is none of the board's pages; load the page again, and do it once more", 422) from None


def _first_sign_in(request: Request) -> RedirectResponse:
    path = request.url.path.removeprefix(request.app.state.prefix)
    return RedirectResponse(f"{request.app.state.prefix}/sign-in?next={path}", 303)


def _signed_in(request: Request, token: str, path: str, seconds: int) -> RedirectResponse:
    answer = RedirectResponse(f"{request.app.state.prefix}{path}", 303)
    _cookie(request, answer, COOKIE, token, seconds)
    return answer


def _cookie(request: Request, answer: RedirectResponse, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(name, value, max_age=seconds, path=f"{request.app.state.prefix}/", httponly=True, samesite="lax",
                      secure=request.url.scheme == "https")


def _must_come_from_here(request: Request) -> None:
    """Refuse the form of another site's page; a program that is no browser does not say where it comes from."""
    origin = request.headers.get("origin")
    try:
        fine = origin is None or urlsplit(origin).hostname == request.url.hostname
    except ValueError:
        fine = False
    if not fine:
        raise Refused(f"another site has sent this form; go to {request.url.hostname} itself", 403)


def _own(path: str) -> str:
    """`path` if it leads to a page of this service, else its first page."""
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if fine and path.isascii() and path.isprintable() else "/"
