"""Markdown of a lesson to HTML that asks nothing of other machines: formulas as MathML, pictures inside the page."""

from __future__ import annotations

import base64
import mimetypes
import posixpath
import re
from collections.abc import Collection
from pathlib import Path

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_REMOTE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//", re.I)


class PageRenderer(IPythonRenderer):
    """Writes a lesson's Markdown as HTML.

    Parameters
    ----------
    folder : where the lesson lies, so that its pictures are found
    pages : lessons and texts that have a page, as paths relative to the course: ``streamflow/02_skill``, ``glossary``
    here : the page that is written, as one of these
    """

    def __init__(self, folder: Path, pages: Collection[str] = (), here: str = "index"):
        super().__init__(escape=False)
        self.folder, self.pages, self.here = folder, pages, here
        self.headings: list[tuple[int, str, str]] = []

    def heading(self, text: str, level: int, **attrs: object) -> str:
        name = re.sub(r"[^\w]+", "-", re.sub(r"<[^>]+>", "", text).lower()).strip("-") or "part"
        taken = {anchor for _, anchor, _ in self.headings}
        anchor = next(a for k in range(len(taken) + 1) if (a := name if k == 0 else f"{name}-{k + 1}") not in taken)
        self.headings.append((level, anchor, text))
        return f'<h{level} id="{anchor}">{text}</h{level}>\n'

    def block_math(self, body: str) -> str:
        return convert(body.strip(), display="block")

    def inline_math(self, body: str) -> str:
        return convert(body.strip(), display="inline")

    def latex_environment(self, name: str, body: str) -> str:
        return convert(rf"\begin{{{name}}}{body}\end{{{name}}}", display="block")

    def image(self, text: str, url: str, title: str | None = None) -> str:
        path = self.folder / url
        if _REMOTE.match(url) or not path.is_file():
            return self.link(text or url, url, title)
        kind = mimetypes.guess_type(path.name)[0]
        encoded = base64.b64encode(path.read_bytes()).decode("ascii")
        return super().image(text, f"data:{kind};base64,{encoded}", title)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Links to lessons lead to their pages; what has no page is said without a link."""
        if url.startswith("#") or _REMOTE.match(url):
            return super().link(text, url, title)
        path, _, anchor = url.partition("#")
        target = re.sub(r"\.(py|ipynb|md)$", "", posixpath.normpath(posixpath.join(posixpath.dirname(self.here), path)))
        if target not in self.pages:
            return text
        return super().link(text, relative(self.here, target) + (f"#{anchor}" if anchor else ""), title)


def to_html(source: str, renderer: PageRenderer) -> str:
    """`source` as HTML; its headings are added to those that `renderer` remembers."""
    return MarkdownWithMath(renderer=renderer).render(source)


def relative(here: str, there: str) -> str:
    """How the page `here` links to the page `there`; both relative to the course, without suffix."""
    return posixpath.relpath(f"{there}.html", posixpath.dirname(here) or ".")
