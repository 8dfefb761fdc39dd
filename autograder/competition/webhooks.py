"""The forms of the webhooks of Slack and Microsoft Teams: a message as they take it, and what was said as they tell it.

Out, a text stays a text: people's words neither ping a channel nor become a link of another name.

- Slack takes ``{"text": ...}``, in which ``&``, ``<`` and ``>`` are escaped, so that ``<!channel>`` calls nobody.
- Teams (the *Workflows* webhook) takes a message with an Adaptive Card. A ``TextBlock`` of it is read as Markdown, a
  ``TextRun`` is not; mentions would need a list of their own in the card.

In, Slack's outgoing webhooks and whoever writes in the form of its incoming ones send ``text`` with a name, Teams' outgoing
webhooks send HTML with the name in ``from``.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl

from .store import Refused

#: Lines of a card; what is more goes into the last, as Teams takes 28 KB.
LINES = 40

#: Stands where a mention would begin: it is not seen, and belongs to neither word.
APART = "\u2060"

#: Letters of what a channel says, with its markup, at most.
LONGEST = 30_000

_CALLS = re.compile(r"@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_SLACK_LINK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


class Said(NamedTuple):
    """What somebody said in a channel; `by_machine` if it was no person, such as a webhook."""

    text: str
    author: str
    by_machine: bool = False


def payload(kind: str, head: str, text: str) -> dict:
    """A message in the form that a webhook of this kind, ``slack`` or ``teams``, takes."""
    return (_to_slack if kind == "slack" else _to_teams)(head, text)


def said(kind: str, sent: dict) -> Said:
    """What was said, from what a webhook of this kind sent.

    Raises
    ------
    Refused : 422, there is no text in it
    """
    if not isinstance(sent.get("text"), str):
        raise Refused('expected {"text": "..."} with what was said', 422)
    if len(sent["text"]) > LONGEST:  # HTML that is never closed takes its length squared
        raise Refused(f"what is said has at most {LONGEST} letters, markup included; this has {len(sent['text'])}", 422)
    return (_from_slack if kind == "slack" else _from_teams)(sent)


def parsed(body: bytes, content_type: str) -> dict:
    """What a webhook sent: JSON, or a form as Slack's outgoing ones do, with JSON in its field ``payload`` or without.

    Raises
    ------
    Refused : 422, it is neither
    """
    try:
        if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
            found = json.loads(form["payload"]) if "payload" in form else form
        else:
            found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused('expected {"text": "..."} as JSON, or a form with the field text', 422)
    return found


def _to_slack(head: str, text: str) -> dict:
    words = f"{head}\n{text}".replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": _CALLS.sub(f"@{APART}", words), "mrkdwn": False, "unfurl_links": False, "unfurl_media": False}


def _to_teams(head: str, text: str) -> dict:
    lines = text.split("\n")
    lines[LINES - 1 :] = [" ".join(lines[LINES - 1 :])] * (len(lines) >= LINES)
    body, spacing = [_line(head, "None", weight="Bolder", size="Medium")], "Small"
    for line in lines:
        if line.strip():
            body.append(_line(line, spacing))
        spacing = "None" if line.strip() else "Medium"
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
            "body": body}  # fmt: skip
    return {"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None,
                                                "content": card}]}  # fmt: skip


def _line(text: str, spacing: str, **looks: str) -> dict:
    text = text.replace("{{", "{" + APART + "{")  # a card would put a date there
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": [{"type": "TextRun", "text": text, **looks}]}


def _from_slack(sent: dict) -> Said:
    text, trigger = sent["text"], sent.get("trigger_word")
    if isinstance(trigger, str):
        text = text.removeprefix(trigger)
    text = _SLACK_LINK.sub(_slack_link, text)
    for escaped, letter in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, letter)
    name = sent.get("user_name") or sent.get("username")
    machine = bool(sent.get("bot_id")) or name == "slackbot" or sent.get("user_id") == "USLACKBOT"
    return Said(text, name if isinstance(name, str) else "", machine)


def _slack_link(found: re.Match) -> str:
    """``<@U12|ada>``, ``<!here>`` and ``<https://...|label>`` as a person reads them."""
    target, label = found[1], found[2]
    if target[:1] in ("@", "#", "!"):
        sign = "#" if target[0] == "#" else "@"
        return sign + (label or target[1:].partition("^")[0]).lstrip("@#")
    return target if label in (None, "", target) else f"{label} ({target})"


def _from_teams(sent: dict) -> Said:
    reader = _Words()
    reader.feed(sent["text"])
    reader.close()
    sender = sent.get("from")
    name = sender.get("name") if isinstance(sender, dict) else sent.get("username")
    return Said("".join(reader.words).replace("\u00a0", " "), name if isinstance(name, str) else "")


class _Words(HTMLParser):
    """The words of a piece of HTML, without the first mention: that is the webhook itself, whom everybody calls."""

    def __init__(self):
        super().__init__()
        self.words: list[str] = []
        self._called = False
        self._silent = ""

    def handle_starttag(self, tag: str, attrs) -> None:
        if tag in ("script", "style") or (tag == "at" and not self._called):
            self._silent = tag
        elif tag == "br":
            self.words.append("\n")
        self._called |= tag == "at"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif tag in ("p", "div", "li", "tr", "h1", "h2", "h3", "pre", "blockquote"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)
