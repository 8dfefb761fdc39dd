"""What holds for every request and every answer: how large, how long, and what a browser may do with it."""

from __future__ import annotations

import asyncio
import json
import logging

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..uploads import PIECE

log = logging.getLogger(__name__)

#: What a body may have [byte] unless it is a piece of a file, and how long it may take to come [s].
LARGEST, SECONDS = 256 << 10, 120

#: How long a connection may be open without a request [s].
IDLE = 30

#: Scripts, styles and data come from the service itself, and from nowhere else; no other site may show its pages.
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")

HEADERS = {
    "content-security-policy": POLICY, "x-content-type-options": "nosniff", "x-frame-options": "DENY",
    "referrer-policy": "same-origin", "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin", "permissions-policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip


class Impatient(H11Protocol):
    """HTTP that hangs up on a connection that asks nothing: uvicorn waits for a first request, or the rest of one, for ever."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self.loop.call_later(IDLE, self._look, None)

    def _look(self, before: object) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.cycle is before:
            self.transport.close()
        elif not self.transport.is_closing():
            self.loop.call_later(IDLE, self._look, self.cycle if idle else self)


class Guard:
    """Wraps the application."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = PIECE if scope["method"] == "PATCH" else LARGEST
        started = False

        async def answered(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-cache" if "etag" in headers else "no-store")
            await send(message)

        try:
            declared = dict(scope["headers"]).get(b"content-length", b"0")
            if not declared.isdigit() or int(declared) > most:
                raise _Unfit(413, most)
            await self.app(scope, _bounded(receive, most), answered)
        except Exception as error:
            if started:
                raise
            if not isinstance(error, _Unfit):
                path, hook, _ = scope["path"].partition("/hooks/")  # what follows holds a secret
                log.error("%s %s%s failed", scope["method"], path, hook, exc_info=error)
                error = HTTPException(500, "the service failed; nothing was counted. Try again, or tell your advisor")
            await _say(answered, error)


class _Unfit(HTTPException):
    """A body that is too large or too slow."""

    def __init__(self, status: int, most: int = 0):
        super().__init__(status, f"a request has at most {most} bytes; a file is sent in pieces" if status == 413 else
                         f"the request took more than {SECONDS} s to arrive; send it again")


def _bounded(receive: Receive, most: int) -> Receive:
    """`receive`, but for a body that grows too large or comes too slowly."""
    until, length, whole = asyncio.get_running_loop().time() + SECONDS, 0, False

    async def received() -> Message:
        nonlocal length, whole
        if whole:  # from here on it only hears that the other side has gone
            return await receive()
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise _Unfit(408) from None
        length += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if length > most:
            raise _Unfit(413, most)
        return message

    return received


async def _say(send: Send, fault: HTTPException) -> None:
    body = json.dumps({"error": fault.detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": fault.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": body})
