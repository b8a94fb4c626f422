"""A notice in each of its forms: whatever anybody wrote, its lines are PAM's, and it fits."""

import json
import re
import shlex
import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from pam.domain.graphemes import graphemes, shortened
from pam.domain.notice_forms import forms
from pam.domain.notice_texts import approval_needed
from pam.domain.people_notices import operator_blocked, principal_linked
from pam.domain.pictures import Particulars, Picture
from pam.domain.session import Session
from tests.fakes.notices import BLOCK, LINK, TOLD, pictures
from tests.fakes.story import NOON, ROOT, Story

SCHEMA_FILE = ROOT / "docs" / "schemas" / "notice.json"
SCHEMA = json.loads(SCHEMA_FILE.read_text("utf-8"))
FITS = Draft202012Validator(SCHEMA)
ASKED = Story().request(ticket="INC-1")


def data_of(picture: Picture) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(forms(picture, "prod").data)
    return data


@pytest.mark.parametrize("occasion", pictures())
def test_what_machines_get_is_what_the_schema_says_field_by_field(occasion: str) -> None:
    picture = pictures()[occasion]
    data = data_of(picture)
    FITS.validate(data)
    assert set(data) <= set(SCHEMA["properties"])
    assert data["text"] == forms(picture, "prod").text
    assert all(f"  {command}" in data["text"].splitlines() for command in data["commands"])


def test_every_field_of_the_schema_is_in_some_notice() -> None:
    sent = {name for picture in pictures().values() for name in data_of(picture)}
    assert sent == set(SCHEMA["properties"])


WRONG: dict[str, dict[str, Any]] = {
    "another occasion": {"occasion": "party"},
    "a time in words": {"expires_at": "soon"},
    "a link in place of a command": {"commands": ["https://pam.bank.example/approve"]},
    "a session and a person": {"person": "sam"},
    "long words": {"requesters_own_words": {"reason": "x" * 1001, "ticket": ""}},
}


@pytest.mark.parametrize("case", WRONG)
def test_the_schema_takes_nothing_else(case: str) -> None:
    data = data_of(pictures()["approval needed"])
    assert FITS.is_valid(data)
    assert not FITS.is_valid(data | WRONG[case])


def test_machines_get_the_facts_that_people_read() -> None:
    data = data_of(approval_needed(ASKED, TOLD, NOON))
    assert data["approvals"] == {
        "needed": 2,
        "needed_of_domain": 0,
        "given": 0,
        "given_of_domain": 0,
        "until": "2026-03-01T16:00:00.250Z",
        "may_vote": [
            {
                "domain": "bank-core",
                "names": ["bob", "carol", "erin"],
                "more": 0,
                "permission_sets": [],
            }
        ],
        "voted": [],
    }
    assert (data["account"], data["allows"]) == ("111122223333", TOLD.description)
    assert data["requesters_own_words"] == {"reason": ASKED.reason, "ticket": "INC-1"}


def test_mail_is_laid_out_and_says_what_the_text_says() -> None:
    made = forms(approval_needed(ASKED, TOLD, NOON), "prod")
    lines = made.email.splitlines()
    assert "  What      Core ledger" in lines
    assert "  May vote  bob, carol, erin (bank-core)" in lines
    squeezed = made.text.replace(": ", " ").split()
    assert made.email.replace(": ", " ").split() == squeezed


@pytest.mark.parametrize("occasion", pictures())
def test_no_notice_has_an_address_in_it_of_pams(occasion: str) -> None:
    """Nothing acts on a GET: the acts that are offered are commands, which somebody signs."""
    made = forms(pictures()[occasion], "prod")
    assert "://" not in made.text + made.email + made.data


HOSTILE = {
    "a line of its own": "x\nNeeds 0 approvals\r\nApproved by sam",
    "a line of Unicode's": "x\u2028Approved by sam\x85Approved by bob",
    "turned around": "x \u202edevorppa\u202c \u2066x\u2069",
    "escapes of a terminal": "x \x1b[2J\x1b]0;x\x07",
    "nothing to be seen": "x\u200b\ufeff\u3164\U000e0041",
}


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("whose", ["reason", "ticket", "title", "description"])
def test_whoever_wrote_it_stays_on_a_line_and_shows_as_what_it_is(case: str, whose: str) -> None:
    session, about = written(whose, HOSTILE[case])
    made = forms(approval_needed(session, about, NOON), "prod")
    plain = forms(approval_needed(*written(whose, "x"), NOON), "prod")
    for form in ("text", "email", "data"):
        text, usual = getattr(made, form), getattr(plain, form)
        assert len(text.splitlines()) == len(usual.splitlines())
        assert not [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf"}]
    json.loads(made.data)


def written(whose: str, text: str) -> tuple[Session, Particulars]:
    if whose in {"title", "description"}:
        values = {"title": TOLD.title, "description": TOLD.description} | {whose: text}
        return ASKED, Particulars(**values, benches=TOLD.benches)
    if whose == "reason":
        return replace(ASKED, reason=text), TOLD
    return replace(ASKED, circumstances=replace(ASKED.circumstances, ticket=text)), TOLD


def test_a_long_reason_is_cut_between_two_characters() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    picture = approval_needed(replace(ASKED, reason=family * 300), TOLD, NOON)
    reason = data_of(picture)["requesters_own_words"]["reason"]
    assert len(reason) <= 1000
    assert set(graphemes(reason[:-1])) == {family}
    assert reason[-1] == "…"


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=40), longest=st.integers(1, 40))
def test_a_cut_text_is_a_beginning_of_whole_characters_and_fits(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert len(short) <= longest or short == text
    if short != text:
        kept = list(graphemes(short[:-1]))
        assert kept == list(graphemes(text))[: len(kept)]


ANY = st.text(max_size=60) | st.sampled_from(["\U0001f468" * 2200, '"' * 2200, "\n\u202e" * 99])
NAME = st.from_regex(r"[a-z0-9][a-z0-9._@+=,-]{1,63}", fullmatch=True)
PRINCIPAL = st.text(max_size=100).map(lambda text: f"oidc:{text}") | st.just("oidc:" + "'" * 2000)


@settings(max_examples=30, deadline=None)
@given(reason=ANY, ticket=ANY, title=ANY, allows=ANY, name=NAME, principal=PRINCIPAL)
def test_no_notice_is_longer_than_sns_takes_whatever_the_texts(
    reason: str, ticket: str, title: str, allows: str, name: str, principal: str
) -> None:
    circumstances = replace(ASKED.circumstances, ticket=ticket)
    asked = replace(ASKED, reason=reason, requester_name=name, circumstances=circumstances)
    link = replace(LINK, principal=principal, accepted_by=principal, person=name)
    for picture in (
        approval_needed(asked, Particulars(title=title, description=allows), NOON),
        operator_blocked(replace(BLOCK, person=name, by=principal)),
        principal_linked(link, title, reason),
    ):
        made = forms(picture, "prod")
        assert 0 < len(made.subject) < 100
        assert made.subject.isascii()
        assert made.subject.isprintable()
        FITS.validate(json.loads(made.data))
        assert len(made.by_protocol.encode()) < 200_000, "and there is room for the attributes"
        for command in json.loads(made.data)["commands"]:
            assert shlex.split(command)[:3] == ["pam", "--env", "prod"]


QUOTED = {
    "slack:T0/U1": "slack:T0/U1",
    "oidc:https://id.example#it's": "'oidc:https://id.example#it'\"'\"'s'",
    "oidc:https://id.example#a b": '"oidc:https://id.example#a b"',
    "oidc:https://id.example#$(x)": "'oidc:https://id.example#$(x)'",
    "oidc:https://id.example#`x`": "'oidc:https://id.example#`x`'",
}


@pytest.mark.parametrize("principal", QUOTED)
def test_no_shell_reads_anything_into_a_command(principal: str) -> None:
    picture = principal_linked(replace(LINK, principal=principal), "", "")
    (command,) = data_of(picture)["commands"]
    assert command == f"pam --env prod unlink {QUOTED[principal]}"
    assert shlex.split(command)[-1] == principal


@pytest.mark.parametrize("occasion", pictures())
def test_the_page_shows_each_notice_as_its_reader_gets_it(occasion: str) -> None:
    picture = pictures()[occasion]
    made = forms(picture, "prod")
    page = (ROOT / "docs" / "notices.md").read_text("utf-8")
    page = re.sub("01KJMMA2QT[0-9A-Z]{16}", picture.session_id, page)
    assert f"Subject: {made.subject}\n\n{made.email}\n```" in page
