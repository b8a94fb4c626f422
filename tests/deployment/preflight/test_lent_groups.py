"""Groups of Okta that are lent: PAM's keys, and what Okta itself says, to whoever may ask it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deployment.preflight import lent_groups
from deployment.preflight.check import Finding, Verdict
from deployment.preflight.reads import NotARead
from local.okta.acts import Acts
from local.okta.service import Okta
from local.okta.tokens import Grant
from pam.domain.resource import Resource
from pam.okta.errors import Unanswered
from pam.okta.transport import Reply
from tests.deployment.answers import Refusal
from tests.deployment.ready import POLICY, Ready

GROUP, TOKEN = "core-support-admins", "a-bearer-of-the-administrators"
READS = ("okta.groups.read", "okta.groups.manage", "okta.roles.read", "okta.users.read")


class Organisation:
    """An Okta that answers for itself; who looks has a token of its, if `token`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, token: str = TOKEN) -> None:
        self.okta, self.ready, self.down = Okta(lambda: 0.0), Ready(), False
        self.acts = Acts(self.okta)
        self.scopes(*READS)
        self.sent: list[str] = []
        monkeypatch.setattr(lent_groups, "HttpTransport", lambda: self)
        monkeypatch.setattr("time.sleep", lambda _: None)
        monkeypatch.setenv(lent_groups.TOKEN, token)

    def scopes(self, *scopes: str) -> None:
        app = next(iter(self.okta.directory.apps))
        grant = Grant(client_id=app, scopes=scopes, expires=1e9, bound_to="")
        self.okta.tokens.grants[TOKEN] = grant

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Reply:
        self.sent.append(method)
        if self.down:
            message = "no answer: TimeoutError"
            raise Unanswered(message)
        status, said, answer = self.okta.answer(method, url, headers, body)
        named = {name.lower(): value for name, value in said.items()}
        return Reply(status=status, headers=named, body=answer)

    def look(self, **changed: Any) -> list[Finding]:
        """Of the group alone: the keys come first."""
        *_, finding = found = self.ready.look("lent groups", **changed)
        assert TOKEN not in str(found)
        return [finding]


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Organisation:
    return Organisation(monkeypatch)


def test_a_group_of_its_own_that_no_rule_feeds_is_as_it_should_be(there: Organisation) -> None:
    (finding,) = there.look()
    assert finding.verdict is Verdict.OK, finding
    assert "core-support-admins: Okta answers" in finding.said
    assert set(there.sent) == {"GET"}


@pytest.mark.parametrize(
    ("verb", "arguments", "told"),
    [
        ("set_group", {"type": "APP_GROUP"}, "of type APP_GROUP"),
        ("set_group", {"type": "BUILT_IN"}, "of type BUILT_IN"),
        ("set_group", {"roles": ["HELP_DESK_ADMIN"]}, "an admin role"),
        ("set_rule", {"name": "feeds", "users": ["finn"]}, "a group rule"),
        ("set_rule", {"name": "off", "users": ["finn"], "status": "INACTIVE"}, "a group rule"),
        ("delete_group", {}, "there is no group"),
    ],
)
def test_what_would_undo_an_end_or_gives_more_than_was_said_is_wrong(
    there: Organisation, verb: str, arguments: dict[str, Any], told: str
) -> None:
    getattr(there.acts, verb)(group=GROUP, **arguments)
    (finding,) = there.look()
    assert finding.verdict is Verdict.WRONG
    assert told in finding.said
    assert "lend a group of PAM's alone" in finding.remedy


def test_an_admin_role_that_the_catalogue_says_is_none_of_these(there: Organisation) -> None:
    there.acts.set_group(group=GROUP, roles=["HELP_DESK_ADMIN"])
    resources = tuple(carrying(it) for it in POLICY.resources)
    (finding,) = there.look(policy=replace(POLICY, resources=resources))
    assert finding.verdict is Verdict.OK


def carrying(resource: Resource) -> Resource:
    if resource.issuer_kind != "okta-group":
        return resource
    return replace(resource, issuer={**resource.issuer, "carries_admin_role": "true"})


def test_an_okta_that_does_not_answer_or_takes_the_token_for_none_cannot_be_told(
    there: Organisation,
) -> None:
    there.scopes("okta.users.read")
    (finding,) = there.look()
    assert finding.verdict is Verdict.UNKNOWN
    there.okta.tokens.grants.clear()
    (finding,) = there.look()
    assert finding.verdict is Verdict.UNKNOWN
    there.down = True
    (finding,) = there.look()
    assert finding.verdict is Verdict.UNKNOWN
    assert lent_groups.TOKEN in finding.remedy


def test_without_a_token_nothing_is_sent_and_it_says_which_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = Organisation(monkeypatch, token="")
    *_, finding = there.ready.look("lent groups")
    assert finding.verdict is Verdict.UNKNOWN
    assert "okta.groups.read" in finding.remedy
    assert there.sent == []


def test_nothing_but_a_read_is_sent_to_okta(there: Organisation) -> None:
    reading = lent_groups.Reading(there, TOKEN)
    for method in ("PUT", "POST", "DELETE"):
        with pytest.raises(NotARead):
            reading.send(method, "https://bank.okta.com/", headers={}, body=b"", timeout=1)
    assert there.sent == []
    assert TOKEN not in repr(reading)


def test_a_key_that_is_not_there_or_not_enabled_is_wrong(there: Organisation) -> None:
    def gone(_: dict[str, Any]) -> dict[str, Any]:
        raise Refusal("NotFoundException")

    disabled = {"KeyMetadata": {"KeyId": "k", "KeyState": "Disabled"}}
    for answer in (gone, disabled):
        there.ready.answers["kms.DescribeKey"] = answer
        keys = there.ready.look("lent groups")[:-1]
        assert [it.verdict for it in keys] == [Verdict.WRONG, Verdict.WRONG]
        assert all(it.remedy for it in keys)


def test_a_group_that_is_lent_without_a_word_of_how_pam_is_known_is_wrong(
    there: Organisation,
) -> None:
    (finding,) = there.look(config={"okta": None})
    assert finding.verdict is Verdict.WRONG
    assert "core-support-admins" in finding.said
    assert "cdk.json" in finding.remedy
