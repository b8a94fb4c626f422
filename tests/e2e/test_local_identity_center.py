"""The Identity Center of a stack: its portal gives out credentials of a real role there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.cast import Cast, Person, is_refused
from local.identity_center.control import ControlError, Live
from local.targets_app import PERMISSION_SET_RESOURCE

AN_HOUR = timedelta(hours=1)


@pytest.fixture
def live(cast: Cast) -> Iterator[Live]:
    """Dave, at the portal, by an assignment that somebody made by hand."""
    center = cast.identity_center
    center.call("assign", user="dave")
    yield center.sign_in("dave")
    center.call("write_policy", statements=None)
    center.call("unassign", user="dave")


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
    assert told["Arn"].endswith("/dave")


def test_a_live_credential_is_refused_once_the_deny_is_provisioned(cast: Cast, live: Live) -> None:
    bucket, now = cast.bucket(PERMISSION_SET_RESOURCE), datetime.now(UTC)
    for end, refused in ((now + AN_HOUR, False), (now - AN_HOUR, True)):
        cast.identity_center.call("write_policy", statements=[ends(live, end)])
        assert is_refused(lambda: lists(cast, live, bucket)) is refused


def test_nobody_is_shown_what_they_are_not_assigned(cast: Cast, live: Live) -> None:
    assert live.user_name == "dave"
    with pytest.raises(ControlError, match="alice has no"):
        cast.identity_center.sign_in("alice")


def test_a_person_of_the_stack_may_not_call_it(cast: Cast, alice: Person) -> None:
    url = cast.about["services"]["identity_center"]["url"]
    sso = cast.session(alice.name).client("sso-admin", endpoint_url=url)
    assert is_refused(sso.list_instances)
    root = cast.session("root").client("sso-admin", endpoint_url=url)
    assert root.list_instances()["Instances"]
