"""Announcements, questions and answers go out to channels of Teams and Slack, and come in from there.

A channel stands in competition.yaml as ``channels: {room: {kind: slack, url_file: secret/room.url}}``. Whoever has its address
can write there: the address stays in its file, and no error, log or audit line repeats it.

Out, a message waits in the database until its channel took it; a service that dies in between sends it again. In, each
channel has a secret address of its own here (:func:`hook`); what came in by it goes out to the other channels only.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import os
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, urlsplit

from sqlalchemy import select, update

from . import messages, webhooks
from .contest import Contest, _key
from .rules import Channel
from .store import Refused, plain, row
from .tables import Delivery, Message
from .truth import SECRET

log = logging.getLogger(__name__)

#: Seconds that a channel may take for a message.
LIMIT = 15.0

#: Seconds until a message is tried again: doubled each time, up to the longest.
FIRST, LONGEST = 30.0, 3600.0

#: Seconds after which a message is given up.
GIVE_UP = 3 * 86400.0

#: Seconds after which a message is tried again that was taken by a service which then died.
LEASE = 120.0

#: Seconds between two looks for messages.
LOOK = 2.0

#: Begins the problem of a message that its channel refuses for its own sake; the messages after it need not wait.
UNFIT = "it does not take this message"


class Undelivered(Exception):
    """A channel did not take a message; the text says why, and never where to. `wait`: what the channel asks for [s]."""

    def __init__(self, text: str, wait: float | None = None):
        super().__init__(text)
        self.wait = wait


class Courier:
    """A thread that takes the messages of `contests` to their channels."""

    def __init__(self, contests: Iterable[Contest]):
        self.contests = list(contests)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        """Begin; nothing runs if no competition has a channel."""
        if any(contest.rules.channels for contest in self.contests):
            self._thread.start()

    def stop(self) -> None:
        """End; what was not taken yet goes out after the next start."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(LIMIT + 5)

    def _run(self) -> None:
        while not self._ended.wait(LOOK):
            for contest in self.contests:
                try:
                    deliver_due(contest, self._ended)
                except Refused as trouble:  # the database is away or full; messages wait
                    log.warning("messages of %s wait: %s", contest.name, trouble)
                except Exception as error:  # its text and where it came from might hold an address
                    log.error("messages of %s wait: %s", contest.name, type(error).__name__)


def deliver_due(contest: Contest, ended: threading.Event | None = None) -> int:
    """Send what is due, each channel's messages in their order; how many were taken. Stops early once `ended` is set."""
    with contest.store.reading() as session:
        waiting = session.execute(
            select(Delivery.channel, Delivery.message_id, Delivery.next, Delivery.problem).join(Message)
            .where(Message.competition == contest.name, Delivery.done.is_(None)).order_by(Delivery.message_id)).all()
    stopped, sent = set(), 0
    for channel, message, when, problem in waiting:
        if channel in stopped or (ended is not None and ended.is_set()):
            continue
        if when > contest.store.now():
            if not problem.startswith(UNFIT):
                stopped.add(channel)
            continue
        if (taken := _take(contest, channel, message)) is None:
            stopped.add(channel)  # another service is at it
            continue
        try:
            _send(contest, channel, *taken)
        except Undelivered as trouble:
            _put_back(contest, channel, message, trouble)
            if not str(trouble).startswith(UNFIT):
                stopped.add(channel)
        else:
            with contest.store.changing() as session:
                delivery = session.get(Delivery, (message, channel))
                delivery.done, delivery.problem = contest.store.now(), ""
            sent += 1
    return sent


def hook(contest: Contest, channel: str) -> str:
    """The secret of a channel's address here, ``hooks/{competition}/{secret}``. Without ``secret/hooks.key`` all are new.

    Raises
    ------
    Refused : 404, competition.yaml has no such channel
    """
    if channel not in contest.rules.channels:
        known = ", ".join(contest.rules.channels) or "none"
        raise Refused(f"{contest.name} has no channel {channel[:40]!r}; it has {known}", 404)
    key = _key(contest.folder / SECRET / "hooks.key")
    return hmac.digest(key, f"{contest.name}|{channel}".encode(), "sha256").hex()


def receive(contest: Contest, secret: str, payload: dict) -> dict:
    """Keep what was said in a channel: a question, or an answer if it begins with the number of a question, as in ``#12 Yes``.

    Returns
    -------
    what to answer, in words for the channel; nothing if it was no person who said it, or the service itself

    Raises
    ------
    Refused : 404, it is no channel's secret; 422, there is no text
    """
    channel = _whose(contest, secret)
    heard = webhooks.said(contest.rules.channels[channel].kind, payload)
    text = plain(heard.text, 4000, "a message", least=1)
    if heard.by_machine or re.match(rf"{re.escape(contest.rules.title)}: (announcement|question|answer) [^\n]*, by ", text):
        return {}  # else two channels that tell each other everything would never end
    author = f"{plain(heard.author, 4000, 'a name')[:100] or 'somebody'} on {channel[:60]}"
    with contest.store.writing(contest.name) as session:
        kind, about = "question", None
        if found := re.match(r"#([0-9]{1,12})\s+(?=\S)", text):
            asked = row(session, Message, int(found[1]))
            if asked is not None and asked.competition == contest.name and asked.kind == "question":
                kind, about, text = "answer", asked.id, text[found.end() :]
        said = messages.keep(contest, session, author, kind, text, about, source=channel)
    told = f"Question #{said['id']} is" if about is None else f"The answer to #{about} is"
    return {"type": "message", "text": f"{told} on the board."}


def _whose(contest: Contest, secret: str) -> str:
    """The channel whose secret it is; all are compared, so that time tells nothing."""
    given = secret.encode("utf-8", "surrogatepass")
    found = [channel for channel in contest.rules.channels if hmac.compare_digest(hook(contest, channel).encode(), given)]
    if not found:
        raise Refused("there is no such channel", 404)
    return found[0]


def _take(contest: Contest, channel: str, message: int) -> tuple[str, str] | None:
    """Head and text of a message that is due and that nobody else has taken."""
    now = contest.store.now()
    with contest.store.changing() as session:
        mine = session.execute(update(Delivery).where(
            Delivery.message_id == message, Delivery.channel == channel, Delivery.done.is_(None), Delivery.next <= now)
            .values(next=now + LEASE, tries=Delivery.tries + 1)).rowcount  # fmt: skip
        if not mine:
            return None
        said = session.get(Message, message)
        which = f"answer to #{said.about}" if said.kind == "answer" else f"{said.kind} #{said.id}"
        return f"{contest.rules.title}: {which}, by {said.author}", said.text


def _put_back(contest: Contest, channel: str, message: int, trouble: Undelivered) -> None:
    """Try it again later, or give it up and say so."""
    now = contest.store.now()
    with contest.store.writing(contest.name) as session:
        delivery = session.get(Delivery, (message, channel))
        delivery.problem = str(trouble)
        later = min(FIRST * 2.0 ** min(delivery.tries - 1, 20), LONGEST)
        delivery.next = now + (later if trouble.wait is None else trouble.wait)
        if now - session.get(Message, message).at >= GIVE_UP and delivery.tries >= 3:
            delivery.done = now
            contest.store.note(session, contest.name, "the service", "not delivered", message=message, channel=channel,
                               tries=delivery.tries, problem=str(trouble))


def _send(contest: Contest, channel: str, head: str, text: str) -> None:
    """Send a message to its channel's address, as it stands in its file now.

    Raises
    ------
    Undelivered : the channel did not take it
    """
    rules, address = _leads_to(contest, channel)
    body = json.dumps(webhooks.payload(rules.kind, head, text), ensure_ascii=False).encode("utf-8", "replace")
    status, headers = _post(address, body)
    if 200 <= status < 300:
        return
    wait = _retry_after(headers.get("Retry-After", "")) if status in (429, 503) else None
    if 300 <= status < 400:
        raise Undelivered(f"it answered {status}, a redirect, which is not followed; its address has changed")
    raise Undelivered(f"{UNFIT} ({status})" if status in (400, 413, 422) else f"it answered {status}", wait)


def problem(contest: Contest, channel: str) -> str:
    """What anybody can see is wrong with a channel before something is sent to it."""
    try:
        _leads_to(contest, channel)
    except Undelivered as fault:
        return str(fault)
    return ""


def _leads_to(contest: Contest, channel: str) -> tuple[Channel, SplitResult]:
    """A channel's rules, and its address as its file has it now."""
    rules = contest.rules.channels.get(channel)
    if rules is None:
        raise Undelivered("competition.yaml has no such channel any more")
    try:
        address = (contest.folder / rules.url_file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise Undelivered(f"its url_file cannot be read ({getattr(error, 'strerror', None) or 'no text'})") from None
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is none
        if not parts.hostname or parts.scheme not in ("https", "http") or min(address) <= " ":
            raise ValueError
    except ValueError:
        raise Undelivered("its url_file holds no address; expected one line with https://") from None
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise Undelivered("its address begins with http://, so that others could read along; expected https://")
    return rules, parts


def _post(parts: SplitResult, body: bytes) -> tuple[int, dict[str, str]]:
    """Post JSON; the status and headers of the answer. Here and not by a library, as those log where they go."""
    make = HTTPConnection if parts.scheme == "http" else partial(HTTPSConnection, context=ssl.create_default_context())
    connection = make(parts.hostname, parts.port, timeout=LIMIT)
    began = time.monotonic()
    cut = threading.Timer(LIMIT, _cut, (connection,))  # a socket's own limit begins anew with every byte
    cut.daemon = True
    cut.start()
    try:
        connection.request("POST", f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}", body,
                           {"Content-Type": "application/json; charset=utf-8", "User-Agent": "dla-board", "Connection": "close"})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers)
    except ssl.SSLCertVerificationError:
        raise Undelivered("its certificate is not valid") from None
    except socket.gaierror:
        raise Undelivered("its host is not found") from None
    except (OSError, HTTPException, ValueError) as error:
        late = isinstance(error, TimeoutError) or time.monotonic() - began >= LIMIT
        why = f"it took longer than {LIMIT:g} s" if late else _reason(error)
        raise Undelivered(why) from None
    finally:
        cut.cancel()
        connection.close()


def _reason(error: Exception) -> str:
    """Why there is no answer: never the error's own words, which may name the host."""
    number = error.errno if isinstance(error, OSError) and not isinstance(error, ssl.SSLError) else None
    return f"it cannot be reached ({os.strerror(number).lower()})" if number else f"it does not answer ({type(error).__name__})"


def _cut(connection: HTTPConnection) -> None:
    if (open_ := connection.sock) is not None:
        with suppress(OSError):
            open_.shutdown(socket.SHUT_RDWR)


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _retry_after(text: str) -> float | None:
    """Seconds or a date, as HTTP has it; at most a day."""
    try:
        seconds = float(text) if re.fullmatch(r"\s*\d{1,9}\s*", text) else _until(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 1.0), 86400.0)


def _until(date: str) -> float:
    when = parsedate_to_datetime(date)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - time.time()
