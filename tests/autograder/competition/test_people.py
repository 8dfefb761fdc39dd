"""Tokens are kept as hashes, are for something, and end; a page that is signed in ends with the token that opened it."""

import re

import pytest
from a_contest import Clocked
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from autograder.competition import people
from autograder.competition.people import Caller
from autograder.competition.store import Refused, plain
from autograder.competition.tables import Person, Token

DAY = 86400


@pytest.fixture
def store(tmp_path):
    opened = Clocked(f"sqlite:///{tmp_path}/board.sqlite")
    yield opened
    opened.engine.dispose()


def test_of_a_token_only_the_hash_is_kept(store, tmp_path):
    token = people.invite(store, "ada")
    cookie = people.sign_in(store, token)
    assert len(token) > 40 and token != people.invite(store, "ada")
    store.engine.dispose()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("board.sqlite*"))
    assert b"ada" in kept and token.encode() not in kept and cookie.encode() not in kept


def test_who_shows_a_token(store):
    token = people.invite(store, "ada", "read")
    who = people.caller(store, token)
    assert (who.name, who.scope) == ("ada", "read")
    for wrong in ("", token[:-1], token + "x", token.swapcase(), "\ud800", "\x00"):
        assert people.caller(store, wrong) is None


def test_a_scope_is_for_itself_and_less():
    for mine, scope, fine in (("read", "read", True), ("read", "submit", False), ("submit", "read", True),
                              ("submit", "advisor", False), ("advisor", "submit", True)):  # fmt: skip
        if fine:
            Caller(1, "ada", mine).must(scope)
            continue
        with pytest.raises(Refused, match=f"this needs a token for '{scope}', and yours is for '{mine}'; ask your") as refused:
            Caller(1, "ada", mine).must(scope)
        assert refused.value.status == 403


def test_a_scope_that_is_none(store):
    for scope in ("session", "root"):
        with pytest.raises(Refused, match=f"there is no scope '{scope}'; there are read, submit, advisor"):
            people.invite(store, "ada", scope)


def test_a_token_expires(store):
    token = people.invite(store, "ada", days=2)
    store.at += 2 * DAY - 1
    assert people.caller(store, token)
    store.at += 1
    assert people.caller(store, token) is None
    with pytest.raises(Refused, match="this token is not known here; ask your advisor for a new one") as refused:
        people.sign_in(store, token)
    assert refused.value.status == 401


def test_tokens_are_taken_back_with_their_pages(store):
    ada, again, bob = people.invite(store, "Ada Lovelace"), people.invite(store, "Ada Lovelace"), people.invite(store, "bob")
    page = people.sign_in(store, ada)
    assert people.caller(store, page, of_session=True).name == "Ada Lovelace"
    assert people.revoke(store, "Ada Lovelace") == 2
    assert people.revoke(store, "Ada Lovelace") == 0
    assert [people.caller(store, token) for token in (ada, again)] == [None, None]
    assert people.caller(store, page, of_session=True) is None
    assert people.caller(store, bob).name == "bob"
    with pytest.raises(Refused, match="nobody here is called 'cleo'"):
        people.revoke(store, "cleo")


def test_a_name_is_the_same_however_its_accents_are_written(store):
    token = people.invite(store, "Jose\u0301")
    assert people.caller(store, token).name == "José"
    assert people.revoke(store, "José") == people.revoke(store, "Jose\u0301") + 1


def test_a_page_that_is_signed_in(store):
    token = people.invite(store, "ada", "submit")
    page = people.sign_in(store, f" {token}\n")  # as it is pasted
    who = people.caller(store, page, of_session=True)
    assert (who.name, who.scope) == ("ada", "submit")
    assert people.caller(store, page) is None  # a cookie's is no bearer's
    assert people.caller(store, token, of_session=True) is None  # nor the other way round
    with pytest.raises(Refused, match="not known here"):
        people.sign_in(store, page)  # and opens no other
    store.at += people.SESSION_SECONDS
    assert people.caller(store, page, of_session=True) is None and people.caller(store, token)


def test_a_page_ends_with_the_token_that_opened_it(store):
    token = people.invite(store, "ada", days=0.1)
    page = people.sign_in(store, token)
    store.at += 0.1 * DAY + 1
    assert people.caller(store, page, of_session=True) is None


def test_signing_out_ends_one_page(store):
    token = people.invite(store, "ada")
    one, other = people.sign_in(store, token), people.sign_in(store, token)
    people.sign_out(store, one)
    people.sign_out(store, token)  # is no page: nothing ends
    assert people.caller(store, one, of_session=True) is None
    assert people.caller(store, other, of_session=True) and people.caller(store, token)


def test_pages_that_have_ended_are_forgotten(store):
    token = people.invite(store, "ada")
    for _ in range(3):
        people.sign_in(store, token)
        store.at += people.SESSION_SECONDS + 1
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Token)) == 2


def test_a_form_belongs_to_its_page(store):
    token = people.invite(store, "ada")
    one, other = people.sign_in(store, token), people.sign_in(store, token)
    assert people.csrf(one) == people.csrf(one) != people.csrf(other)
    assert re.fullmatch("[0-9a-f]{64}", people.csrf(one)) and one not in people.csrf(one)


def test_who_is_an_advisor_stays_one_until_it_is_said(store):
    people.invite(store, "ohm", "advisor")
    people.invite(store, "ohm", "read")
    with store.changing() as session:
        assert people.person(session, "ohm").is_advisor
        assert not people.person(session, "ohm", False).is_advisor
        assert not people.person(session, "ada").is_advisor
        assert people.person(session, "ada", True).is_advisor
    with store.reading() as session:
        assert [one.name for one in session.scalars(select(Person).order_by(Person.name))] == ["ada", "ohm"]
    with pytest.raises(Refused, match="a name has 1 to 200 letters; this has 0"):
        people.invite(store, " \u202e\n")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_text_is_cleaned_once_and_for_all(text):
    clean = plain(text, 1000, "a text")
    assert plain(clean, 1000, "a text") == clean
    clean.encode()
    assert not set(clean) & set("\x00\r\u202e\u2066\x7f")


def test_a_text_keeps_what_people_write():
    text = "Überschwemmung\n\tam Fluß — 3 m³/s 🌊 👩‍🔬 नदी"
    assert plain(f"  {text}\r\n", 100, "a text") == text
    assert plain("a\r\nb", 9, "a text") == "a\nb"
    with pytest.raises(Refused, match="a reason has 3 to 5 letters; this has 6") as refused:
        plain("abcdef", 5, "a reason", least=3)
    assert refused.value.status == 422
