"""The Identity Center of a stack: its portal gives out credentials of a real role there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cast import Cast, Person, is_refused, until
from local.identity_center.control import ControlError, Live
from local.targets_app import PERMISSION_SET_RESOURCE

AN_HOUR = timedelta(hours=1)
STRANGER = "load18"
"""Whom no other test gives this by hand: PAM's search tells of each but once a day."""


@pytest.fixture
def live(cast: Cast) -> Iterator[Live]:
    """Somebody at the portal, by an assignment that was made by hand."""
    center = cast.identity_center
    center.call("assign", user=STRANGER)
    yield center.sign_in(STRANGER)
    center.call("write_policy", statements=None)
    center.call("unassign", user=STRANGER)


def lists(cast: Cast, live: Live, bucket: str) -> Any:
    return cast.with_sign_in(live, "s3").list_objects_v2(Bucket=bucket)


def ends(live: Live, at: datetime) -> dict[str, Any]:
    whose = {"identitystore:userId": live.user_id, "aws:PrincipalAccount": live.account}
    when = {"aws:CurrentTime": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    condition = {"StringEquals": whose, "DateGreaterThanEquals": when}
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def test_who_is_at_the_portal_uses_the_resource_and_no_other(cast: Cast, live: Live) -> None:
    assert "KeyCount" in lists(cast, live, cast.bucket(PERMISSION_SET_RESOURCE))
    assert is_refused(lambda: lists(cast, live, cast.bucket("core-sandbox-admin")))
    told = cast.with_sign_in(live, "sts").get_caller_identity()
    assert told["Arn"] == live.principal
    assert told["Arn"].endswith(f"/{STRANGER}")


@pytest.mark.parametrize(("after", "refused"), [(AN_HOUR, False), (-AN_HOUR, True)])
def test_a_live_credential_is_refused_once_the_deny_is_provisioned(
    cast: Cast, live: Live, after: timedelta, *, refused: bool
) -> None:
    bucket, deny = cast.bucket(PERMISSION_SET_RESOURCE), ends(live, datetime.now(UTC) + after)

    def seen() -> bool | None:
        """Written again where PAM's search has just written over it, for what ended here before."""
        cast.identity_center.call("write_policy", statements=[deny])
        return is_refused(lambda: lists(cast, live, bucket)) is refused or None

    until(seen, f"{refused=}")


def test_nobody_is_shown_what_they_are_not_assigned(cast: Cast, live: Live) -> None:
    assert live.user_name == STRANGER
    with pytest.raises(ControlError, match="alice has no"):
        cast.identity_center.sign_in("alice")


def test_a_person_of_the_stack_may_not_call_it(cast: Cast, alice: Person) -> None:
    url = cast.about["services"]["identity_center"]["url"]
    sso = cast.session(alice.name).client("sso-admin", endpoint_url=url)
    assert is_refused(sso.list_instances)
    root = cast.session("root").client("sso-admin", endpoint_url=url)
    assert root.list_instances()["Instances"]
