"""HTML and Markdown of a learner's, so that nothing in it runs, calls another machine or lies over the page around it.

HTML is cut down to a list of tags by nh3. Markdown stays as it was written where what it renders to is harmless by the
strict grammar below; else its HTML becomes text, and if even that is not enough, the whole of it is shown as plain text.
"""

from __future__ import annotations

import re
from html import unescape

import nh3
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEXT = _words("""b strong i em u s del ins code pre kbd samp sub sup small mark span div p br hr ul ol li dl dt dd
    blockquote h1 h2 h3 h4 h5 h6 table caption colgroup col thead tbody tfoot tr th td a img""")
_STYLE = _words("""color background-color border border-left border-right border-top border-bottom border-color border-style
    border-width border-collapse padding padding-left padding-right padding-top padding-bottom margin margin-top
    text-align vertical-align font-weight font-style font-family line-height white-space width max-width""")
_ATTRIBUTES = {"*": {"style", "title", "role", "aria-hidden", "lang", "dir"}, "a": {"href"},
               "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan", "align"},
               "th": {"colspan", "rowspan", "align", "scope"}, "table": {"border"}, "tr": {"align"}, "ol": {"start", "type"}}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
_COLOUR = re.compile(r"(rgb|hsl)a?\([\d\s.,%/]*\)", re.I)
#: in a style: what fetches or computes, and lengths below zero, which move a thing over its neighbours
_OVER_OTHERS = re.compile(r"[(\\]|-\s*\.?\d")
_FILE = re.compile(r"\w([\w.+~/#-]|%20)*")
#: What HTML cannot do without; where it is, the plain text of the same output says more than what is left.
NEEDS_MORE = re.compile(r"<\s*(script|svg|iframe|object|embed|form|input|canvas|video|audio|math|link)\b", re.I)

_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"<]*")?)*)\s*(/?)>')
_ATTRIBUTE = re.compile(r'([a-z-]+)(?:="([^"]*)")?')
_VOID = {"br", "hr", "img", "input"}
_WRITTEN = (_TEXT - {"col", "colgroup", "caption"}) | {"input"}
_CLASS = re.compile(r"(task-list-item(-checkbox)?|anchor-link|highlight|[a-z][a-z0-9]?|language-[\w+#.-]+)?")
_ALIGNED = re.compile(r"text-align:\s?(left|right|center);?")
_CODE = re.compile(r"^ {0,3}(?P<fence>```+|~~~+)[^\n]*\n.*?(?:^ {0,3}(?P=fence)[`~]*\s*$|\Z)"
                   r"|(?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)", re.S | re.M)
_MACRO = re.compile(r"\\(href|url|require|cssId|unicode|class|style|def|newcommand|includegraphics)\b")


def clean_html(html: str) -> str:
    """Of `html` the text, tables, pictures that it holds itself, and plain style."""
    return nh3.clean(html, tags=_TEXT, attributes=_ATTRIBUTES, attribute_filter=_attribute, filter_style_properties=_STYLE,
                     allowed_classes={"table": {"dataframe"}}, url_schemes={"http", "https", "mailto", "data"},
                     clean_content_tags={"script", "style", "title", "textarea", "template", "noscript", "svg", "math", "iframe"})


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if is_harmless_link(value) else None
    if name == "src":
        return value if _PICTURE.fullmatch(value) else None
    if name == "style" and _OVER_OTHERS.search(_COLOUR.sub("", value)):
        return None
    return value


def is_harmless_link(url: str) -> bool:
    """Whether `url` leads to the web, to an address or to a place on the page or beside it."""
    bare = re.sub(r"[\s\x00-\x20]", "", unescape(url))
    return bare.startswith(("https://", "http://", "mailto:", "#")) or _is_beside(bare)


def _is_beside(bare: str) -> bool:
    """Whether `bare` is the name of a file beside the page or below."""
    return bool(_FILE.fullmatch(bare)) and ".." not in bare


def clean_markdown(text: str, attachments: dict | None = None) -> str:
    """`text` as it is, if what it renders to is harmless; else as much of it as can be shown."""
    for candidate in (text, _without_html(text)):
        if is_harmless(candidate, attachments):
            return candidate
    return as_code(text)


def as_code(text: str) -> str:
    """Markdown that shows `text` as it is."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    return f"{fence}\n{text}\n{fence}"


def is_harmless(text: str, attachments: dict | None = None) -> bool:
    """Whether this Markdown can be read, and every piece of markup that it becomes is of the few known ones."""
    if _MACRO.search(_CODE.sub("", text)):
        return False
    try:
        html = MarkdownWithMath(renderer=IPythonRenderer(escape=False, attachments=attachments or {})).render(text)
    except Exception:  # a missing attachment, a nesting too deep: whatever stops a whole page
        return False
    return _is_harmless_html(html)


def _is_harmless_html(html: str) -> bool:
    """Strict: every ``<`` begins a known tag with known attributes, and tags are closed in order."""
    opened, at = [], 0
    while (at := html.find("<", at)) >= 0:
        tag = _TAG.match(html, at)
        if not tag or tag[2] not in _WRITTEN or (tag[1] and tag[3]) or not _are_harmless(tag[2], tag[3]):
            return False
        if tag[1]:
            if not opened or opened.pop() != tag[2]:
                return False
        elif tag[2] not in _VOID:
            opened.append(tag[2])
        at = tag.end()
    return not opened


def _are_harmless(tag: str, attributes: str) -> bool:
    for name, raw in _ATTRIBUTE.findall(attributes):
        value = unescape(raw)
        fine = {"href": is_harmless_link(value), "class": all(_CLASS.fullmatch(one) for one in value.split()),
                "src": bool(_PICTURE.fullmatch(value)) or _is_beside(re.sub(r"\s", "", value)),
                "style": bool(_ALIGNED.fullmatch(value)), "type": tag != "input" or value == "checkbox"}
        if not fine.get(name, name in ("id", "alt", "title", "disabled", "checked", "start", "align", "colspan", "rowspan")):
            return False
    return True


def _without_html(text: str) -> str:
    """`text` with its tags, pictures and macros as text; what stands in code is text already."""
    made, at = [], 0
    for code in _CODE.finditer(text):
        made += [_as_text(text[at:code.start()]), code[0]]
        at = code.end()
    return "".join([*made, _as_text(text[at:])])


def _as_text(text: str) -> str:
    text = re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
    return _MACRO.sub(r"\1", re.sub(r"!(?=\[)", "&#33;", text))
