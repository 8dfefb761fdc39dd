"""The web service as an ASGI application."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from ..service import Service
from ..store import Refused
from ..uploads import Misplaced
from . import advisors, learners, pages
from .boards import Boards
from .guard import Guard
from .identity import Door, Tokens
from .rates import Rates

ABOUT = """The leaderboard of competitions between teams. Errors are `{"error": "a sentence"}`; where coming again helps, there
is a `Retry-After`."""


def application(service: Service, door: Door | None = None, prefix: str = "", hosts: tuple[str, ...] = ("*",),
                rates: dict[str, str] | None = None) -> FastAPI:
    """The service behind `door`, which says who asks; by default tokens.

    Parameters
    ----------
    prefix : of all addresses, such as ``/services/board``
    hosts : by which names it may be called, so that no page of another site can be pointed at it
    rates : other limits than :data:`.rates.LIMITS`
    """
    prefix = "/" * bool(prefix.strip("/")) + prefix.strip("/")
    app = FastAPI(title="Leaderboard", version="1", description=ABOUT, docs_url=None, redoc_url=None, lifespan=_life,
                  openapi_url=f"{prefix}/api/openapi.json", generate_unique_id_function=_name)
    app.state.service, app.state.door, app.state.prefix = service, door or Tokens(service.store), prefix
    app.state.rates, app.state.boards = Rates(rates), Boards()
    app.mount(f"{prefix}/static", StaticFiles(directory=pages.HERE / "static"))
    for part in (learners, advisors, pages):
        app.include_router(part.router, prefix=prefix)
    for kind, told in ((Refused, _refused), (RequestValidationError, _not_understood), (HTTPException, _plain)):
        app.add_exception_handler(kind, told)
    if "*" not in hosts:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    app.add_middleware(Guard)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    await run_in_threadpool(app.state.service.start)
    yield
    app.state.boards.close()
    await run_in_threadpool(app.state.service.stop)


def _name(route: APIRoute) -> str:
    return route.name


def _answer(request: Request, status: int, text: str, headers: dict[str, str] | None = None, **more) -> Response:
    """A fault: for programs as JSON, for people as a page."""
    state = request.app.state
    if request.url.path.startswith((f"{state.prefix}/api/", f"{state.prefix}/hooks/")) or "text/html" not in request.headers.get(
            "accept", ""):
        return JSONResponse({"error": text, **more}, status, headers)
    shown = pages.page(request, "fault.html", status, fault=text)
    shown.headers.update(headers or {})
    return shown


def _refused(request: Request, refused: Refused) -> Response:
    headers = {} if refused.come_again is None else {"retry-after": str(math.ceil(refused.come_again))}
    if refused.status == 401:
        headers["www-authenticate"] = "Bearer"
    more = {"offset": refused.offset} if isinstance(refused, Misplaced) else {}
    return _answer(request, refused.status, str(refused), headers, **more)


def _not_understood(request: Request, error: RequestValidationError) -> Response:
    faults = error.errors()[:3]
    said = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in faults)
    return _answer(request, 422, f"the request is not understood: {said}")


def _plain(request: Request, error: HTTPException) -> Response:
    text = {404: "there is nothing at this address", 405: "this cannot be done here"}.get(error.status_code, str(error.detail))
    return _answer(request, error.status_code, text, dict(error.headers or {}))
