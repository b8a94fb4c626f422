"""Permission sets that are lent: sessions of an hour, a policy of PAM's own, and room in it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployment.preflight.check import Finding, Verdict
from local.identity_center.errors import ServiceError
from local.identity_center.service import IdentityCenter
from pam.identity_center import statements
from pam.identity_center.statements import Statement
from stacks.vendor_config import IdentityCenterConfig
from tests.deployment.answers import Refusal
from tests.deployment.ready import CONFIG, HOME, POLICY, REGION, Ready

ADMINISTRATOR = "444455556666"
SECTION = IdentityCenterConfig(
    region="eu-central-1",
    issuer_role=f"arn:aws:iam::{ADMINISTRATOR}:role/issuer",
    revoker_role=f"arn:aws:iam::{ADMINISTRATOR}:role/revoker",
)
FOREIGN = {"Sid": "Theirs", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
END = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Centre:
    """An account that is ready, with an Identity Center that answers for itself."""

    def __init__(self) -> None:
        self.ready, self.there = Ready(), IdentityCenter(lambda: END)
        for name in ("DescribePermissionSet", "GetInlinePolicyForPermissionSet"):
            self.ready.answers[f"sso-admin.{name}"] = self.answering(name)

    def answering(self, operation: str) -> Any:
        def answer(said: dict[str, Any]) -> dict[str, Any]:
            try:
                return self.there.call("sso-admin", operation, said)
            except ServiceError as error:
                raise Refusal(error.code) from error

        return answer

    def policy_of(self, sessions: int) -> None:
        """As PAM writes it for so many sessions at once."""
        written = [
            Statement(
                session_id=f"{number:026}",
                account=HOME,
                user_ids=(f"9067a1b2c3-{number:08}-0000-0000-0000-000000000000",),
                start=END + timedelta(minutes=number),
            )
            for number in range(sessions)
        ]
        (permission_set,) = self.there.directory.permission_sets.values()
        permission_set.inline_policy = statements.written(written)

    def look(self, **changed: Any) -> list[Finding]:
        return self.ready.look("lent permission sets", **changed)


def test_where_no_identity_center_answers_that_is_said() -> None:
    centre = Centre()
    centre.ready.answers["sso-admin.DescribePermissionSet"] = lambda _said: {}
    (finding,) = centre.look()
    assert finding.verdict is Verdict.UNKNOWN
    assert "is no Identity Center" in finding.said


def test_a_set_of_one_hour_that_pam_alone_writes_in_is_as_it_should_be() -> None:
    centre = Centre()
    for sessions in (0, 1, 20, 29):
        centre.policy_of(sessions)
        (finding,) = centre.look()
        assert finding.verdict is Verdict.OK
        assert "PamPayments" in finding.said


@pytest.mark.parametrize("duration", ["PT8H", "PT1H1S", "PT12H"])
def test_sessions_of_another_length_are_wrong(duration: str) -> None:
    centre = Centre()
    centre.there.act("set_session_duration", duration=duration)
    (finding,) = centre.look()
    assert finding.verdict is Verdict.WRONG
    assert duration in finding.said
    assert "set it to PT1H" in finding.remedy


def test_a_set_of_another_name_is_wrong_because_pam_would_not_know_its_role() -> None:
    centre = Centre()
    (permission_set,) = centre.there.directory.permission_sets.values()
    permission_set.name = "Payments"
    (finding,) = centre.look()
    assert finding.verdict is Verdict.WRONG
    assert "Payments" in finding.said
    assert "catalogue" in finding.remedy


def test_a_set_that_is_gone_is_wrong() -> None:
    centre = Centre()
    centre.there.act("delete_permission_set")
    (finding,) = centre.look()
    assert finding.verdict is Verdict.WRONG
    assert "there is no permission set arn:aws:sso:::" in finding.said
    assert "core-payments-admin" in finding.remedy


def test_a_statement_that_pam_did_not_write_is_wrong_and_named() -> None:
    centre = Centre()
    centre.there.act("write_policy", statements=[FOREIGN])
    (finding,) = centre.look()
    assert finding.verdict is Verdict.WRONG
    assert "statement Theirs" in finding.said
    assert "managed policies" in finding.remedy


@pytest.mark.parametrize(("sessions", "more"), [(31, 3), (34, 0)])
def test_little_room_is_told_with_how_many_more_it_holds(sessions: int, more: int) -> None:
    centre = Centre()
    centre.policy_of(sessions)
    (finding,) = centre.look()
    assert finding.verdict is Verdict.WARNING
    assert f"of 10,240: room for about {more} session(s) more" in finding.said
    assert finding.remedy


def test_a_set_that_is_lent_without_a_word_of_how_to_reach_it_is_wrong() -> None:
    (finding,) = Centre().look(config={"identity_center": None})
    assert finding.verdict is Verdict.WRONG
    assert "core-payments-admin" in finding.said
    assert "cdk.json" in finding.remedy


def test_it_is_asked_in_the_account_and_region_that_administer_identity_center() -> None:
    centre = Centre()
    (finding,) = centre.look(config={"identity_center": SECTION})
    assert finding.verdict is Verdict.UNKNOWN
    assert f"AWS_PROFILE=<one of account {ADMINISTRATOR}>" in finding.remedy
    assert centre.ready.asked == []
    centre.ready.account = ADMINISTRATOR
    (finding,) = centre.look(config={"identity_center": SECTION})
    assert finding.verdict is Verdict.OK
    assert {region for _, region, _ in centre.ready.asked} == {"eu-central-1"}
    assert CONFIG.region == REGION != "eu-central-1"


def test_where_none_is_lent_nothing_is_asked() -> None:
    centre = Centre()
    others = tuple(it for it in POLICY.resources if it.issuer_kind != "identity-center")
    (finding,) = centre.look(policy=replace(POLICY, resources=others))
    assert finding.verdict is Verdict.OK
    assert centre.ready.asked == []
