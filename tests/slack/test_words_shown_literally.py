"""What people write is shown as they wrote it, and does nothing: no link, no mention, no markup."""

import json
from dataclasses import replace
from typing import Any

import pytest

from pam.domain.session import Session
from pam.slack import direct, modal, thread
from pam.slack.blocks import Message, View
from pam.slack.card import Shown, card
from pam.slack.home import Agenda, home
from tests.fakes.story import NOON
from tests.slack.limits import (
    faults_of_message,
    faults_of_view,
    judged_by_the_sdk,
    view_judged_by_the_sdk,
)
from tests.slack.reading import blocks_of, buttons, kinds_of_text, objects, text
from tests.slack.rendered import RESOURCES, messages, others, sessions, views, with_words

SHOWN = Shown(title="Core ledger administration")
INJECTED = "<https://evil.example|Approve via portal> <!channel> <@U012AB3CD> *now* `pam` &lt;"


def everywhere(session: Session) -> dict[str, Message | View]:
    """The places where a person's words stand."""
    newer = replace(session, sequence=session.sequence + 1)
    voted = sessions()["denied"]
    record = next(each for each in voted[1] if each["type"] == "Voted")
    line = thread.happened(with_words(voted[0], session.reason), record)
    assert line is not None
    ended = replace(with_words(voted[0], session.reason))
    unconfirmed = with_words(sessions()["in somebody's name"][0], session.reason)
    return {
        "post": card(session, NOON, SHOWN),
        "update": card(newer, NOON, SHOWN),
        "update after a denial": card(ended, NOON, SHOWN),
        "thread": line,
        "direct message": direct.over(ended, NOON, SHOWN.title),
        "direct message to confirm": direct.confirm(unconfirmed, NOON, SHOWN.title),
        "Home": home(Agenda(mine=[session], votes=[session]), NOON, {}),
        "modal": modal.deny_form(session, SHOWN),
        "shown session": modal.session_shown(session, NOON, SHOWN),
    }


PLACES = sorted(everywhere(sessions()["asked"][0]))


def asked(reason: str) -> Session:
    return with_words(sessions()["asked"][0], reason)


@pytest.mark.parametrize("place", PLACES)
def test_case_5_a_link_and_a_mention_in_a_reason_are_shown_literally(place: str) -> None:
    shown = everywhere(asked(INJECTED))[place]
    assert INJECTED in text(shown)
    for each in objects(blocks_of(shown)):
        assert each.get("type") not in {"mrkdwn", "markdown", "link", "user", "broadcast"}
        if each.get("type") == "plain_text":
            assert each["emoji"] is False
    if isinstance(shown, Message):
        assert "evil" not in shown.text
        assert "<" not in shown.text


@pytest.mark.parametrize("place", PLACES)
def test_case_6_three_thousand_ampersands_fit_in_a_post_and_in_its_update(place: str) -> None:
    shown = everywhere(asked("&" * 3000))[place]
    assert "&&&&" in text(shown)
    if isinstance(shown, Message):
        assert not faults_of_message(shown)
        judged_by_the_sdk(list(shown.blocks))
    else:
        assert not faults_of_view(shown)
        view_judged_by_the_sdk(shown)


def test_case_6_and_the_buttons_go_with_the_update() -> None:
    session = asked("&" * 3000)
    assert buttons(card(session, NOON, SHOWN))
    for name in ("denied", "active", "expired"):
        decided = with_words(sessions()[name][0], "&" * 3000)
        update = card(decided, NOON, SHOWN)
        assert not buttons(update)
        assert not faults_of_message(update)


@pytest.mark.parametrize("place", PLACES)
def test_a_right_to_left_override_turns_nothing_around(place: str) -> None:
    shown = everywhere(asked("harmless \u202edorp ton\u202c \u2067x\u2069 really"))[place]
    assert "harmless dorp ton x really" in text(shown)
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069") & set(text(shown))


@pytest.mark.parametrize("place", PLACES)
def test_a_line_break_makes_no_line_that_could_pass_for_pams(place: str) -> None:
    shown = everywhere(asked("mine\nNeeded: 0 approval(s)\r\nApproved by sam"))[place]
    assert "mine Needed: 0 approval(s) Approved by sam" in text(shown)
    begins = [line for line in text(shown).split("\n") if line.startswith("Needed: 0")]
    assert not begins


def test_no_text_anywhere_is_of_a_kind_that_slack_reads_markup_in() -> None:
    shown: list[Any] = []
    for session, records in sessions().values():
        shown += messages(with_words(session, INJECTED), records, "Core ledger")
        shown += views(with_words(session, INJECTED), "Core ledger", RESOURCES)
    assert kinds_of_text([*shown, *others("pam approve")]) == {"plain_text", "text"}


def test_names_and_titles_are_escaped_where_slack_reads_markup() -> None:
    session = replace(sessions()["asked"][0], requester_name="<!here> & co")
    message = card(session, NOON, replace(SHOWN, title="<https://evil.example|x>"))
    assert message.text == (
        "PAM: &lt;!here&gt; &amp; co asks for &lt;https://evil.example|x&gt;: PENDING_APPROVAL"
    )


@pytest.mark.parametrize("name", sessions())
def test_no_notification_has_anybodys_words(name: str) -> None:
    session, records = sessions()[name]
    words = "a reason nobody else would write"
    for message in messages(with_words(session, words), records, "Core ledger"):
        assert words not in message.text


def test_nothing_that_gives_access_is_in_anything_that_is_shown() -> None:
    for session, records in sessions().values():
        secrets = {session.text_key, session.proof, session.activation_proof}
        secrets |= {vote.proof for vote in session.votes}
        shown = [*messages(session, records, "Core ledger")]
        whole = json.dumps([[each.text, each.blocks] for each in shown])
        whole += json.dumps([view.body for view in views(session, "Core ledger", RESOURCES)])
        assert not {secret for secret in secrets if secret and secret in whole}
