"""From lessons to a folder of pages: run each, write what a visitor may read, and an index of all."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pygments.formatters import HtmlFormatter

from dla_widgets import kernel
from dla_widgets.panels.static import scripts

from ..lessons import Cell, Lesson, LessonError, find_lessons, read_lesson
from ..notebooks import advisor, learner, solution, write
from .cells import LABELS, Outputs, code
from .markdown import PageRenderer, relative, to_html

HERE = Path(__file__).parent
PROJECTS = {"streamflow": "Streamflow", "landcover": "Land cover"}

#: further texts of the course that get a page: path without suffix -> title
TEXTS = {"glossary": "Glossary"}

_FETCHES = re.compile(
    r"<(?:script|img|iframe|link|source|video|audio|object)\b[^>]*?\b(?:src|href|data)=[\"']?(?:https?:)?//[^\s>\"']+"
)


@dataclass(frozen=True)
class Site:
    """Where the pages go, and which there are.

    Attributes
    ----------
    course : the folder of the lessons
    out : the folder of the pages
    lessons : all lessons of the course, in their order
    solutions : whether the pages show the solutions and the advisor's notes
    ready : lessons that were run just now and are about to be written
    """

    course: Path
    out: Path
    lessons: tuple[Lesson, ...]
    solutions: bool = False
    ready: frozenset[str] = frozenset()

    @property
    def pages(self) -> list[str]:
        """What has a page or will have one, without suffix."""
        texts = [name for name in TEXTS if (self.course / f"{name}.md").is_file()]
        return ["index", *texts, *(name for lesson in self.lessons if self.has(name := page_name(lesson)))]

    def has(self, name: str) -> bool:
        return name in self.ready or (self.out / f"{name}.html").is_file()


def export(path: Path, out: Path, solutions: bool = False,
           progress: Callable[[Lesson], None] = lambda lesson: None) -> list[Path]:  # fmt: skip
    """Run the lessons of the course `path`, or the one lesson that it is, and write their pages below `out`.

    The pages show what a learner reads: text, the code of the learner's notebook, and the outputs that the solution gives,
    without those of the solutions and checks themselves. With `solutions` they show everything, for advisors.

    Raises
    ------
    LessonError : a lesson stopped with an error, or its page would need the internet; the other pages are written
    """
    chosen = find_lessons(path)
    course = chosen[0].parent.parent
    lessons = sorted(map(read_lesson, find_lessons(course)), key=_order)
    executed: dict[Lesson, nbformat.NotebookNode] = {}
    faults = []
    for lesson in lessons:
        if lesson.path in chosen:
            progress(lesson)
            try:
                executed[lesson] = run(lesson, solutions)
            except LessonError as error:
                faults.append(str(error))
    site = Site(course, Path(out), tuple(lessons), solutions, frozenset(map(page_name, executed)))
    pages = {page_name(lesson): lesson_page(site, lesson, notebook) for lesson, notebook in executed.items()}
    pages |= {name: text_page(site, name) for name in TEXTS if name in site.pages}
    pages["index"] = index_page(site)
    for name, text in pages.items():
        write(site.out / f"{name}.html", text)
    if faults:
        raise LessonError("\n".join(faults))
    return [site.out / f"{name}.html" for name in pages]


def run(lesson: Lesson, solutions: bool = False) -> nbformat.NotebookNode:
    """The lesson with all of its outputs, run with its solutions.

    Raises
    ------
    LessonError : a cell stopped with an error
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    if not kernel.is_installed():
        kernel.install()
    notebook = (advisor if solutions else solution)(lesson)
    with tempfile.TemporaryDirectory(prefix="dla-static-") as folder:
        client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}},
                                extra_arguments=["--IPKernelApp.log_level=ERROR"])
        try:
            client.execute(stderr=subprocess.DEVNULL)  # what C++ libraries tell a terminal
        except CellExecutionError as error:
            raise LessonError(f"{lesson.path}: stopped with {error.ename}: {error.evalue}; "
                              f"run `autograder build {lesson.path}` and the notebook in build/solution") from None
    return notebook


def page_name(lesson: Lesson) -> str:
    return f"{lesson.project}/{lesson.name}"


def lesson_page(site: Site, lesson: Lesson, executed: nbformat.NotebookNode) -> str:
    """The page of a lesson whose notebook was run."""
    shown = executed if site.solutions else learner(lesson)
    cells = [cell for cell in lesson.cells if site.solutions or cell.role != "advisor"]
    name, outputs = page_name(lesson), Outputs(executed)
    renderer = PageRenderer(lesson.path.parent, site.pages, name)
    parts = [to_html(shown.cells[0].source, renderer)]
    for cell, text, ran in zip(cells, shown.cells[1:], executed.cells[1:], strict=True):
        parts.append(_cell(cell, text.source, ran, renderer, outputs, site.solutions))
    body = Markup("\n".join(parts))
    at = site.lessons.index(lesson)
    return _render(
        site, "lesson.html.j2", name, title=f"{lesson.title} · {PROJECTS.get(lesson.project, lesson.project)}", body=body,
        headings=[(anchor, Markup(text)) for level, anchor, text in renderer.headings if level == 2],
        before=_neighbour(site, name, site.lessons[:at][::-1]), after=_neighbour(site, name, site.lessons[at + 1 :]),
        scripts=Markup(scripts(outputs.explorers)) if outputs.explorers else "",
    )  # fmt: skip


def text_page(site: Site, name: str) -> str:
    """The page of a text of the course, such as the glossary."""
    renderer = PageRenderer(site.course, site.pages, name)
    body = to_html((site.course / f"{name}.md").read_text(encoding="utf-8"), renderer)
    return _render(site, "lesson.html.j2", name, title=TEXTS[name], body=Markup(body), headings=[], scripts="",
                   before=None, after=None)  # fmt: skip


def index_page(site: Site) -> str:
    """What there is to read, a list per project."""
    projects: dict[str, list[dict[str, Any]]] = {}
    for lesson in site.lessons:
        name = page_name(lesson)
        entry = {"lesson": lesson, "link": relative("index", name) if site.has(name) else ""}
        projects.setdefault(PROJECTS.get(lesson.project, lesson.project), []).append(entry)
    texts = [(relative("index", name), TEXTS[name]) for name in site.pages if name in TEXTS]
    return _render(site, "index.html.j2", "index", title="The lessons", projects=projects, texts=texts)


def _cell(cell: Cell, source: str, ran: nbformat.NotebookNode, renderer: PageRenderer, outputs: Outputs, solutions: bool) -> str:
    label = f'<p class="label">{LABELS[cell.role]}</p>' if cell.role in LABELS else ""
    kind = f"cell {cell.role}".strip()
    if cell.kind == "markdown":
        return f'<div class="{kind}">{label}{to_html(source, renderer)}</div>'
    secret = not solutions and cell.role in ("solution", "tests")
    return f'<div class="{kind}">{label}{code(source)}{"" if secret else outputs.all(ran.outputs)}</div>'


def _neighbour(site: Site, here: str, lessons: Iterable[Lesson]) -> tuple[str, str] | None:
    """Address and title of the first of `lessons` that has a page."""
    found = next((lesson for lesson in lessons if site.has(page_name(lesson))), None)
    return (relative(here, page_name(found)), found.title) if found else None


def _render(site: Site, template: str, here: str, **values: Any) -> str:
    """A whole page; refused if it would fetch anything."""
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template(template).render(
        **values, css=Markup(_css()), index=relative(here, "index"), solutions=site.solutions, here=here,
        glossary=relative(here, "glossary") if "glossary" in site.pages and here != "glossary" else "",
    )  # fmt: skip
    if found := _FETCHES.search(page):
        raise LessonError(f"{here}: the page would fetch {found[0]!r} from another machine; put it into the course instead")
    return page


def _css() -> str:
    light, dark = (HtmlFormatter(style=style).get_style_defs(".code") for style in ("default", "github-dark"))
    own = (HERE / "page.css").read_text(encoding="utf-8")
    return f"{own}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n.code {{ background: var(--raised); }}\n"


def _order(lesson: Lesson) -> tuple[bool, str]:
    return lesson.project != "streamflow", lesson.name

