"""Announcements are an advisor's, an answer is about a question, and what is said goes out to the channels once."""

import pytest
from a_contest import Arena
from sqlalchemy import select

from autograder.competition import messages
from autograder.competition.store import Refused
from autograder.competition.tables import Delivery, Message


@pytest.fixture
def make(table_competition, tmp_path, store):
    return lambda **rules: Arena(table_competition, tmp_path, store, **rules)


def test_a_question_and_its_answers(make):
    arena = make()
    ada, bob = arena.person("ada"), arena.person("bob")
    asked = messages.post(arena.contest, ada, "question", " Is snow\r\nrain? ")
    assert asked == {"id": asked["id"], "at": "2026-03-20T11:00:00.000Z", "author": "ada", "kind": "question",
                     "text": "Is snow\nrain?", "about": None}  # fmt: skip
    first = messages.post(arena.contest, bob, "answer", "No.", asked["id"])
    second = messages.post(arena.contest, arena.advisor, "answer", "In the forcing it is.", asked["id"])
    said = messages.post(arena.contest, arena.advisor, "announcement", "One more week.")
    assert messages.listed(arena.contest) == [asked, first, second, said] and first["about"] == asked["id"]


def test_who_may_say_what(make):
    arena = make()
    ada, looks = arena.person("ada"), arena.person("looks", "read")
    for who, kind, words in ((ada, "announcement", "a token for 'advisor'"), (looks, "question", "a token for 'submit'"),
                             (looks, "announcement", "a token for 'advisor'")):  # fmt: skip
        with pytest.raises(Refused, match=words) as refused:
            messages.post(arena.contest, who, kind, "hello")
        assert refused.value.status == 403
    assert messages.listed(arena.contest) == []


def test_what_makes_no_sense_is_not_said(make):
    arena = make()
    ada = arena.person("ada")
    asked = messages.post(arena.contest, ada, "question", "why?")
    answer = messages.post(arena.contest, ada, "answer", "so", asked["id"])
    for kind, text, about, words, status in (
            ("gossip", "hello", None, "there is no kind 'gossip'; there are announcement, question, answer", 422),
            ("question", " \x00\u202e ", None, "a message has 1 to 4000 letters; this has 0", 422),
            ("question", "x" * 4001, None, "this has 4001", 422),
            ("question", "why?", asked["id"], "an answer says which question it is about; other messages are about none", 422),
            ("answer", "so", None, "an answer says which question it is about", 422),
            ("answer", "so", answer["id"], f"there is no question {answer['id']} to answer", 404),
            ("answer", "so", 10**6, "there is no question 1000000 to answer", 404),
            ("answer", "so", 2**70, "there is no question", 404),
            ("answer", "so", -1, "there is no question -1", 404)):  # fmt: skip
        with pytest.raises(Refused, match=words) as refused:
            messages.post(arena.contest, ada, kind, text, about)
        assert refused.value.status == status
    assert messages.listed(arena.contest) == [asked, answer]


def test_each_competition_has_messages_of_its_own(make, table_competition, tmp_path, store):
    one, other = make(), Arena(table_competition, tmp_path / "other", store)
    ada = one.person("ada")
    asked = messages.post(one.contest, ada, "question", "why?")
    with pytest.raises(Refused, match="there is no question"):
        messages.post(other.contest, ada, "answer", "so", asked["id"])
    assert messages.listed(other.contest) == []


def test_what_is_said_waits_for_every_channel(make):
    arena = make(channels={name: {"kind": kind, "url_file": name} for name, kind in (("room", "slack"), ("team", "teams"))})
    asked = messages.post(arena.contest, arena.person("ada"), "question", "why?")
    with arena.store.reading() as session:
        due = session.execute(select(Delivery.channel, Delivery.next, Delivery.done, Delivery.tries).join(Message).where(
            Message.competition == arena.contest.name).order_by(Delivery.channel)).all()  # fmt: skip
    assert asked["id"] and due == [("room", arena.store.now(), None, 0), ("team", arena.store.now(), None, 0)]
