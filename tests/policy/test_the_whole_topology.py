"""The approval topology, decided for every input there is: the inputs are finite."""

from dataclasses import replace
from itertools import product

import pytest

from pam.domain.approval import ApprovalsGathered, ApprovalsNeeded
from pam.domain.circumstances import Circumstances
from pam.domain.errors import Code
from pam.domain.people import Auth, Person, Surface
from pam.domain.resource import Environment
from pam.domain.session import Session
from pam.policy.cedar import Action, CedarPolicy
from tests.fakes.story import COMPILED, LEDGER, PLAIN, POLICY, Story, arn

ROLES = ["engineers", "approvers", "operators", "auditors"]
COUNT = {Environment.PROD: 2, Environment.UAT: 1, Environment.DEV: 0}


def person(name: str, domain: str, *roles: str) -> Person:
    return Person(name=name, principal=arn(name), domain=domain, groups=(), roles=frozenset(roles))


def lawful(
    environment: Environment, gathered: ApprovalsGathered, *, across: bool, break_glass: bool
) -> bool:
    """The approval rules of `docs/interface.md`, in words of its own."""
    count = 0 if break_glass else COUNT[environment]
    if across:
        return gathered.domain >= 1 and gathered.total >= count + 1
    return gathered.total >= count


EVERYTHING = [
    (environment, across, ApprovalsGathered(total=total, domain=domain))
    for environment, across, total in product(Environment, (False, True), range(6))
    for domain in range(total + 1)
]
ASKED = [
    Circumstances(
        surface=surface, auth=auth, break_glass=break_glass, ticket=ticket, signals=signals
    )
    for surface, auth in product(Surface, (*Auth, None))
    for break_glass, ticket in product((False, True), ("", "INC-1"))
    for signals in ({}, {"ticket": "unknown"})
]
"""Of all these, the rules as shipped go by break-glass alone."""


@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
def test_a_grant_is_lawful_for_exactly_the_inputs_of_the_interface() -> None:
    resources = {r.environment: r for r in COMPILED.resources if r.domain == "bank-core"}
    for (environment, across, gathered), asked in product(EVERYTHING, ASKED):
        requester = person("zoe", "bank-kyc" if across else "bank-core", "engineers")
        decision = POLICY.grant(requester, resources[environment], gathered, asked)
        expected = lawful(environment, gathered, across=across, break_glass=asked.break_glass)
        assert decision.allowed is expected, (environment, across, gathered, asked)
        if across and gathered.domain == 0:
            assert decision.policy_ids == ("DT-001-an-approver-of-the-resource-domain",)


@pytest.mark.parametrize(
    ("environment", "across", "break_glass"),
    list(product(Environment, (False, True), (False, True))),
)
def test_what_people_are_told_is_needed_is_the_least_that_is_lawful(
    environment: Environment, *, across: bool, break_glass: bool
) -> None:
    resources = {r.environment: r for r in COMPILED.resources if r.domain == "bank-core"}
    requester = person("zoe", "bank-kyc" if across else "bank-core", "engineers")
    asked = replace(PLAIN, break_glass=break_glass)
    needed = POLICY.approvals_needed(requester, resources[environment], asked)
    count = 0 if break_glass else COUNT[environment]
    assert needed == ApprovalsNeeded(total=count + across, domain=int(across))


def session_of(requester: str, domain: str) -> Session:
    story = Story()
    story.request(requester, LEDGER)
    (session,) = story.store.sessions.values()
    assert session.requester_domain == domain
    return session


RIGHTS = {
    Action.APPROVE: {"approvers"},
    Action.REVOKE: {"operators"},
    Action.ERASE: {"operators"},
    Action.BLOCK: {"operators"},
    Action.CONFIRM: set(),
    Action.REVIEW: {"approvers"},
    Action.END: set(),
    Action.LEASE: set(),
    Action.READ: {"approvers", "operators", "auditors"},
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(("action", "role"), list(product(Action, ROLES)))
def test_who_may_do_what_to_somebody_elses_session(action: Action, role: str) -> None:
    session = session_of("alice", "bank-core")
    other = person("zoe", "bank-core", role)
    assert POLICY.may(action, other, session).allowed is (role in RIGHTS[action])


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("role", ROLES)
def test_who_may_change_and_who_may_see_who_is_blocked(role: str) -> None:
    zoe = person("zoe", "bank-core", role)
    assert POLICY.may_administer(zoe).allowed is (role == "operators")
    assert POLICY.may_inspect(zoe).allowed is (role in {"operators", "auditors"})


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("action", Action)
def test_a_person_without_a_role_may_do_nothing(action: Action) -> None:
    nobody = person("zoe", "bank-core")
    assert not POLICY.may(action, nobody, session_of("alice", "bank-core")).allowed
    assert not POLICY.may_check_others(nobody).allowed
    assert not POLICY.may_browse(nobody).allowed
    assert not POLICY.may_administer(nobody).allowed
    assert not POLICY.may_inspect(nobody).allowed


@pytest.mark.guarantee("G2")
def test_a_requester_with_every_role_still_cannot_approve_their_own() -> None:
    session = session_of("alice", "bank-core")
    decision = POLICY.may(Action.APPROVE, person("alice", "bank-core", *ROLES), session)
    assert not decision.allowed
    assert decision.code is Code.SELF_APPROVAL


def test_an_approver_of_neither_domain_has_no_vote() -> None:
    session = session_of("alice", "bank-core")
    assert not POLICY.may(Action.APPROVE, person("kate", "bank-kyc", "approvers"), session).allowed


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("domain", ["bank-core", "bank-kyc", "bank-cards"])
@pytest.mark.parametrize("requester", ["alice", "zoe"])
def test_a_session_is_reviewed_by_approvers_of_either_domain_but_never_by_its_user(
    domain: str, requester: str
) -> None:
    session = replace(session_of("kim", "bank-kyc"), requester_name=requester)
    decision = POLICY.may(Action.REVIEW, person("zoe", domain, *ROLES), session)
    assert decision.allowed is (requester != "zoe" and domain != "bank-cards")
    if requester == "zoe":
        assert decision.code is Code.SELF_APPROVAL


@pytest.mark.guarantee("G10")
def test_an_empty_policy_set_denies_everything() -> None:
    empty = CedarPolicy(replace(COMPILED, cedar="", codes={}, policy_count=0))
    alice = person("alice", "bank-core", *ROLES)
    session = session_of("alice", "bank-core")
    assert not any(empty.may(action, alice, session).allowed for action in Action)
    assert not any(empty.may_request(alice, r, PLAIN).allowed for r in empty.resources())
