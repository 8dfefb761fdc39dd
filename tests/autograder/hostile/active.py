"""Right answers with content that wants to run in the browser of whoever reads them; it must not, and the points stay.

Each piece sets ``window.hostile`` and calls the listener of :class:`.case.Place`, should it run.
"""

from __future__ import annotations

from .case import Place, code_cell, find, honest, markdown_cell

PIECES = {
    "script": "<script>{js}</script>",
    "script-in-pieces": "<scr<script>ipt>{js}</scr</script>ipt>",
    "script-from-elsewhere": '<script src="{url}/script.js"></script>',
    "handler": '<img src="x" onerror="{js}">',
    "handler-without-quotes": "<img/src=x/onerror={js}>",
    "handler-of-a-video": '<video><source onerror="{js}"></video>',
    "handler-of-details": '<details open ontoggle="{js}">more</details>',
    "handler-of-focus": '<input autofocus onfocus="{js}">',
    "svg": '<svg onload="{js}"><script>{js}</script></svg>',
    "svg-link": '<svg><a xlink:href="javascript:{js}"><text y="20">go on</text></a></svg>',
    "svg-animation": '<svg><animate onbegin="{js}" attributeName="x" dur="1s"></svg>',
    "link": '<a href="javascript:{js}">go on</a>',
    "link-in-disguise": '<a href="&#106;ava&Tab;script:{js}">go on</a>',
    "frame": '<iframe src="javascript:{js}"></iframe>',
    "frame-with-a-page": '<iframe srcdoc="<script>parent.hostile=1;{js}</script>"></iframe>',
    "object": '<object data="data:text/html,<script>{js}</script>"></object><embed src="{url}/embed">',
    "form": '<form action="{url}/form"><button formaction="javascript:{js}">go on</button></form>',
    "refresh": '<meta http-equiv="refresh" content="0;url={url}/refresh">',
    "base": '<base href="{url}/">',
    "style": '<link rel="stylesheet" href="{url}/a.css"><style>@import url("{url}/b.css"); body {{ display: none }}</style>',
    "picture-that-calls-home": '<img src="{url}/pixel.png" srcset="{url}/pixel2.png 2x">',
    "style-of-an-element": '<p style="position:fixed;inset:0;background:url({url}/background)">You got 100 %.</p>',
    "end-of-what-is-around": '</script></style></textarea></title></div></div></div><img src=x onerror="{js}">',
    "noscript": '<noscript><p title="</noscript><img src=x onerror={js}>"></noscript>',
    "mathml": '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={js}&gt;"></table></math>',
    "template": "<template><script>{js}</script></template>{{{{ cycler.__init__.__globals__ }}}}{{% include '/etc/passwd' %}}",
    "comment": "<!--><img src=x onerror={js}>-->",
    "cdata": "<![CDATA[<img src=x onerror={js}>]]><?php ?><!DOCTYPE html><plaintext>",
}


def pieces(place: Place, only: str | None = None) -> list[str]:
    """Each piece of active content, with what it does filled in."""
    url = f"http://127.0.0.1:{place.port}"
    js = f"window.hostile=1;fetch(`{url}/ran`)"
    return [piece.format(js=js, url=url) for name, piece in PIECES.items() if only in (None, name)]


def show_from_code(kinds: str):
    """A cell that shows the pieces as outputs of these mime types when it runs."""

    def twist(notebook, place):
        notebook["cells"].append(code_cell("shows", f"""\
from IPython.display import display
for piece in {pieces(place)!r}:
    for kind in {kinds.split()!r}:
        display({{kind: piece, "text/plain": piece}}, raw=True)
"""))

    return twist


def svg_output(notebook, place):
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'
    notebook["cells"].append(code_cell("shows", f"""\
from IPython.display import SVG, display
for piece in {pieces(place)!r}:
    display({{"image/svg+xml": {picture!r}.format(piece)}}, raw=True)
"""))


def script_output(notebook, place):
    js = f"window.hostile=1;fetch(`http://127.0.0.1:{place.port}/ran`)"
    notebook["cells"].append(code_cell("shows", f"""\
from IPython.display import Javascript, display
display(Javascript({js!r}))
display({{"application/javascript": {js!r}}}, raw=True)
display({{"text/latex": "$\\\\href{{javascript:{js}}}{{x}}$", "text/plain": ""}}, raw=True)
display({{"application/vnd.jupyter.widget-view+json": {{"model_id": "</script><script>{js}</script>"}}}}, raw=True)
display({{"image/png": "\\"><script>{js}</script>", "image/jpeg": "x' onerror='{js}"}}, raw=True)
display({{"application/vnd.plotly.v1+json": {{"data": ["</script><script>{js}</script>"]}}}}, raw=True)
"""))
    notebook["cells"].append(code_cell("magic", f"%%javascript\n{js}\n"))
    notebook["cells"].append(code_cell("magic-html", "%%html\n" + "\n".join(pieces(place))))


def saved_outputs(notebook, place):
    """The notebook comes with such outputs, in a plain cell and in the tests."""
    outputs = [{"output_type": "display_data", "metadata": {}, "data": {"text/html": piece}} for piece in pieces(place)]
    notebook["cells"].append(code_cell("saved", "pass", outputs))
    find(notebook, "nse-tests")["outputs"] = outputs


def text_cells(notebook, place):
    cells = [markdown_cell(f"text-{n}", piece) for n, piece in enumerate(pieces(place))]
    inside = [f"[x]({piece}) ![x]({piece}) `{piece}` $\\text{{{piece}}}$" for piece in pieces(place)]
    links = ["[go on](javascript:window.hostile=1)", "<javascript:window.hostile=1>",
             f"![x](http://127.0.0.1:{place.port}/markdown.png)"]
    notebook["cells"] += cells + [markdown_cell(f"inside-{n}", text) for n, text in enumerate(inside + links)]


def raw_cells(notebook, place):
    for n, piece in enumerate(pieces(place)):
        for kind in ("text/html", "text/markdown"):
            notebook["cells"].append({"cell_type": "raw", "id": f"raw-{n}-{kind[5:]}", "source": piece,
                                      "metadata": {"format": kind, "raw_mimetype": kind}})


def written_answer(notebook, place):
    find(notebook, "in_words")["source"] = "My answer.\n\n" + "\n\n".join(pieces(place))


def attachments(notebook, place):
    files = {f"{n}.svg": {"image/svg+xml": piece, "text/html": piece} for n, piece in enumerate(pieces(place))}
    cell = markdown_cell("attached", "\n".join(f"![x](attachment:{name})" for name in files))
    notebook["cells"].append(cell | {"attachments": files})


def metadata(notebook, place):
    """Title, authors, kernel, language and the widgets' state are markup."""
    markup = "</script></title>" + "".join(pieces(place, "script") + pieces(place, "handler"))
    notebook["metadata"] |= {
        "title": markup, "authors": [{"name": markup}], "celltoolbar": markup,
        "kernelspec": {"name": "python3", "display_name": markup, "language": markup},
        "language_info": {"name": markup, "pygments_lexer": "html", "file_extension": markup, "mimetype": markup},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {markup: markup}, "version_major": 2}}}
    for cell in notebook["cells"]:
        cell["metadata"] |= {"tags": [markup], "name": markup, "slideshow": {"slide_type": markup}}


CASES = {
    "active-html-output": honest("shows pages that want to run", twist=show_from_code("text/html")),
    "active-markdown-output": honest("shows text that wants to run", twist=show_from_code("text/markdown text/latex")),
    "active-svg-output": honest("shows drawings that want to run", twist=svg_output),
    "active-script-output": honest("shows scripts, widgets and pictures that want to run", twist=script_output),
    "active-saved-output": honest("comes with outputs that want to run", twist=saved_outputs),
    "active-text": honest("has text cells that want to run", twist=text_cells),
    "active-raw-cells": honest("has raw cells that want to run", twist=raw_cells),
    "active-answer": honest("has a written answer that wants to run", twist=written_answer),
    "active-attachments": honest("has attachments that want to run", twist=attachments),
    "active-metadata": honest("has metadata that want to run", twist=metadata),
    "active-prints": honest("prints markup and codes of a terminal", first="""\
        for out in (sys.stdout, sys.stderr):
            print("</pre><script>window.hostile=1</script><img src=x onerror=window.hostile=1>", file=out)
            print("\\x1b[2J\\x1b]0;title\\x07\\x1b[31mred", file=out)
        """),
    "active-error": honest("fails, in a cell that is no question, with markup for a message", first="""\
        class Markup(Exception):
            pass

        Markup.__name__ = "</pre><script>window.hostile=1</script>"
        raise Markup("</pre><img src=x onerror=window.hostile=1>")
        """),
}
