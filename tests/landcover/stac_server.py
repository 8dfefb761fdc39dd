"""A web server on this machine that is a STAC API and gives files in parts, and can be told to be as bad as real ones."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

CONFORMS = ["core", "item-search", "ogcapi-features", "collections"]


@dataclass
class StacServer:
    """Serves a :class:`stac_like.Store`: its items at ``/stac``, its files at ``/files``."""

    store: object
    page: int = 100  #: items on a page of answers
    busy: int = 0  #: so many of the next requests to the API get a 503
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)  #: path -> status and text given in place of the true
    broken: dict[str, int] = field(default_factory=dict)  #: end of a file's name -> so many of its next parts are cut off
    log: list[str] = field(default_factory=list)

    def __enter__(self):
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"here": self}))
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    @property
    def api(self) -> str:
        return f"{self.url}/stac"

    def landing(self) -> dict:
        links = [{"rel": "self", "href": self.api}, {"rel": "root", "href": self.api},
                 {"rel": "search", "type": "application/geo+json", "href": f"{self.api}/search", "method": "POST"}]  # fmt: skip
        return {"type": "Catalog", "stac_version": "1.0.0", "id": "api", "description": "a test", "links": links,
                "conformsTo": [f"https://api.stacspec.org/v1.0.0/{name}" for name in CONFORMS]}  # fmt: skip

    def search(self, asked: dict) -> dict:
        west, south, east, north = asked["bbox"]
        first, last = asked["datetime"].split("/") if asked.get("datetime") else ("0", "9")
        found = [
            item for item in self.store.items
            if item["collection"] in asked["collections"] and first <= item["properties"]["datetime"] <= last
            and not (item["bbox"][2] < west or item["bbox"][0] > east or item["bbox"][3] < south or item["bbox"][1] > north)
        ]  # fmt: skip
        start = int(asked.get("token", 0))
        answer = self.store.collection(f"{self.url}/files", found[start : start + self.page])
        if len(found) > start + self.page:
            body = asked | {"token": str(start + self.page)}
            answer["links"] = [{"rel": "next", "href": f"{self.api}/search", "method": "POST", "body": body}]
        return answer


class _Handler(BaseHTTPRequestHandler):
    here: StacServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.api(lambda: self.here.search(asked))

    def do_GET(self):
        path = urlparse(self.path).path
        self.here.log.append(f"{self.command} {path}")
        if path in self.here.answers:
            return self.api(dict)
        if path.startswith("/files/"):
            return self.file(path.removeprefix("/files/"))
        if path == "/stac/search":
            asked = {k: v[0] for k, v in parse_qs(urlparse(self.path).query).items()}
            asked["bbox"], asked["collections"] = [float(v) for v in asked["bbox"].split(",")], asked["collections"].split(",")
            return self.api(lambda: self.here.search(asked))
        return self.api(self.here.landing) if path == "/stac" else self.answer(404, b"no such page")

    def api(self, make):
        path = urlparse(self.path).path
        if self.here.busy:
            self.here.busy -= 1
            return self.answer(503, b"too busy")
        if path in self.here.answers:
            status, text = self.here.answers[path]
            return self.answer(status, text.encode())
        return self.answer(200, json.dumps(make()).encode(), **{"Content-Type": "application/json"})

    def file(self, name: str):
        path = self.here.store.folder / name
        if not path.is_file():
            return self.answer(404, b"no such file")
        content = path.read_bytes()
        wanted = self.headers.get("Range")
        if not wanted:
            return self.answer(200, content, **{"Accept-Ranges": "bytes"})
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        first, last = int(first), min(int(last or len(content)), len(content) - 1)
        place = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        for end, times in self.here.broken.items():
            if name.endswith(end) and times and self.command == "GET":
                self.here.broken[end] -= 1
                return self.answer(206, content[first : last + 1], cut=True, **place)
        return self.answer(206, content[first : last + 1], **place)

    def answer(self, status: int, content: bytes, cut: bool = False, **headers: str):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(ConnectionError):  # GDAL hangs up once it has read what it wants
                self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def log_message(self, *_):
        pass
