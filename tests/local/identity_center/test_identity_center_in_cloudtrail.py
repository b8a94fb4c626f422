"""What a session of the portal does is told as CloudTrail tells of permission sets."""

from datetime import UTC, datetime

from local.aws import ACCOUNT
from local.cost.trail import portal_act
from local.identity_center.control import Live
from local.identity_center.directory import user_id_of
from local.people import RESERVED_PATH

NAME = "AWSReservedSSO_PamPayments_0123456789abcdef"
ROLE = f"arn:aws:iam::{ACCOUNT}:role{RESERVED_PATH}{NAME}"
LIVE = Live(
    access_key_id="ASIAEXAMPLE",
    secret_access_key="secret-of-the-session",
    session_token="token-of-the-session",
    principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/{NAME}/alice",
    role_name=NAME,
    user_name="alice",
    user_id=user_id_of("alice"),
    account=ACCOUNT,
    issued_at=datetime(2026, 3, 17, 9, 0, tzinfo=UTC).timestamp(),
)


def test_the_event_names_the_role_the_user_and_on_whose_behalf() -> None:
    event = portal_act(LIVE, ROLE)
    identity = event["detail"]["userIdentity"]
    assert (identity["type"], identity["arn"]) == ("AssumedRole", LIVE.principal)
    assert identity["principalId"].endswith(":alice")
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == ROLE
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == NAME
    assert identity["sessionContext"]["attributes"]["creationDate"] == "2026-03-17T09:00:00Z"
    assert identity["onBehalfOf"]["userId"] == LIVE.user_id
    assert event["detail-type"] == "AWS API Call via CloudTrail"


def test_no_secret_of_the_session_is_told_or_shown() -> None:
    for shown in (str(portal_act(LIVE, ROLE)), repr(LIVE)):
        assert LIVE.secret_access_key not in shown
        assert LIVE.session_token not in shown
