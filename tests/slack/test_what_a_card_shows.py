"""What a card shows beside its session comes from the catalogue, and by policy as it stands."""

from dataclasses import replace

import pytest

from pam.policy.cedar import CedarPolicy
from pam.slack.shown import shown
from tests.fakes.links import Linked, user
from tests.fakes.story import COMPILED, KYC, LEDGER, POLICY, SANDBOX, UAT, Story


def test_its_title_and_who_answers_for_it() -> None:
    told = shown(Story().request("alice", KYC), POLICY)
    assert (told.title, told.owner) == ("KYC documents", "bank-kyc-approvers")


def test_what_is_in_the_catalogue_no_more_is_called_by_its_id_and_has_no_button() -> None:
    session = Story().request("alice", LEDGER)
    kept = tuple(each for each in COMPILED.resources if each.resource_id != LEDGER)
    told = shown(session, CedarPolicy(replace(COMPILED, resources=kept)))
    assert (told.title, told.by_slack) == (LEDGER, False)


@pytest.mark.parametrize("resource", [LEDGER, UAT, KYC])
def test_one_more_approval_by_slack_is_offered_as_long_as_it_counts(resource: str) -> None:
    pam = Linked()
    pam.settled("bob", "kate")
    session = pam.story.request("alice", resource)
    assert shown(session, POLICY).by_slack
    voter = "kate" if resource == KYC else "bob"
    voted = pam.story.vote(pam.by_slack(user(voter)), session.session_id)
    assert shown(voted, POLICY).by_slack is (resource == UAT)
    signed = pam.story.vote("carol", pam.story.request("alice", LEDGER).session_id)
    assert shown(signed, POLICY).by_slack


def test_of_an_emergency_and_where_the_catalogue_says_none_it_is_not_offered() -> None:
    story = Story()
    assert not shown(story.request("kim", LEDGER, break_glass=True), POLICY).by_slack
    none = tuple(replace(each, slack_approvals=0) for each in COMPILED.resources)
    strict = CedarPolicy(replace(COMPILED, resources=none))
    assert not shown(story.request("alice", UAT), strict).by_slack
    assert shown(story.request("alice", UAT), POLICY).by_slack
    assert shown(story.request("alice", SANDBOX), POLICY).title == "Core sandbox"
