"""What CloudTrail would tell the deployed recorder: the emulator has none.

The events come as Lambda takes them from the recorder's queue: up to a hundred at a time. The
emulator's own queue would hand on ten.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local.aws import ACCOUNT, REGION
from local.cast import Cast, NotSeenError
from local.identity_center.control import Live
from local.identity_center.names import IDENTITY_STORE_ARN
from pam.names import issuer_role_name

BATCH = 100
"""As `stacks/activity_queue.py` has it."""


def act(role: str, session_id: str) -> dict[str, Any]:
    """A borrower's call of S3 with lent credentials."""
    name = role.rpartition("/")[2]
    return _event(
        eventSource="s3.amazonaws.com",
        eventName="DeleteBucket",
        requestParameters={"bucketName": "accounts-2026"},
        userIdentity={
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session_id}",
            "sessionContext": {
                "sessionIssuer": {"type": "Role", "arn": role},
                "sourceIdentity": session_id,
            },
        },
    )


def portal_act(live: Live, role: str) -> dict[str, Any]:
    """A call of S3 by whoever signed in at the portal of Identity Center, to this role."""
    name = role.rpartition("/")[2]
    signed_in = datetime.fromtimestamp(live.issued_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _event(
        eventSource="s3.amazonaws.com",
        eventName="DeleteBucket",
        requestParameters={"bucketName": "payments-2026"},
        userIdentity={
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{live.user_name}",
            "arn": live.principal,
            "accountId": live.account,
            "accessKeyId": live.access_key_id,
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "AROAEXAMPLE",
                    "arn": role,
                    "accountId": live.account,
                    "userName": name,
                },
                "attributes": {"creationDate": signed_in, "mfaAuthenticated": "false"},
            },
            "onBehalfOf": {"userId": live.user_id, "identityStoreArn": IDENTITY_STORE_ARN},
        },
    )


def echo(role: str, access_key_id: str) -> dict[str, Any]:
    """PAM's own call by which a lease was made."""
    issuer = f"arn:aws:iam::{ACCOUNT}:role/{issuer_role_name('local')}"
    return _event(
        eventSource="sts.amazonaws.com",
        eventName="AssumeRole",
        requestParameters={"roleArn": role},
        responseElements={"credentials": {"accessKeyId": access_key_id}},
        userIdentity={
            "type": "AssumedRole",
            "accountId": ACCOUNT,
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": issuer}},
        },
    )


def tell(cast: Cast, told: Sequence[dict[str, Any]]) -> None:
    """One batch. Raises NotSeenError if the recorder takes less than all of it."""
    records = [{"messageId": str(uuid4()), "body": json.dumps(event)} for event in told]
    answer = cast.invoke("record_activity", {"Records": records})
    if answer["batchItemFailures"]:
        message = f"{len(answer['batchItemFailures'])} of {len(told)} events were not recorded"
        raise NotSeenError(message)


def _event(**detail: Any) -> dict[str, Any]:
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    common = {
        "eventID": str(uuid4()),
        "eventTime": at,
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2",
    }
    return {
        "id": str(uuid4()),
        "account": ACCOUNT,
        "region": REGION,
        "time": at,
        "source": f"aws.{detail['eventSource'].partition('.')[0]}",
        "detail-type": "AWS API Call via CloudTrail",
        "resources": [],
        "detail": {**common, **detail},
    }
