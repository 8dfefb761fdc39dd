"""What wants to run is shown and does not run; what only says something stays as it was written."""

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from hostile.active import PIECES
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import validate
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.rescue.active_content import ActiveContent, harmless_output
from autograder.rescue.markup import clean_html, clean_markdown
from dla_widgets.verdict import MIME, Verdict

KNOWN = {"a", "b", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "hr", "i", "img", "input", "li", "ol", "p",
         "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "u", "ul"}


def pieces():
    return {name: piece.format(js="window.hostile=1;fetch(`http://127.0.0.1:77/ran`)", url="http://127.0.0.1:77")
            for name, piece in PIECES.items()}


def active(html: str) -> list[str]:
    """What in `html` is of no kind that a page can only show."""
    found = []
    for element in BeautifulSoup(html, "html.parser").find_all(True):
        if element.name not in KNOWN:
            found.append(element.name)
        for name, value in element.attrs.items():
            text = "".join(str(value).split()).lower()
            if name.startswith("on") or name in ("srcset", "srcdoc", "action", "formaction") or "javascript:" in text:
                found.append(f"{element.name} {name}={value}")
            if (name == "src" and not text.startswith("data:image/")) or "position" in text or "url(" in text:
                found.append(f"{element.name} {name}={value}")
    return found


def rendered(text: str, attachments=None) -> str:
    return MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments or {})).render(text)


@pytest.mark.parametrize("name, piece", pieces().items())
def test_no_piece_is_active_in_html_or_markdown(name, piece):
    assert active(piece) != [] or name == "noscript" or "<!" in piece or name == "link-in-disguise"  # the finder sees them
    assert active(clean_html(piece)) == []
    for text in (piece, f"x {piece} y", f"[x]({piece}) ![x]({piece}) `{piece}` $\\text{{{piece}}}$", f"- a\n\n  {piece}",
                 f"```\ncode\n```\n\n{piece}", f"```mermaid\n{piece}\n```", f"|a|\n|-|\n|{piece}|", f"`` ` {piece}",
                 f"    {piece}\n{piece}"):
        html = rendered(clean_markdown(text))
        assert active(html) == []
        assert "hostile" not in html or "hostile" in BeautifulSoup(html, "html.parser").get_text()


@pytest.mark.parametrize("text", [
    "[x](javascript:window.hostile=1)", "<javascript:window.hostile=1>", "[x](JaVaScRiPt&colon;alert(1))",
    "[x]( java\tscript:alert(1))",
    "[x][y]\n\n[y]: javascript:alert(1)", "![x](http://127.0.0.1:77/pixel.png)", "![x][y]\n\n[y]: //127.0.0.1/x.png",
    "![x](/logout)", "![x](../../api)", "<img src=x onerror=alert(1) ", "a <b", "</div></div>",
    "$\\href{javascript:alert(1)}{x}$",
    "<p class='navbar-fixed-top'>You got 100 %.</p>", "![x](attachment:missing.png)", "[x](vbscript:x) [y](data:text/html,<b>)",
])
def test_other_ways_in_markdown(text):
    html = rendered(clean_markdown(text))
    assert active(html) == [] and "href=\"javascript" not in html.lower() and "navbar-fixed-top\"" not in html
    assert "\\href" not in html and html.count("</div>") == html.count("<div")


@pytest.mark.parametrize("text", [
    "Snow, if a < b and c > d, or 3<4.", "$$\\frac{a<b}{c}$$ and $x_1 < y_2$", "`<script>` is a tag",
    "```html\n<script>alert(1)</script>\n```",
    "# Title\n\n- one\n- [x] two\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |", "H<sub>2</sub>O<br>and **more**", "[paper](https://doi.org/10.1016/x)",
    "```python\ndef nse(o, s):\n    return o < s\n```", "![a map](map.png)", "> said\n\n1. one\n2. two\n\n---", "a & b &lt; c",
])
def test_honest_markdown_stays_as_it_was_written(text):
    assert clean_markdown(text) == text


def test_a_comparison_that_a_browser_would_take_for_a_tag_can_be_read():
    text = BeautifulSoup(rendered(clean_markdown("Snow, if a<b and c>d.")), "html.parser").get_text()
    assert text.strip() == "Snow, if a<b and c>d."


def test_of_markup_that_is_not_harmless_the_words_stay():
    assert rendered(clean_markdown("Snow <blink>melts</blink> `a<b>c`.")) == (
        "<p>Snow &lt;blink>melts&lt;/blink> <code>a&lt;b&gt;c</code>.</p>\n".replace("blink>", "blink&gt;"))


def test_tables_and_verdicts_look_as_before():
    table = pd.DataFrame({"river": ["Neckar"], "nse": [0.8]}).to_html()
    assert clean_html(table) == table.replace("text-align: right;", "text-align:right")
    verdict = Verdict("nse", 0.5, "partial", "Sum both over the same days.", "For [1, 2] you gave 3 < 4.", "x", "hint('nse')")
    html = verdict._repr_mimebundle_()["text/html"]
    kept = BeautifulSoup(clean_html(html), "html.parser")
    assert kept.get_text() == BeautifulSoup(html, "html.parser").get_text()
    assert kept.div["role"] == "status" and "border-left" in kept.div["style"]


def shown(**data):
    return harmless_output(new_output("display_data", data={kind.replace("__", "/"): value for kind, value in data.items()}))


def test_outputs_keep_what_a_page_can_only_show():
    page = "<script>hostile()</script><p>12 rivers</p>"
    assert shown(text__html=page).data == {"text/html": "<p>12 rivers</p>"}
    # without its script a map says nothing
    assert shown(text__html=page, text__plain="<Map>").data == {"text/plain": "<Map>"}
    assert shown(application__javascript="hostile()").data == {"text/plain": "(left out: application/javascript)"}
    assert shown(image__png="aGVsbG8=").data == {"image/png": "aGVsbG8="}
    assert "image/png" not in shown(image__png="\"><script>hostile()</script>").data
    drawing = shown(**{"image__svg+xml": "<svg onload='hostile()'></svg>"}).data
    assert list(drawing) == ["text/html"]
    assert drawing["text/html"].startswith('<img alt="a drawing" src="data:image/svg+xml;base64,')
    sized = new_output("display_data", data={"image/png": "aGVsbG8="},
                       metadata={"image/png": {"width": 9, "height": "1 onload=x"}})
    assert harmless_output(sized).metadata == {"image/png": {"width": 9}}


def test_a_whole_notebook_is_still_valid_says_what_was_done_and_keeps_what_grading_needs():
    markup = "</script><script>hostile()</script>"
    marks = {"grade_id": "nse-tests", "grade": True, "solution": False, "locked": True, "points": 2, "schema_version": 3}
    nb = new_notebook(metadata={"title": markup, "kernelspec": {"name": "python3", "display_name": markup},
                                "widgets": {"x": markup}, "language_info": {"name": markup, "pygments_lexer": "html"},
                                "dla": {"lesson": "streamflow/02_skill"}})
    right = new_output("display_data", data=Verdict("nse", 1, "right", "Well done.")._repr_mimebundle_())
    nb.cells = [new_markdown_cell(f"<b>x</b>{markup}"),
                new_raw_cell(markup, metadata={"format": "text/html", "raw_mimetype": "text/html"}),
                new_code_cell("check('nse', nse)", outputs=[right],
                              metadata={"nbgrader": marks, "tags": [markup, "demo"], "name": markup}),
                new_code_cell("1", outputs=[new_output("display_data", data={"text/html": markup})])]
    nb, _ = ActiveContent().preprocess(nb, {})
    validate(nb)
    assert [cell.cell_type for cell in nb.cells] == ["markdown", "markdown", "code", "code"]
    assert not any(active(rendered(cell.source)) for cell in nb.cells[:2])
    assert nb.metadata.kernelspec.display_name == "python3" and set(nb.metadata) == {"kernelspec", "language_info", "dla"}
    assert nb.cells[2].metadata == {"nbgrader": marks, "tags": ["demo"]} and MIME in nb.cells[2].outputs[0].data
    assert nb.metadata.dla.lesson == "streamflow/02_skill"
    assert [repair["step"] for repair in nb.metadata.dla.repairs] == ["ActiveContent"]
