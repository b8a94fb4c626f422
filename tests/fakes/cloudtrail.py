"""What CloudTrail tells of a lent role, as EventBridge delivers it."""

from typing import Any

from pam.domain.cloudtrail import Watched
from tests.fakes.story import LEDGER

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/pam-target-core-ledger-admin"
ISSUER = f"arn:aws:iam::{ACCOUNT}:role/pam-test-credential-issuer"
WATCHED = Watched(resources={ROLE: LEDGER}, issuers=frozenset({ISSUER}), account=ACCOUNT)
SESSION_ID = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
EVENT_ID = "5f2c0b8e-3f3f-4a57-9a53-0f5b4f9f8a10"
BUCKET = "arn:aws:s3:::bank-ledger"


def identity(role: str = ROLE, source: str | None = SESSION_ID) -> dict[str, Any]:
    name = role.rpartition("/")[2]
    context: dict[str, Any] = {"sessionIssuer": {"type": "Role", "arn": role}}
    if source is not None:
        context["sourceIdentity"] = source
    return {
        "type": "AssumedRole",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/alice",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": context,
    }


def event(**detail: Any) -> dict[str, Any]:
    """As EventBridge delivers it."""
    return {
        "source": "aws.s3",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventID": EVENT_ID,
            "eventTime": "2026-03-01T12:00:10Z",
            "eventSource": "s3.amazonaws.com",
            "eventName": "DeleteBucket",
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "aws-cli/2",
            "userIdentity": identity(),
            "resources": [{"ARN": BUCKET, "type": "AWS::S3::Bucket"}],
            "requestParameters": {"bucketName": "secret parameter"},
            **detail,
        },
    }


def assumption(by: dict[str, Any], role: str = ROLE, name: str = "AssumeRole") -> dict[str, Any]:
    return event(
        eventSource="sts.amazonaws.com",
        eventName=name,
        userIdentity=by,
        requestParameters={"roleArn": role, "sourceIdentity": SESSION_ID},
        resources=None,
    )
