"""A role under `services:` asks who holds its resources, and is nobody otherwise."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pam.domain.errors import Code, NotEligible, Refusal
from pam.domain.people import Auth, Caller, Surface
from pam.operations.check_access import check_access
from pam.operations.read_inbox import read_inbox
from pam.operations.read_sessions import list_resources, list_sessions
from pam.policy.compiled import CompiledPolicy, PolicyError
from pam.policy.compiler import load
from pam.policy.identities import Identities
from pam.ports.sessions import SessionQuery
from tests.fakes.story import COMPILED, LEDGER, POLICY, ROOT, SANDBOX, Story, arn

ROLE = "arn:aws:sts::000000000000:assumed-role/consumer-access-check"
SERVICE = f"{ROLE}/any-session"


def service(principal: str = SERVICE) -> Caller:
    return Caller(principal=principal, person=None, surface=Surface.API, auth=Auth.SIGV4)


def test_a_service_learns_who_holds_its_resource_until_when_and_from_when_not() -> None:
    story = Story()
    session = story.activate(story.request("alice", SANDBOX).session_id)

    def held(principal: str) -> bool:
        return check_access(SANDBOX, principal, story.call(service())).allowed

    access = check_access(SANDBOX, arn("alice"), story.call(service()))
    assert (access.session_id, access.expires_at) == (session.session_id, session.expires_at)
    assert held("alice")
    assert not held(arn("dave"))
    story.issuer.down = True
    story.revoke(session.session_id)
    assert not held(arn("alice"))


ASKED: dict[str, tuple[str, str | None, str, Code]] = {
    "another resource, of which there is one": (LEDGER, arn("alice"), SERVICE, Code.NOT_ELIGIBLE),
    "another resource, of which there is none": ("none", arn("alice"), SERVICE, Code.NOT_ELIGIBLE),
    "about nobody": (SANDBOX, None, SERVICE, Code.VALIDATION),
    "about itself": (SANDBOX, SERVICE, SERVICE, Code.NOT_ELIGIBLE),
    "about a stranger": (SANDBOX, arn("mallory"), SERVICE, Code.NOT_ELIGIBLE),
    "by a role that is not listed": (
        SANDBOX, arn("alice"), SERVICE.replace("access-check", "other"), Code.NOT_ELIGIBLE,
    ),
    "by a longer name": (SANDBOX, arn("alice"), f"{ROLE}-2/x1", Code.NOT_ELIGIBLE),
    "by the same name in another account": (
        SANDBOX, arn("alice"), SERVICE.replace("0" * 12, "1" * 12), Code.NOT_ELIGIBLE,
    ),
    "by a user of that name": (
        SANDBOX, arn("alice"), arn("consumer-access-check"), Code.NOT_ELIGIBLE,
    ),
    "by another spelling": (
        SANDBOX, arn("alice"), SERVICE.replace("consumer", "Consumer"), Code.NOT_ELIGIBLE,
    ),
}  # fmt: skip


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("asked", ASKED)
def test_nothing_else_is_answered(asked: str) -> None:
    resource, about, by, code = ASKED[asked]
    story = Story()
    story.activate(story.request("alice", SANDBOX).session_id)
    with pytest.raises(Refusal) as refused:
        check_access(resource, about, story.call(service(by)))
    assert refused.value.code is code


ACTS: dict[str, Callable[[Story], object]] = {
    "ask for access": lambda story: story.request(service(), SANDBOX),
    "look at its inbox": lambda story: read_inbox(story.call(service())),
    "list sessions": lambda story: list_sessions(SessionQuery(), None, story.call(service())),
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("act", ACTS)
def test_a_service_does_nothing_that_people_do(act: str) -> None:
    story = Story()
    with pytest.raises(NotEligible):
        ACTS[act](story)


def test_there_is_nothing_that_a_service_may_ask_for() -> None:
    assert list_resources(Story().call(service())) == []


@pytest.mark.guarantee("G10")
def test_a_service_is_no_person_and_is_told_so() -> None:
    with pytest.raises(NotEligible, match="is a service"):
        POLICY.identities.identify(SERVICE)
    elsewhere = Identities(COMPILED, partition="aws-us-gov")
    assert elsewhere.service(SERVICE) is None


def _load(tmp_path: Path, entry: str) -> CompiledPolicy:
    text = (ROOT / "policy" / "identities.yaml").read_text(encoding="utf-8")
    file = tmp_path / "identities.yaml"
    file.write_text(text.replace("\nidentities:", f"\nservices: [{entry}]\nidentities:", 1))
    return load(ROOT / "policy", file)


IN = 'account: "111122223333"'
FAULTS = {
    "a resource that there is not": (f"{{role: x, {IN}, resources: [core-leger]}}", "core-leger"),
    "no resource": (f"{{role: x, {IN}, resources: []}}", "resources"),
    "no account": ("{role: x, resources: [core-ledger-admin]}", "account"),
    "a group": (f"{{role: x, {IN}, resources: [core-ledger-admin], groups: [a]}}", "groups"),
    "an ARN": (
        f"{{role: 'arn:aws:iam::1:role/x', {IN}, resources: [core-ledger-admin]}}",
        "not its ARN",
    ),
    "every role": (f"{{role: '*', {IN}, resources: [core-ledger-admin]}}", "a role is its name"),
    "the role of a permission set": (
        f"{{role: AWSReservedSSO_X_0123456789abcdef, {IN}, resources: [core-ledger-admin]}}",
        "permission set",
    ),
    "a role under the reserved path": (
        f"{{role: aws-reserved/sso.amazonaws.com/x, {IN}, resources: [core-ledger-admin]}}",
        "permission set",
    ),
    "a role that is lent": (
        f"{{role: pam-target-core-ledger-admin, {IN}, resources: [core-ledger-admin]}}",
        "is lent",
    ),
    "one role twice": (
        f"{{role: x, {IN}, resources: [core-ledger-admin]}}, "
        f"{{role: apps/X, {IN}, resources: [core-ledger-admin]}}",
        "listed twice",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_entry_is_refused_with_its_place(tmp_path: Path, fault: str) -> None:
    entry, word = FAULTS[fault]
    with pytest.raises(PolicyError, match=word) as caught:
        _load(tmp_path, entry)
    assert str(caught.value).startswith(f"{tmp_path}/identities.yaml:")


def test_a_service_with_a_path_is_known_by_its_session(tmp_path: Path) -> None:
    compiled = _load(tmp_path, f"{{role: /apps/x1, {IN}, resources: [core-ledger-admin]}}")
    again = CompiledPolicy.from_json(compiled.to_json())
    assert again == compiled
    found = Identities(again).service("arn:aws:sts::111122223333:assumed-role/x1/pam-check")
    assert found is not None
    assert (found.role, found.resources) == ("apps/x1", ("core-ledger-admin",))
