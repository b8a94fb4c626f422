"""How a vote was cast counts: what Slack vouches for opens nothing in production by itself."""

import re
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from pam.domain.approval import Ballot, Casting, Vote
from pam.domain.errors import Code, StepUp
from pam.domain.people import Auth, Person, Surface
from pam.domain.proofs import Maker
from pam.domain.resource import Environment
from pam.domain.session import Session
from pam.operations.vote import BallotPaper, vote
from pam.policy.cedar import Action, CedarPolicy
from pam.policy.compiled import PolicyError
from pam.policy.compiler import load
from tests.fakes.story import COMPILED, LEDGER, NOON, POLICY, ROOT, SANDBOX, UAT, Story, arn

RESOURCES = {Environment.PROD: LEDGER, Environment.UAT: UAT, Environment.DEV: SANDBOX}
WAYS = [(Surface.API, Auth.SIGV4), (Surface.SLACK, Auth.SLACK), (Surface.CONSOLE, Auth.WEBAUTHN)]


def session_on(resource: str, *, break_glass: bool = False) -> Session:
    story = Story()
    return story.request("alice", resource, break_glass=break_glass)


def approver(name: str, *roles: str) -> Person:
    return Person(
        name=name,
        principal=arn(name),
        domain="bank-core",
        groups=(),
        roles=frozenset(roles or ("approvers",)),
    )


def cast(surface: Surface, auth: Auth, before: int = 0, ballot: Ballot = Ballot.APPROVE) -> Casting:
    return Casting(ballot=ballot, surface=surface, auth=auth, slack_approvals=before)


def vote_of(name: str, auth: Auth, decision: Ballot = Ballot.APPROVE) -> Vote:
    surface = next(surface for surface, way in WAYS if way is auth)
    return Vote(
        name=name,
        principal=arn(name),
        domain="bank-core",
        decision=decision,
        comment="",
        at=NOON,
        surface=surface,
        auth=auth,
    )


def with_at_most(tmp_path: Path, resource: str, line: str) -> CedarPolicy:
    """The policy as shipped, with a line more for that resource."""
    policy = tmp_path / "policy"
    shutil.copytree(ROOT / "policy", policy)
    catalogue = policy / "catalogue.yaml"
    text = catalogue.read_text(encoding="utf-8")
    entry = f"  - id: {resource}\n"
    assert entry in text
    catalogue.write_text(text.replace(entry, f"{entry}    {line}\n"), encoding="utf-8")
    return CedarPolicy(load(policy, ROOT / "local" / "identities.yaml"))


def counts_by_the_interface(environment: Environment, before: int, *, break_glass: bool) -> bool:
    """Of an approval by Slack, in words of its own."""
    return not break_glass and not (environment is Environment.PROD and before >= 1)


@pytest.mark.guarantee("G2")
def test_an_approval_by_slack_counts_exactly_where_the_interface_says_so() -> None:
    bob = approver("bob")
    for environment, break_glass, before in product(RESOURCES, (False, True), range(4)):
        session = session_on(RESOURCES[environment], break_glass=break_glass)
        for surface, auth in WAYS:
            decision = POLICY.may_vote(bob, session, cast(surface, auth, before))
            expected = auth is not Auth.SLACK or counts_by_the_interface(
                environment, before, break_glass=break_glass
            )
            assert decision.allowed is expected, (environment, break_glass, before, auth)
            if not expected:
                assert decision.code is Code.STEP_UP


@pytest.mark.guarantee("G2")
def test_a_denial_always_counts() -> None:
    for resource, break_glass in product(RESOURCES.values(), (False, True)):
        session = session_on(resource, break_glass=break_glass)
        no = cast(Surface.SLACK, Auth.SLACK, before=3, ballot=Ballot.DENY)
        assert POLICY.may_vote(approver("bob"), session, no).allowed


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (approver("bob", "engineers"), Code.NOT_ELIGIBLE),
        (replace(approver("kate"), domain="bank-kyc"), Code.NOT_ELIGIBLE),
        (approver("alice"), Code.SELF_APPROVAL),
    ],
)
def test_who_may_not_vote_at_all_is_not_sent_elsewhere_to_try_again(
    who: Person, code: Code
) -> None:
    session = session_on(LEDGER)
    decision = POLICY.may_vote(who, session, cast(Surface.SLACK, Auth.SLACK, before=1))
    assert not decision.allowed
    assert decision.code is code


@pytest.mark.guarantee("G2")
def test_a_resource_may_take_no_approval_by_slack(tmp_path: Path) -> None:
    policy = with_at_most(tmp_path, UAT, "slack_approvals: 0")
    session, bob = session_on(UAT), approver("bob")
    by_slack = cast(Surface.SLACK, Auth.SLACK)
    assert POLICY.may_vote(bob, session, by_slack).allowed
    refused = policy.may_vote(bob, session, by_slack)
    assert not refused.allowed
    assert refused.code is Code.STEP_UP
    assert refused.policy_ids == ("a-resource-may-count-fewer-approvals-by-slack",)
    assert policy.may(Action.APPROVE, bob, session).allowed


@pytest.mark.guarantee("G2")
def test_a_resource_cannot_take_more_of_them_than_the_rules(tmp_path: Path) -> None:
    policy = with_at_most(tmp_path, LEDGER, "slack_approvals: 5")
    second = cast(Surface.SLACK, Auth.SLACK, before=1)
    assert not policy.may_vote(approver("bob"), session_on(LEDGER), second).allowed


@pytest.mark.parametrize("value", ["-1", "21", "few", "1.5"])
def test_how_many_is_a_whole_number(tmp_path: Path, value: str) -> None:
    with pytest.raises(PolicyError, match="slack_approvals"):
        with_at_most(tmp_path, UAT, f"slack_approvals: {value}")


COUNTED: dict[str, tuple[str, list[Vote], list[str]]] = {
    "prod, one by Slack": (
        LEDGER,
        [vote_of("bob", Auth.SLACK), vote_of("carol", Auth.SIGV4)],
        ["bob", "carol"],
    ),
    "prod, the second by Slack": (
        LEDGER,
        [vote_of("bob", Auth.SLACK), vote_of("carol", Auth.SLACK)],
        ["bob"],
    ),
    "prod, a signed one between two": (
        LEDGER,
        [vote_of("bob", Auth.SLACK), vote_of("carol", Auth.SIGV4), vote_of("erin", Auth.SLACK)],
        ["bob", "carol"],
    ),
    "prod, one by Slack that does not count takes no place": (
        LEDGER,
        [vote_of("alice", Auth.SLACK), vote_of("carol", Auth.SLACK)],
        ["carol"],
    ),
    "uat": (
        UAT,
        [vote_of("bob", Auth.SLACK), vote_of("carol", Auth.SLACK)],
        ["bob", "carol"],
    ),
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", COUNTED)
def test_the_gate_counts_no_more_of_them_than_the_door_lets_in(case: str) -> None:
    """Whatever a table says: the votes are gone through anew, in their order."""
    resource, votes, expected = COUNTED[case]
    session = replace(session_on(resource), votes=tuple(votes))
    assert [vote.name for vote in POLICY.counted(votes, session)] == expected


def test_a_policy_set_of_an_earlier_day_is_asked_as_it_was_then() -> None:
    """Its schema does not say how a vote was cast; then it is not told."""
    approve = r"(action approve appliesTo \{[^{}]*context: )\{[^{}]*\}"
    schema = re.sub(approve, r"\1Asked", COMPILED.cedar_schema)
    rule = r'@id\("[^"]*by-slack"\)\s@code\("STEP_UP"\)\sforbid \([^()]*\)\swhen\s\{[^{}]*\};'
    cedar, rules = re.subn(rule, "", COMPILED.cedar)
    assert rules == 3
    assert schema != COMPILED.cedar_schema
    old = CedarPolicy(replace(COMPILED, cedar=cedar, cedar_schema=schema))
    second = cast(Surface.SLACK, Auth.SLACK, before=1)
    assert old.may_vote(approver("bob"), session_on(LEDGER), second).allowed
    assert not old.may_vote(approver("bob", "engineers"), session_on(LEDGER), second).allowed


@pytest.mark.guarantee("G2")
def test_whoever_is_refused_is_told_where_the_vote_counts() -> None:
    story = Story()
    session = story.request("alice", LEDGER, break_glass=True, reason="ledger stuck, INC-77")
    bob = replace(story.call("bob").caller, surface=Surface.SLACK, auth=Auth.SLACK)
    paper = BallotPaper(session_id=session.session_id, decision=Ballot.APPROVE)
    with pytest.raises(StepUp) as refused:
        vote(paper, story.call(bob), workflow=story.workflow, signer=story.keys.of(Maker.DOOR))
    assert refused.value.step_up_command == f"pam approve {session.session_id}"
    assert "pam approve" in refused.value.detail
    assert story.store.get(session.session_id).votes == ()
