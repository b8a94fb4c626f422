"""What is kept for a minute of what Slack says decides as the whole of it does, and holds no mail
address.
"""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pam.slack import facts
from pam.slack.clicker import (
    CHANNEL_FACTS,
    USER_FACTS,
    Clicker,
    Workspaces,
    link_basis,
    refuse_channel,
    refuse_user,
)

HEARD = Workspaces(team_ids=frozenset({"T0BANK"}), enterprise_ids=frozenset({"E0BANK"}))
BOB = Clicker(team="T0BANK", enterprise="", user="U0BOB", user_team="T0BANK")
WORDS = st.sampled_from([True, False, None, 0, "false", "U0BOB", "T0BANK", "C0CORE", "absent"])


@given(
    st.dictionaries(st.sampled_from(USER_FACTS), WORDS),
    st.sampled_from([None, {}, "x", {"enterprise_id": "E0BANK", "teams": ["T0BANK"]}]),
)
def test_the_user_is_judged_by_what_is_kept_as_by_all_that_was_said(
    said: dict[str, Any], enterprise: Any
) -> None:
    said = {name: word for name, word in said.items() if word != "absent"}
    said |= {"enterprise_user": enterprise, "profile": {"email": "bob@bank.example"}}
    kept = facts.of_user(said)
    assert refuse_user(kept["user"], BOB, HEARD) == refuse_user(said, BOB, HEARD)
    assert kept["basis"] == link_basis(said)
    assert "bank.example" not in json.dumps(kept)


@given(st.dictionaries(st.sampled_from(CHANNEL_FACTS), WORDS))
def test_the_channel_is_judged_by_what_is_kept_as_by_all_that_was_said(
    said: dict[str, Any],
) -> None:
    kept = facts.of_channel({**said, "name": "core", "topic": {"value": "x"}})
    assert refuse_channel(kept["channel"], "C0CORE") == refuse_channel(said, "C0CORE")


def test_an_account_is_shown_by_its_name_on_one_line() -> None:
    def display(**said: Any) -> str:
        return str(facts.of_user(said)["display"])

    assert display(profile={"real_name": "Bob B."}, name="bob") == "Bob B."
    assert display(real_name="Bob", name="bob") == "Bob"
    assert display(name="b\u202eob\nx") == "bob x"
    assert display(profile={"real_name": 5}) == "-"
    assert len(display(name="ü" * 500)) <= 80


@given(st.none() | st.text() | st.lists(st.integers()) | st.integers())
def test_an_answer_of_another_form_is_nothing_said(answer: Any) -> None:
    assert refuse_user(facts.of_user(answer)["user"], BOB, HEARD) is not None
    assert refuse_channel(facts.of_channel(answer)["channel"], "C0CORE") is not None
