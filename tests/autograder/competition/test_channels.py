"""Messages on their way to Teams and Slack and back, with a receiver on loopback in the place of either."""

import json
import logging
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from a_contest import Arena, Clocked
from sqlalchemy import select

from autograder.competition import channels, messages, webhooks
from autograder.competition.board import audit
from autograder.competition.contest import Contest
from autograder.competition.people import Caller
from autograder.competition.store import Refused
from autograder.competition.tables import Delivery, Message

#: In every address here; must be found nowhere else.
TOKEN = "T0SECRET9"


class Receiver(BaseHTTPRequestHandler):
    """Takes what is posted; answers as the test says, then with 200."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, self.headers["Content-Type"], json.loads(body)))
        status, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        if status == "slow":
            with suppress(OSError):
                for _ in range(200):  # a letter every now and then, without an end
                    self.wfile.write(b"x")
                    time.sleep(0.02)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def receiver(port=0):
    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    server.seen, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def arena(table_competition, tmp_path, store):
    return Arena(table_competition, tmp_path, store, title="Wells", channels={
        "room": {"kind": "slack", "url_file": "secret/room.url"}, "hall": {"kind": "teams", "url_file": "secret/hall.url"}})


@pytest.fixture
def contest(arena):
    return arena.contest


@pytest.fixture
def server(contest):
    with receiver() as server:
        address(contest, "room", f"http://127.0.0.1:{server.server_port}/room/{TOKEN}\n")
        address(contest, "hall", f"http://localhost:{server.server_port}/hall/{TOKEN}?sig={TOKEN}&x=1")
        yield server


@pytest.fixture(autouse=True)
def nothing_told(caplog, request):
    """After every test: no address in any log, even when everything is logged."""
    caplog.set_level(logging.DEBUG)
    yield
    assert TOKEN not in caplog.text and "127.0.0.1" not in caplog.text


def address(contest, channel, text):
    (contest.folder / "secret" / f"{channel}.url").write_text(text)


def announce(contest, text, kind="announcement", about=None):
    return messages.post(contest, Caller(0, "adele", "advisor"), kind, text, about)["id"]


def later(contest, seconds=7200):
    """The longest wait has passed."""
    contest.store.at += seconds


def waiting(contest):
    """Message, channel, tries, problem, seconds until the next try of what is on its way."""
    with contest.store.reading() as session:
        found = session.scalars(select(Delivery).join(Message).where(Message.competition == contest.name, Delivery.done.is_(None))
                                .order_by(Delivery.message_id, Delivery.channel))
        return [(one.message_id, one.channel, one.tries, one.problem, one.next - contest.store.now()) for one in found]


def started_again(contest):
    """The same competition in another process."""
    store = Clocked(str(contest.store.engine.url))
    store.at = contest.store.at
    return Contest(contest.folder, store)


def test_each_kind_gets_its_own_form_and_nobody_is_called(contest, server):
    text = "Fish & <chips> for <!channel>, @here and @Everyone\n\n[click](https://evil.example) **now** {{DATE(1)}}"
    number = announce(contest, text)
    assert channels.deliver_due(contest) == 2 and channels.deliver_due(contest) == 0
    seen = {path: (kind, body) for path, kind, body in server.seen}
    kind, slack = seen[f"/room/{TOKEN}"]
    assert kind == "application/json; charset=utf-8"
    assert slack["text"].startswith(f"Wells: announcement #{number}, by adele\nFish &amp; &lt;chips&gt; for &lt;!channel&gt;, @")
    assert "@here" not in slack["text"] and "@Everyone" not in slack["text"] and "<" not in slack["text"]
    assert slack["mrkdwn"] is False
    message = seen[f"/hall/{TOKEN}?sig={TOKEN}&x=1"][1]
    assert message["type"] == "message" and len(message["attachments"]) == 1
    attachment = message["attachments"][0]
    card = attachment["content"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive" and card["type"] == "AdaptiveCard"
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}  # a TextBlock would be Markdown
    assert [run["type"] for run in runs] == ["TextRun"] * 3 and "msteams" not in card
    assert runs[0]["text"] == f"Wells: announcement #{number}, by adele"
    assert runs[2]["text"].startswith("[click](https://evil.example) **now** {")
    assert "{{" not in runs[2]["text"]


def test_the_longest_message_fits_into_a_card(contest, server):
    announce(contest, "\n".join('"\\é' for _ in range(1000)))
    announce(contest, "\U0001f30a" * 4000)
    channels.deliver_due(contest)
    cards = [body for path, _, body in server.seen if path.startswith("/hall")]
    assert [len(json.dumps(card, ensure_ascii=False).encode()) < 28_000 for card in cards] == [True, True]
    lines = cards[0]["attachments"][0]["content"]["body"][1:]
    assert len(lines) == webhooks.LINES and "".join(b["inlines"][0]["text"] for b in lines).count("é") == 1000


def test_a_channel_that_fails_is_tried_again_in_order_and_holds_up_no_other(contest, server):
    server.answers = [(500, {})]
    first, second = announce(contest, "first"), announce(contest, "second")
    assert channels.deliver_due(contest) == 2  # the other channel's
    failed = {channel for _, channel, *_ in waiting(contest)}
    assert len(failed) == 1 and [one[2] for one in waiting(contest)] == [1, 0] and waiting(contest)[0][3] == "it answered 500"
    assert 25 < waiting(contest)[0][4] <= channels.FIRST
    assert channels.deliver_due(contest) == 0  # the second waits for the first
    later(contest)
    server.seen.clear()
    assert channels.deliver_due(contest) == 2 and waiting(contest) == []
    assert [f"#{number}," in json.dumps(body) for number, (_, _, body) in zip((first, second), server.seen)] == [True, True]


@pytest.mark.parametrize(("header", "least", "most"), [
    ("7", 5, 7), ("Fri, 01 Jan 2100 00:00:00 GMT", 86_000, 86_400), ("soon", 25, 30), ("-5", 25, 30)])
def test_a_channel_says_when_to_come_again(contest, server, header, least, most):
    server.answers = [(429, {"Retry-After": header})] * 2
    announce(contest, "hello")
    assert channels.deliver_due(contest) == 0
    assert all(problem == "it answered 429" and least < wait <= most for *_, problem, wait in waiting(contest))


def test_a_receiver_that_is_down_gets_everything_once_when_it_is_back(contest):
    with receiver() as gone:
        port = gone.server_port
    for channel in ("room", "hall"):
        address(contest, channel, f"http://127.0.0.1:{port}/{channel}/{TOKEN}")
    announce(contest, "hello")
    for tries in (1, 2, 3):
        assert channels.deliver_due(contest) == 0
        assert [(one[2], one[3]) for one in waiting(contest)] == [(tries, "it cannot be reached (connection refused)")] * 2
        assert all(25 * 2 ** (tries - 1) < one[4] <= 30 * 2 ** (tries - 1) for one in waiting(contest))
        later(contest)
    with receiver(port) as back:
        assert channels.deliver_due(started_again(contest)) == 2 and channels.deliver_due(contest) == 0
        assert sorted(path for path, *_ in back.seen) == [f"/hall/{TOKEN}", f"/room/{TOKEN}"]


def test_a_service_that_died_after_it_took_a_message_sends_it_after_the_next_start(contest, server):
    channels._take(contest, "room", announce(contest, "hello"))  # and then the power went
    assert channels.deliver_due(contest) == 1 and [path[:5] for path, *_ in server.seen] == ["/hall"]
    assert [(one[1], one[2]) for one in waiting(contest)] == [("room", 1)] and 100 < waiting(contest)[0][4] <= channels.LEASE
    later(contest)
    assert channels.deliver_due(contest) == 1 and waiting(contest) == []


def test_two_services_send_a_message_once(contest, server):
    other = started_again(contest)
    for number in range(8):
        announce(contest, f"number {number}")
    threads = [threading.Thread(target=lambda one=one: [channels.deliver_due(one) for _ in range(8)]) for one in (contest, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    later(contest)
    channels.deliver_due(contest)
    assert len(server.seen) == 16 and len({json.dumps(body) for _, _, body in server.seen}) == 16


def test_after_days_a_message_is_given_up_and_the_audit_log_says_so(contest, server):
    number = announce(contest, "hello")
    later(contest, channels.GIVE_UP)  # the service was not running for so long: it tries before it gives up
    server.answers = [(404, {})] * 6
    for _ in range(3):
        assert len(waiting(contest)) == 2
        channels.deliver_due(contest)
        later(contest)
    assert waiting(contest) == []
    lines = [line for line in audit(contest) if line["what"] == "not delivered"]
    assert sorted(line["details"].pop("channel") for line in lines) == ["hall", "room"]
    assert [line["details"] for line in lines] == [{"message": number, "tries": 3, "problem": "it answered 404"}] * 2
    assert channels.deliver_due(contest) == 0 and len(server.seen) == 6
    assert contest.store.broken_line(contest.name) is None


def test_a_message_that_is_refused_for_its_own_sake_holds_up_none_after_it(contest, server):
    server.answers = [(413, {})] * 2
    number = announce(contest, "too much")
    announce(contest, "enough")
    assert channels.deliver_due(contest) == 2
    assert {(one[0], one[3]) for one in waiting(contest)} == {(number, "it does not take this message (413)")}
    announce(contest, "more")
    assert channels.deliver_due(contest) == 2


@pytest.mark.parametrize(("text", "problem"), [
    (f"http://hooks.example.org/{TOKEN}", "its address begins with http://, so that others could read along; expected https://"),
    (f"hooks.example.org/{TOKEN}", "its url_file holds no address; expected one line with https://"),
    (f"https://[{TOKEN}/x", "its url_file holds no address; expected one line with https://"),
    (f"https://h.example:{TOKEN}/", "its url_file holds no address; expected one line with https://"),
    (f"ftp://127.0.0.1/{TOKEN}", "its url_file holds no address; expected one line with https://"),
    (f"http://127.0.0.1:1/{TOKEN}\r\nX: y", "its url_file holds no address; expected one line with https://"),
    (f"https://{TOKEN}.invalid/", "its host is not found"),
    (None, "its url_file cannot be read (No such file or directory)"),
])
def test_an_address_that_is_none_is_not_repeated(contest, text, problem):
    address(contest, "room", text or "")
    address(contest, "hall", text or "")
    if text is None:
        (contest.folder / "secret" / "room.url").unlink()
        (contest.folder / "secret" / "hall.url").unlink()
    announce(contest, "hello")
    assert channels.deliver_due(contest) == 0
    assert [one[3] for one in waiting(contest)] == [problem] * 2
    assert TOKEN not in json.dumps(audit(contest))


def test_https_wants_a_certificate_and_redirects_are_not_followed(contest, server):
    address(contest, "room", f"https://127.0.0.1:{server.server_port}/{TOKEN}")
    server.answers = [(307, {"Location": f"http://127.0.0.1:{server.server_port}/elsewhere"})]
    announce(contest, "hello")
    assert channels.deliver_due(contest) == 0
    problems = {channel: problem for _, channel, _, problem, _ in waiting(contest)}
    assert problems["hall"] == "it answered 307, a redirect, which is not followed; its address has changed"
    assert problems["room"].startswith("it does not answer (SSL")
    assert [path[:5] for path, *_ in server.seen] == ["/hall"]


def test_a_slow_channel_is_cut_off(contest, server, monkeypatch):
    monkeypatch.setattr(channels, "LIMIT", 0.3)
    address(contest, "hall", f"http://127.0.0.1:1/{TOKEN}")
    server.answers = [("slow", {})]
    announce(contest, "hello")
    began = time.monotonic()
    assert channels.deliver_due(contest) == 0
    assert time.monotonic() - began < 1.5
    problems = {channel: problem for _, channel, _, problem, _ in waiting(contest)}
    assert problems == {"hall": "it cannot be reached (connection refused)", "room": "it took longer than 0.3 s"}


def test_the_courier_takes_messages_while_the_service_runs_and_survives_trouble(contest, server, monkeypatch, caplog):
    monkeypatch.setattr(channels, "LOOK", 0.02)
    courier = channels.Courier([contest])
    courier.start()
    try:
        announce(contest, "hello")
        until(lambda: len(server.seen) == 2)
        with monkeypatch.context() as broken:
            broken.setattr(channels, "deliver_due", lambda *_: 1 / int(TOKEN == ""))
            until(lambda: f"messages of {contest.name} wait: ZeroDivisionError" in caplog.text)
        announce(contest, "hello again")
        until(lambda: len(server.seen) == 4)
    finally:
        courier.stop()
    assert not courier._thread.is_alive()


def until(true, seconds=5):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def test_a_question_comes_in_and_goes_out_to_the_others_only(contest, server):
    answer = channels.receive(contest, channels.hook(contest, "room"), {
        "text": "<@U1|bot> is 1 &lt; 2 &amp;amp; why? See <https://a.example/x|here> and <#C1|general> <!here>",
        "user_name": "ada"})
    [said] = messages.listed(contest)
    number = said["id"]
    assert answer == {"type": "message", "text": f"Question #{number} is on the board."}
    assert (said["kind"], said["author"], said["about"]) == ("question", "ada on room", None)
    assert said["text"] == "@bot is 1 < 2 &amp; why? See here (https://a.example/x) and #general @here"
    assert channels.deliver_due(contest) == 1 and [path[:5] for path, *_ in server.seen] == ["/hall"]

    html = "&nbsp;Because&nbsp;1 &lt; 2,<br><b>says</b> <at>Bob</at></div><script>x</script>"
    answer = channels.receive(contest, channels.hook(contest, "hall"), {
        "type": "message", "from": {"name": "Grace Hopper"}, "text": f"<div><at>Board</at>&nbsp;#{number}{html}"})
    assert answer["text"] == f"The answer to #{number} is on the board."
    said = messages.listed(contest)[-1]
    assert (said["kind"], said["author"], said["about"], said["text"]) == (
        "answer", "Grace Hopper on hall", number, "Because 1 < 2,\nsays Bob")
    assert channels.deliver_due(contest) == 1 and server.seen[-1][0].startswith("/room")
    assert server.seen[-1][2]["text"] == f"Wells: answer to #{number}, by Grace Hopper on hall\nBecause 1 &lt; 2,\nsays Bob"
    assert [line["details"].get("source") for line in audit(contest)] == ["room", "hall"]
    with contest.store.reading() as session:
        assert session.scalars(select(Message.source).where(Message.competition == contest.name)
                               .order_by(Message.id)).all() == ["room", "hall"]  # fmt: skip


def test_what_begins_with_no_questions_number_is_a_question(contest):
    secret = channels.hook(contest, "room")
    announced = announce(contest, "hello")
    for text in (f"#{announced} is this right?", "#98765 nobody asked", "#9999999999 far out", "#x y", "# 1 no", "/announce now"):
        channels.receive(contest, secret, {"text": text, "username": "ada"})
    asked = messages.listed(contest)[1:]
    assert {one["kind"] for one in asked} == {"question"} and asked[0]["text"] == f"#{announced} is this right?"
    channels.receive(contest, secret, {"text": f"#{asked[0]['id']}", "username": "ada"})  # a number alone answers nothing
    assert messages.listed(contest)[-1]["kind"] == "question"


def test_only_who_knows_the_secret_of_a_channel_is_heard(contest):
    right = channels.hook(contest, "room")
    assert right != channels.hook(contest, "hall") and len(right) == 64 and right == channels.hook(contest, "room")
    assert (contest.folder / "secret" / "hooks.key").stat().st_mode & 0o777 == 0o600
    for wrong in ("", "x", right[:-1], right.upper(), right + "0", "\ud800", "ü" * 64):
        with pytest.raises(Refused, match="^there is no such channel$") as refused:
            channels.receive(contest, wrong, {"text": "hello"})
        assert refused.value.status == 404
    with pytest.raises(Refused, match=f"{contest.name} has no channel 'attic'; it has hall, room") as refused:
        channels.hook(contest, "attic")
    assert refused.value.status == 404 and messages.listed(contest) == []


@pytest.mark.parametrize("sent", [{}, {"text": None}, {"text": 3}, {"text": ["x"]}, {"text": " \u202e "}, {"text": "x" * 4001},
                                  {"text": "<at>Board</at>"}, {"text": "<!--" * 10_000}])
def test_what_says_nothing_or_too_much_is_refused(contest, sent):
    with pytest.raises(Refused) as refused:
        channels.receive(contest, channels.hook(contest, "hall"), sent)
    assert refused.value.status == 422 and messages.listed(contest) == []


def test_machines_and_our_own_words_are_not_heard(contest, server):
    secret = channels.hook(contest, "room")
    announce(contest, "hello", "question")
    channels.deliver_due(contest)
    own = next(body["text"] for path, _, body in server.seen if path.startswith("/room"))
    for sent in ({"text": own, "user_name": "ada"}, {"text": "x", "bot_id": "B1"}, {"text": "x", "user_name": "slackbot"},
                 {"text": "x", "user_id": "USLACKBOT"}):
        assert channels.receive(contest, secret, sent) == {}
    assert len(messages.listed(contest)) == 1


def test_odd_senders_have_a_name_that_can_be_shown(contest):
    for sender in ({}, {"from": "x"}, {"from": {"name": ["x"]}}, {"from": {"name": ""}}):
        channels.receive(contest, channels.hook(contest, "hall"), {"text": "a", **sender})
    sent = {"text": "ask e", "trigger_word": "ask", "username": "\u202eada" + "x" * 300}
    channels.receive(contest, channels.hook(contest, "room"), sent)
    said = messages.listed(contest)
    assert [one["author"] for one in said[:4]] == ["somebody on hall"] * 4
    assert said[4]["author"] == f"ada{'x' * 97} on room" and said[4]["text"] == "e"


def test_a_webhook_sends_json_or_a_form():
    json_, form = "application/json; charset=utf-8", "application/x-www-form-urlencoded"
    assert webhooks.parsed(b'{"text": "\xc3\xbc"}', json_) == {"text": "ü"}
    assert webhooks.parsed(b"token=x&user_name=ada&text=1+%26+2", form) == {"token": "x", "user_name": "ada", "text": "1 & 2"}
    assert webhooks.parsed(b"payload=%7B%22text%22%3A1%7D", form) == {"text": 1}
    for body, kind in ((b"[1]", json_), (b"{", json_), (b"\xff", json_), (b"[" * 10**5, json_), (b"payload=x", form),
                       (b"\xff=\xff", form), (b"&".join(b"%d=1" % k for k in range(60)), form)):
        with pytest.raises(Refused, match="expected") as refused:
            webhooks.parsed(body, kind)
        assert refused.value.status == 422
