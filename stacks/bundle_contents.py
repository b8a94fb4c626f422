"""What each function is shipped with: one bundle for each set of powers, and nothing in it that
none of its functions loads. Tests hold that it is enough, and that it is no more.
"""

from collections.abc import Iterable

DISTRIBUTIONS: dict[str, frozenset[str]] = {
    "every function": frozenset(
        {
            "aws-lambda-powertools",
            "botocore",
            "jmespath",
            "python-dateutil",
            "python-ulid",
            "six",
            "typing-extensions",
            "urllib3",
        }
    ),
    "policy": frozenset({"cedarpy"}),
    "edge": frozenset({"pydantic-core"}),
    "database": frozenset({"psycopg", "psycopg-binary"}),
    "slack": frozenset({"slack-sdk"}),
    "signatures": frozenset({"cffi", "cryptography", "pycparser"}),
}
"""The locked distributions, by what they are for."""

NEEDS: dict[str, frozenset[str]] = {
    "activate_session": frozenset({"policy", "database"}),
    "admit_request": frozenset({"policy", "edge"}),
    "ask_approvers": frozenset(),
    "audit_session": frozenset(),
    "checkpoint_log": frozenset(),
    "find_dark_calls": frozenset(),
    "issue_credentials": frozenset({"policy", "edge", "database"}),
    "issue_identity_center": frozenset(),
    "issue_okta_group": frozenset({"signatures"}),
    "paint_slack": frozenset({"policy", "slack"}),
    "record_activity": frozenset(),
    "request_api": frozenset({"policy", "edge"}),
    "revoke_identity_center": frozenset(),
    "revoke_okta_group": frozenset({"signatures"}),
    "revoke_session": frozenset({"database"}),
    "rotate_secret": frozenset({"database"}),
    "route_slack": frozenset(),
    "send_notices": frozenset(),
    "slack_door": frozenset({"policy", "edge", "slack"}),
    "tick": frozenset(),
    "watch_store": frozenset(),
    "witness_log": frozenset({"signatures"}),
}
"""By handler: asks a policy, reads calls of people, speaks to databases, checks or makes
signatures.
"""

BOTO_CALLS: dict[str, tuple[str, ...]] = {
    "dynamodb": (
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    ),
    "events": ("PutEvents",),
    "iam": (
        "DeleteRolePolicy",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "ListRolePolicies",
        "PutRolePolicy",
    ),
    "identitystore": ("DescribeUser", "GetUserId", "ListGroupMembershipsForMember"),
    "kms": ("GenerateMac", "GetPublicKey", "Sign", "VerifyMac"),
    "lambda": ("Invoke",),
    "logs": ("CreateLogStream", "FilterLogEvents", "PutLogEvents"),
    "s3": ("GetObject", "HeadObject", "ListObjectsV2", "PutObject"),
    "secretsmanager": (
        "DescribeSecret",
        "GetSecretValue",
        "PutSecretValue",
        "RotateSecret",
        "UpdateSecretVersionStage",
    ),
    "sns": ("Publish",),
    "sqs": ("ChangeMessageVisibilityBatch", "GetQueueAttributes", "SendMessage"),
    "sso-admin": (
        "CreateAccountAssignment",
        "DeleteAccountAssignment",
        "DescribeAccountAssignmentCreationStatus",
        "DescribeAccountAssignmentDeletionStatus",
        "DescribePermissionSet",
        "DescribePermissionSetProvisioningStatus",
        "GetInlinePolicyForPermissionSet",
        "ListAccountAssignmentCreationStatus",
        "ListAccountAssignments",
        "ListAccountsForProvisionedPermissionSet",
        "ProvisionPermissionSet",
        "PutInlinePolicyToPermissionSet",
    ),
    "stepfunctions": (
        "DescribeExecution",
        "GetExecutionHistory",
        "SendTaskFailure",
        "SendTaskHeartbeat",
        "SendTaskSuccess",
        "StartExecution",
        "StopExecution",
    ),
    "sts": ("AssumeRole",),
}
"""What functions call of AWS. The other 400 services, and the other calls of these, stay out of
every bundle: a client reads the model of its service and makes a method of each call.
"""

BOTO_ASKS: dict[str, tuple[str, ...]] = {"s3": ("HeadBucket",)}
"""What a client calls by itself: of S3, where a bucket is, when an error leaves that open. Without
it such an error would be told as another.
"""


def kept_calls(service: str) -> tuple[str, ...]:
    return (*BOTO_CALLS[service], *BOTO_ASKS.get(service, ()))


def distributions(needs: Iterable[str]) -> frozenset[str]:
    return DISTRIBUTIONS["every function"].union(*(DISTRIBUTIONS[need] for need in needs))


def name_of(needs: Iterable[str]) -> str:
    """Of a set of needs, for the name of a file."""
    return "-".join(sorted(needs)) or "plain"
