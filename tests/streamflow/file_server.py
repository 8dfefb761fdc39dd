"""A web server on this machine that gives files, in parts too, and can be told to be as bad as the real ones."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FileServer:
    """Serves `files`, by name. What it sent is in `log`: name, Range header, bytes."""

    files: dict[str, bytes]
    parts: bool = True  #: whether it gives parts of files
    cuts: dict[str, list[int]] = field(default_factory=dict)  #: for the next answers: close after so many bytes
    damages: dict[str, list[int]] = field(
        default_factory=dict
    )  #: places; the next answer that holds the first is damaged there
    busy: dict[str, int] = field(default_factory=dict)  #: so many of the next requests get a 503
    tags: dict[str, str] = field(default_factory=dict)
    log: list[tuple[str, str | None, int]] = field(default_factory=list)

    def __enter__(self):
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_": self}))
        self.url = f"http://127.0.0.1:{self.http.server_port}/record"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def sent(self, name: str) -> int:
        return sum(count for what, _, count in self.log if what == name)

    def asked(self, name: str) -> list[str | None]:
        return [wanted for what, wanted, _ in self.log if what == name]


class _Handler(BaseHTTPRequestHandler):
    server_: FileServer

    def do_GET(self):
        here, name = self.server_, self.path.rpartition("/")[2]
        if here.busy.get(name, 0):
            here.busy[name] -= 1
            return self.answer(503, b"", name, **{"Retry-After": "0"})
        if name not in here.files:
            return self.answer(404, b"", name)
        content, tag = here.files[name], here.tags.get(name, '"one"')
        wanted = self.headers.get("Range") if here.parts else None
        if wanted and self.headers.get("If-Range", tag) == tag:
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            first, last = int(first), min(int(last or len(content)), len(content) - 1)
            if first >= len(content):
                return self.answer(416, b"", name, **{"Content-Range": f"bytes */{len(content)}"})
            place = f"bytes {first}-{last}/{len(content)}"
            return self.answer(206, content[first : last + 1], name, first, **{"Content-Range": place, "ETag": tag})
        return self.answer(200, content, name, ETag=tag)

    def answer(self, status: int, content: bytes, name: str, first: int = 0, **headers: str):
        here, length = self.server_, str(len(content))
        if here.damages.get(name) and 0 <= (place := here.damages[name][0] - first) < len(content):
            here.damages[name].pop(0)
            content = content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
        if len(content) > 1 and here.cuts.get(name):
            content = content[: here.cuts[name].pop(0)]
            self.close_connection = True
        here.log.append((name, self.headers.get("Range"), len(content)))  # before the client can know
        self.send_response(status)
        for key, value in {**headers, "Content-Length": length}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
