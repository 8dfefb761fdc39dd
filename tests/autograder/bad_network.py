"""A server between a learner and the real service that does to requests what networks and gateways do."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: headers that belong to one connection
HOPS = ("connection", "keep-alive", "transfer-encoding", "host", "content-length")


class BadNetwork:
    """``network.next("PATCH", network.lose)`` does something to the next request like that; all others pass.

    ``asked`` has what came, as lines such as ``POST /api/competitions/wells/entries``; ``headers`` what came with it.
    """

    def __init__(self, service: str):
        self.service, self.asked, self.headers = service, [], []
        self._plans: list[tuple[str, Callable, int]] = []
        self._lock = threading.Lock()
        network = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version, disable_nagle_algorithm = "HTTP/1.1", True

            def do(self) -> None:
                network._pass(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            do_GET = do_POST = do_PUT = do_PATCH = do

            def log_message(self, *_args) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> BadNetwork:
        return self

    def __exit__(self, *_why) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next(self, pattern: str, what: Callable[[Any, bytes], None], times: int = 1) -> None:
        """Do `what` to the next requests whose line has `pattern`."""
        self._plans.append((pattern, what, times))

    def mend(self) -> None:
        """From now on everything passes, and what came is forgotten."""
        self._plans.clear()
        self.asked.clear()
        self.headers.clear()

    def count(self, pattern: str) -> int:
        return sum(bool(re.search(pattern, line)) for line in self.asked)

    # what can happen

    def lose(self, handler, body: bytes) -> None:
        """The connection breaks before the request gets anywhere."""
        self._cut(handler)

    def lose_answer(self, handler, body: bytes) -> None:
        """The service does what it is asked, and nobody hears of it."""
        self._forward(handler, body)
        self._cut(handler)

    def cut_in_two(self, handler, body: bytes) -> None:
        """Half of the body reaches the service, then both connections break."""
        host, port = self.service.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as upstream:
            head = "".join(f"{name}: {value}\r\n" for name, value in handler.headers.items())
            upstream.sendall(f"{handler.command} {handler.path} HTTP/1.1\r\n{head}\r\n".encode() + body[: len(body) // 2])
        self._cut(handler)

    def half_an_answer(self, handler, body: bytes) -> None:
        """The answer breaks off in the middle."""
        status, headers, content = self._forward(handler, body)
        self._answer(handler, status, headers, content, sent=len(content) // 2)
        self._cut(handler)

    @staticmethod
    def saying(status: int, content: Any = b"<html>busy</html>", **headers: str) -> Callable:
        """A gateway answers instead of the service."""
        content = content if isinstance(content, bytes) else json.dumps(content).encode()

        def say(handler, body: bytes) -> None:
            BadNetwork._answer(handler, status, {name.replace("_", "-"): value for name, value in headers.items()}, content)

        return say

    def changing(self, change: Callable[[Any], Any]) -> Callable:
        """The answer arrives as something else."""

        def changed(handler, body: bytes) -> None:
            status, headers, content = self._forward(handler, body)
            self._answer(handler, status, headers, json.dumps(change(json.loads(content))).encode())

        return changed

    def after(self, act: Callable[[], Any]) -> Callable:
        """Something else happens before the request goes on."""

        def acted(handler, body: bytes) -> None:
            act()
            self._answer(handler, *self._forward(handler, body))

        return acted

    # inside

    def _pass(self, handler, body: bytes) -> None:
        line = f"{handler.command} {handler.path}"
        with self._lock:
            self.asked.append(line)
            self.headers.append(dict(handler.headers))
            at = next((k for k, (pattern, _, _) in enumerate(self._plans) if re.search(pattern, line)), None)
            if at is not None:
                pattern, what, times = self._plans.pop(at)
                if times > 1:
                    self._plans.insert(at, (pattern, what, times - 1))
        if at is None:
            self._answer(handler, *self._forward(handler, body))
        else:
            what(handler, body)

    def _forward(self, handler, body: bytes) -> tuple[int, dict[str, str], bytes]:
        upstream = http.client.HTTPConnection(self.service.removeprefix("http://"), timeout=30)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in HOPS}
        upstream.request(handler.command, handler.path, body or None, headers)
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        return answer.status, {name: value for name, value in answer.getheaders() if name.lower() not in HOPS}, content

    @staticmethod
    def _answer(handler, status: int, headers: dict[str, str], content: bytes, sent: int | None = None) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        if status != 304:
            handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:sent])

    @staticmethod
    def _cut(handler) -> None:
        handler.close_connection = True
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)
