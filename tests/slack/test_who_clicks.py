"""Who is listened to: by the team that the payload names, by what Slack says of the user, and by
what it says of the channel. What it does not say is a no.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pam.slack.clicker import (
    Clicker,
    Workspaces,
    link_basis,
    refuse_channel,
    refuse_team,
    refuse_user,
)

HEARD = Workspaces(team_ids=frozenset({"T012AB3C4"}), enterprise_ids=frozenset({"E0123"}))
BOB = Clicker(team="T012AB3C4", enterprise="", user="U012AB3CD", user_team="T012AB3C4")
MEMBER: dict[str, Any] = {
    "id": "U012AB3CD",
    "team_id": "T012AB3C4",
    "name": "bob",
    "deleted": False,
    "profile": {"email": "bob@bank.example"},
    "is_restricted": False,
    "is_ultra_restricted": False,
    "is_bot": False,
    "is_app_user": False,
    "updated": 1502138686,
}
"""As Slack describes an ordinary member."""
CHANNEL: dict[str, Any] = {
    "id": "C123",
    "is_ext_shared": False,
    "is_pending_ext_shared": False,
    "is_shared": False,
    "is_archived": False,
    "is_member": True,
}

HEARD_TEAMS = {
    "a member": BOB,
    "of an enterprise": replace(BOB, enterprise="E0123"),
    "whose team is the enterprise": replace(BOB, enterprise="E0123", user_team="E0123"),
    "by an app of the enterprise": replace(BOB, team="", enterprise="E0123", user_team="E0123"),
    "with an id of an enterprise": replace(BOB, user="W012AB3CD"),
}


@pytest.mark.parametrize("case", HEARD_TEAMS)
def test_members_of_the_configured_teams_and_enterprises_are_heard(case: str) -> None:
    assert refuse_team(HEARD_TEAMS[case], HEARD) is None


FOREIGN = {
    "no user": replace(BOB, user=""),
    "a user by name": replace(BOB, user="bob"),
    "no team of their own": replace(BOB, user_team=""),
    "another team of their own": replace(BOB, user_team="T999"),
    "another enterprise of their own": replace(BOB, user_team="E999"),
    "no place": replace(BOB, team=""),
    "another place": replace(BOB, team="T999"),
    "another enterprise": replace(BOB, enterprise="E999"),
    "the enterprise as a team": replace(BOB, team="E012AB3C4"),
    "an unknown sort of team": replace(BOB, user_team="X012AB3C4"),
    "a team in small letters": replace(BOB, user_team="t012ab3c4"),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_foreign_and_unknown_teams_are_refused_without_asking_slack(case: str) -> None:
    refused = refuse_team(FOREIGN[case], HEARD)
    assert refused is not None
    assert refused.reason
    assert "Nothing was done" in refused.sentence


@pytest.mark.parametrize("clicker", HEARD_TEAMS.values())
def test_with_no_teams_configured_nobody_is_heard(clicker: Clicker) -> None:
    assert refuse_team(clicker, Workspaces(team_ids=frozenset())) is not None


def test_an_id_of_another_sort_in_the_configuration_lets_nobody_in() -> None:
    odd = Workspaces(team_ids=frozenset({"X1", ""}), enterprise_ids=frozenset({"T5", ""}))
    for team in ("X1", "", "T5"):
        assert refuse_team(replace(BOB, team=team, user_team=team), odd) is not None


def test_a_member_is_heard() -> None:
    assert refuse_user(MEMBER, BOB, HEARD) is None
    said_of_strangers = {"is_stranger": False, "is_invited_user": False, "is_workflow_bot": False}
    assert refuse_user(MEMBER | said_of_strangers, BOB, HEARD) is None


FLAGS = [
    *("deleted", "is_bot", "is_app_user", "is_restricted", "is_ultra_restricted", "is_stranger"),
    *("is_invited_user", "is_workflow_bot", "is_connector_bot"),
]


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("said", [True, None, "false", 0, []])
def test_guests_strangers_bots_and_the_deleted_are_refused_with_a_sentence(
    flag: str, said: object
) -> None:
    refused = refuse_user({**MEMBER, flag: said}, BOB, HEARD)
    assert refused is not None
    assert flag in refused.reason
    assert refused.sentence.endswith(".")


@pytest.mark.parametrize(
    "absent",
    ["id", "team_id", "deleted", "is_bot", "is_app_user", "is_restricted", "is_ultra_restricted"],
)
def test_a_fact_that_slack_does_not_give_is_a_refusal(absent: str) -> None:
    said = {name: value for name, value in MEMBER.items() if name != absent}
    assert refuse_user(said, BOB, HEARD) is not None


@pytest.mark.parametrize("answer", [None, [], "user", {}, {"ok": True}])
def test_an_answer_without_facts_is_a_refusal_that_says_what_to_do(answer: object) -> None:
    for refused in (refuse_user(answer, BOB, HEARD), refuse_channel(answer, "C123")):
        assert refused is not None
        assert "Use the command pam" in refused.sentence


def test_facts_about_somebody_else_are_no_facts() -> None:
    assert refuse_user({**MEMBER, "id": "U999"}, BOB, HEARD) is not None
    assert refuse_channel({**CHANNEL, "id": "C999"}, "C123") is not None
    assert refuse_channel({**CHANNEL, "id": ""}, "") is not None


@pytest.mark.parametrize("team", ["T999", "E999", "", None, 7])
def test_a_user_whom_slack_has_in_another_team_is_refused_whatever_the_payload_said(
    team: object,
) -> None:
    assert refuse_user({**MEMBER, "team_id": team}, BOB, HEARD) is not None


def test_of_two_teams_that_are_heard_the_facts_of_one_are_not_those_of_the_other() -> None:
    """Ids of users are one person's within a team: a guest there may have a member's id here."""
    two = replace(HEARD, team_ids=frozenset({"T012AB3C4", "T0OTHER"}))
    there = replace(BOB, team="T0OTHER", user_team="T0OTHER")
    refused = refuse_user(MEMBER, there, two)
    assert refused is not None
    assert "Nothing was done" in refused.sentence
    assert refuse_user(MEMBER | {"team_id": "T0OTHER"}, there, two) is None
    # Within an enterprise they are one person's in all its teams.
    own = {"enterprise_user": {"enterprise_id": "E0123"}}
    for known in (replace(there, enterprise="E0123"), replace(there, user_team="E0123")):
        assert refuse_user(MEMBER | own, known, two) is None


def test_in_an_enterprise_slack_has_to_say_which() -> None:
    of_the_bank = {**MEMBER, "enterprise_user": {"id": "U012AB3CD", "enterprise_id": "E0123"}}
    in_it = replace(BOB, enterprise="E0123")
    assert refuse_user(of_the_bank, in_it, HEARD) is None
    assert refuse_user(MEMBER, in_it, HEARD) is not None
    for other in ({"enterprise_id": "E999"}, {"id": "U012AB3CD"}, "E0123"):
        assert refuse_user({**MEMBER, "enterprise_user": other}, BOB, HEARD) is not None
    assert refuse_user({**MEMBER, "enterprise_user": {}}, in_it, HEARD) is not None
    assert refuse_user({**MEMBER, "enterprise_user": {}}, BOB, HEARD) is None


def test_a_channel_of_ones_own_is_fine() -> None:
    assert refuse_channel(CHANNEL, "C123") is None


@pytest.mark.parametrize("name", [name for name in CHANNEL if name != "id"])
def test_shared_archived_and_foreign_channels_are_refused_and_so_is_silence(name: str) -> None:
    wrong = [not CHANNEL[name], None, "false", 1]
    for said in wrong:
        refused = refuse_channel({**CHANNEL, name: said}, "C123")
        assert refused is not None
        assert name in refused.reason
    silent = {each: value for each, value in CHANNEL.items() if each != name}
    assert refuse_channel(silent, "C123") is not None


BASIS_CHANGES = {
    "deactivated": {"deleted": True},
    "became a guest": {"is_restricted": True},
    "became a guest of one channel": {"is_ultra_restricted": True},
    "became a stranger": {"is_stranger": True},
    "moved": {"team_id": "T999"},
    "another address": {"profile": {"email": "bob@elsewhere.example"}},
    "the address in another case": {"profile": {"email": "Bob@bank.example"}},
    "no address": {"profile": {}},
}


@pytest.mark.parametrize("case", BASIS_CHANGES)
def test_a_link_rests_on_what_slack_said_when_it_was_made(case: str) -> None:
    assert link_basis({**MEMBER, **BASIS_CHANGES[case]}) != link_basis(MEMBER)


def test_a_link_rests_on_nothing_else() -> None:
    same = {**MEMBER, "name": "robert", "updated": 1, "is_stranger": False}
    assert link_basis(same) == link_basis(MEMBER)
    assert "bob" not in link_basis(MEMBER)


@given(st.dictionaries(st.sampled_from([*MEMBER, *FLAGS]), st.none() | st.booleans() | st.text()))
def test_whatever_is_said_otherwise_of_a_member_is_never_more_than_a_member(
    said: dict[str, Any],
) -> None:
    judged = refuse_user({**MEMBER, **said}, BOB, HEARD)
    harmless = all(said.get(flag, False) is False for flag in FLAGS)
    same = said.get("id", BOB.user) == BOB.user and HEARD.has(said.get("team_id", "T012AB3C4"))
    assert (judged is None) is (harmless and same)
    link_basis({**MEMBER, **said})
