"""The approval rules of `docs/interface.md` as scenarios: who may let whom in."""

from dataclasses import replace

import pytest

from pam.domain.approval import Ballot
from pam.domain.errors import Conflict, Invalid, NotEligible, NotFound, SelfApproval
from pam.domain.lifecycle import Status
from pam.domain.people import Auth, Caller, Person, Surface
from pam.domain.proofs import Maker
from pam.operations.vote import BallotPaper, vote
from tests.fakes.story import KYC, KYC_SANDBOX, LEDGER, SANDBOX, UAT, Story, arn

CASES = {
    # resource, requester, break-glass, votes in order -> status after the last
    "prod, nobody": (LEDGER, "alice", False, [], Status.PENDING_APPROVAL),
    "prod, one": (LEDGER, "alice", False, ["bob"], Status.PENDING_APPROVAL),
    "prod, two": (LEDGER, "alice", False, ["bob", "carol"], Status.APPROVED),
    "uat, nobody": (UAT, "alice", False, [], Status.PENDING_APPROVAL),
    "uat, one": (UAT, "alice", False, ["bob"], Status.APPROVED),
    "dev": (SANDBOX, "alice", False, [], Status.APPROVED),
    "prod, break-glass": (LEDGER, "alice", True, [], Status.APPROVED),
    "across, two of the own": (KYC, "alice", False, ["bob", "carol"], Status.PENDING_APPROVAL),
    "across, three of the own": (
        KYC, "alice", False, ["bob", "carol", "erin"], Status.PENDING_APPROVAL,
    ),
    "across, gate but not the count": (KYC, "alice", False, ["bob", "kate"],
                                       Status.PENDING_APPROVAL),
    "across, count and gate": (KYC, "alice", False, ["bob", "carol", "kate"], Status.APPROVED),
    "across, all of the other": (KYC, "alice", False, ["kate", "kurt", "bob"], Status.APPROVED),
    "across dev, nobody": (KYC_SANDBOX, "alice", False, [], Status.PENDING_APPROVAL),
    "across dev, the wrong one": (KYC_SANDBOX, "alice", False, ["bob"], Status.PENDING_APPROVAL),
    "across dev, the gate": (KYC_SANDBOX, "alice", False, ["kate"], Status.APPROVED),
    "across break-glass, nobody": (KYC, "alice", True, [], Status.PENDING_APPROVAL),
    "across break-glass, the gate": (KYC, "alice", True, ["kate"], Status.APPROVED),
    "across uat, count only": (UAT, "kim", False, ["kate", "kurt"], Status.PENDING_APPROVAL),
    "across uat, count and gate": (UAT, "kim", False, ["kate", "bob"], Status.APPROVED),
}  # fmt: skip


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
@pytest.mark.parametrize("case", CASES)
def test_a_grant_is_lawful_exactly_when_the_interface_says_so(case: str) -> None:
    resource, requester, break_glass, voters, expected = CASES[case]
    story = Story()
    session = story.request(requester, resource, break_glass=break_glass)
    for voter in voters:
        session = story.vote(voter, session.session_id)
    assert session.status is expected


@pytest.mark.guarantee("G2")
def test_nobody_approves_their_own_request_by_another_principal_either() -> None:
    story = Story()
    session_id = story.request("alice").session_id
    second = "arn:aws:sts::000000000000:assumed-role/AWSReservedSSO_Approver_0123456789abcdef/alice"
    other_alice = Person(
        name="alice",
        principal=second,
        domain="bank-core",
        groups=("bank-core-approvers",),
        roles=frozenset({"approvers"}),
    )
    caller = Caller(
        principal=second,
        person=other_alice,
        surface=Surface.API,
        auth=Auth.SIGV4,
    )
    with pytest.raises(SelfApproval):
        vote(
            BallotPaper(session_id=session_id, decision=Ballot.APPROVE),
            story.call(caller),
            workflow=story.workflow,
            signer=story.keys.of(Maker.DOOR),
        )
    assert story.store.sessions[session_id].votes == ()


@pytest.mark.guarantee("G2")
def test_nobody_counts_twice() -> None:
    story = Story()
    session_id = story.request().session_id
    story.vote("bob", session_id)
    with pytest.raises(Conflict):
        story.vote("bob", session_id)
    assert story.store.sessions[session_id].gathered.total == 1


@pytest.mark.guarantee("G2")
def test_one_denial_ends_it_and_no_approval_brings_it_back() -> None:
    story = Story()
    session_id = story.request().session_id
    story.store.put_task_token(session_id, "token", story.now)
    story.vote("bob", session_id)
    denied = story.vote("carol", session_id, Ballot.DENY)
    assert denied.status is Status.DENIED
    assert denied.approvers == (arn("bob"),)
    assert story.workflow.refusals == [("token", "DENIED")]
    with pytest.raises(Conflict):
        story.vote("erin", session_id)


@pytest.mark.parametrize("comment", ["", "not during the close"])
def test_a_denial_gives_the_approvers_own_words_as_its_reason_if_there_are_any(
    comment: str,
) -> None:
    story = Story()
    session_id = story.request().session_id
    denied = story.vote("bob", session_id, Ballot.DENY, comment=comment).ending
    assert denied is not None
    own_or_pams = (comment, True) if comment else (f"denied by {arn('bob')}", False)
    assert (denied.reason, denied.written) == own_or_pams


@pytest.mark.parametrize("who", ["dave", "kim", "sam", "ada", "runbook", "mallory"])
def test_whoever_is_no_approver_of_the_domains_concerned_has_no_vote(who: str) -> None:
    story = Story()
    session_id = story.request().session_id
    with pytest.raises(NotEligible):
        story.vote(who, session_id)


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("who", ["bob", "sam", "ada", "runbook", "mallory"])
def test_whoever_is_no_engineer_gets_nothing(who: str) -> None:
    story = Story()
    with pytest.raises(NotEligible):
        story.request(who)
    assert story.store.sessions == {}
    assert story.workflow.started == []


def test_an_unknown_resource_is_not_found() -> None:
    with pytest.raises(NotFound):
        Story().request("alice", "no-such-thing")


@pytest.mark.parametrize("seconds", [0, -1, 14401])
def test_a_duration_outside_the_resources_bounds_names_the_field(seconds: int) -> None:
    with pytest.raises(Invalid) as refusal:
        Story().request("alice", LEDGER, seconds=seconds)
    assert refusal.value.errors[0].field == "duration_seconds"


def test_a_resource_may_set_a_lower_maximum() -> None:
    story = Story()
    assert story.request("kim", KYC, seconds=7200).duration.total_seconds() == 7200
    with pytest.raises(Invalid):
        story.request("kim", KYC, seconds=7201)


def test_the_shortest_duration_that_an_approver_set_stands() -> None:
    story = Story()
    session_id = story.request(seconds=600).session_id
    with pytest.raises(Invalid):
        story.vote("bob", session_id, seconds=601)
    assert story.vote("bob", session_id, seconds=600).duration.total_seconds() == 600
    session_id = story.request(seconds=600).session_id
    story.vote("bob", session_id, seconds=120)
    assert story.vote("carol", session_id, seconds=300).duration.total_seconds() == 120


def test_a_vote_after_the_window_is_too_late() -> None:
    story = Story()
    session = story.request()
    story.now = session.approval_expires_at
    with pytest.raises(Conflict):
        story.vote("bob", session.session_id)


def test_a_requester_who_is_no_longer_listed_is_not_granted_by_the_last_vote() -> None:
    story = Story()
    session_id = story.waiting().session_id
    stored = story.store.sessions[session_id]
    story.store.sessions[session_id] = replace(stored, requester="arn:aws:iam::1:user/gone")
    with pytest.raises(NotEligible):
        story.vote("carol", session_id)
    assert story.store.sessions[session_id].status is Status.PENDING_APPROVAL


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("voters", [[], ["bob"]])
def test_a_session_that_says_approved_without_the_votes_for_it_is_not_activated(
    voters: list[str],
) -> None:
    story = Story()
    session_id = story.request().session_id
    for voter in voters:
        story.vote(voter, session_id)
    stored = story.store.sessions[session_id]
    forged = replace(stored, status=Status.APPROVED, approved_at=story.now)
    story.store.sessions[session_id] = forged
    with pytest.raises(NotEligible):
        story.activate(session_id)
    assert story.store.sessions[session_id] == forged
    assert story.issuer.held == set()


@pytest.mark.guarantee("G7")
def test_each_step_towards_access_is_recorded_with_the_rules_and_the_votes_that_allowed_it() -> (
    None
):
    story = Story()
    traces = [
        (record["type"], record["decision"]["required"], record["decision"]["received"])
        for record in story.store.records(story.granted().session_id)
        if record["decision"]["policy_ids"]
    ]
    assert traces == [
        ("Requested", 2, 0),
        ("Voted", 2, 1),
        ("Voted", 2, 2),
        ("Approved", 2, 2),
        ("Activating", 2, 2),
    ]
