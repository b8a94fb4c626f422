"""The table of powers: what each function may do, held against the templates and tried against the
local stack.
"""

from tests.stacks.template import Deployment

ITEMS = {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}
KEY_READ = {"kms:Decrypt", "kms:DescribeKey"}
KEY_WRITE = KEY_READ | {
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}
KEY_SEND = {"kms:Decrypt", "kms:GenerateDataKey"}
NOTES = {"dynamodb:PutItem", "dynamodb:UpdateItem"}
"""Of the table of calls."""
CHECKOUTS = {"dynamodb:UpdateItem"}
LENDING = {"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}
LOGINS = {"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"}
POWERS = {
    "request_api": ITEMS
    | KEY_WRITE
    | NOTES
    | {"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "kms:GenerateMac", "kms:VerifyMac"}
    | {"lambda:InvokeFunction", "sns:Publish"}
    | {"states:StartExecution", "states:SendTaskSuccess", "states:SendTaskFailure"},
    "admit_request": ITEMS
    | KEY_WRITE
    | {"dynamodb:BatchGetItem", "kms:GenerateMac", "sns:Publish", "states:DescribeExecution"},
    "ask_approvers": ITEMS
    | KEY_WRITE
    | {"sns:Publish", "states:SendTaskSuccess", "states:SendTaskFailure"}
    | {"states:SendTaskHeartbeat"},
    "issue_credentials": ITEMS
    | KEY_WRITE
    | LOGINS
    | NOTES
    | LENDING
    | {"dynamodb:BatchGetItem", "kms:VerifyMac", "lambda:InvokeFunction"},
    "activate_session": ITEMS
    | KEY_WRITE
    | LOGINS
    | LENDING
    | CHECKOUTS
    | {"secretsmanager:PutSecretValue", "secretsmanager:RotateSecret"}
    | {"dynamodb:BatchGetItem", "kms:GenerateMac", "kms:VerifyMac"},
    "revoke_session": ITEMS
    | STREAM
    | KEY_WRITE
    | LOGINS
    | CHECKOUTS
    | {"secretsmanager:PutSecretValue"}
    | {"dynamodb:DeleteItem"}
    | {"states:DescribeExecution", "states:GetExecutionHistory"}
    | {"states:SendTaskFailure", "states:StopExecution", "sts:AssumeRole", "sqs:SendMessage"},
    "audit_session": STREAM
    | KEY_WRITE
    | {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}
    | {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}
    | {"events:PutEvents", "sqs:SendMessage"},
    "checkpoint_log": KEY_WRITE
    | {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"}
    | {"kms:GetPublicKey", "kms:Sign"}
    | {"s3:GetObject", "s3:ListBucket", "s3:PutObject", "sqs:SendMessage"},
    "send_notices": ITEMS | KEY_WRITE | {"sns:Publish", "sqs:SendMessage"},
    "record_activity": ITEMS
    | KEY_WRITE
    | {"dynamodb:BatchGetItem"}
    | {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"},
    "find_dark_calls": ITEMS | KEY_WRITE | NOTES | {"logs:FilterLogEvents", "sqs:SendMessage"},
    "watch_store": STREAM
    | KEY_WRITE
    | {"dynamodb:GetItem", "dynamodb:PutItem", "kms:VerifyMac", "sqs:SendMessage"},
    "tick": KEY_READ | KEY_SEND | {"dynamodb:Query", "lambda:InvokeFunction", "sqs:SendMessage"},
}
WITH_WITNESS = {"checkpoint_log": {"lambda:InvokeFunction"}}
WITH_ROTATION = {
    # RotateSecret is refused to whoever may not invoke what rotates.
    "activate_session": {"lambda:InvokeFunction"},
    "rotate_secret": LOGINS
    | {"secretsmanager:PutSecretValue", "secretsmanager:UpdateSecretVersionStage"},
}
"""What comes on top where PAM rotates the accounts that it lends."""
IN_SLACK = {
    "slack_door": ITEMS
    | KEY_WRITE
    | NOTES
    | {"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "kms:GenerateMac", "kms:VerifyMac"}
    | {"lambda:InvokeFunction", "secretsmanager:GetSecretValue", "sqs:SendMessage"}
    | {"states:StartExecution", "states:SendTaskSuccess", "states:SendTaskFailure"},
    "paint_slack": KEY_WRITE
    | {"dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"}
    | {"dynamodb:Query", "dynamodb:UpdateItem", "kms:VerifyMac", "secretsmanager:GetSecretValue"}
    | {"sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    | {"sqs:ReceiveMessage", "sqs:SendMessage"},
    "route_slack": KEY_READ
    | KEY_SEND
    | {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
    | {"sqs:GetQueueAttributes", "sqs:SendMessage"},
}
"""What comes on top where PAM is in Slack."""
VENDORS_NOTES = {
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
SEE_ASSIGNMENTS = {
    "sso:DescribeAccountAssignmentCreationStatus",
    "sso:DescribePermissionSet",
    "sso:DescribePermissionSetProvisioningStatus",
    "sso:GetInlinePolicyForPermissionSet",
    "sso:ListAccountAssignmentCreationStatus",
    "sso:ListAccountAssignments",
    "sso:ListAccountsForProvisionedPermissionSet",
}
FIND_PEOPLE = {
    "identitystore:DescribeUser",
    "identitystore:GetUserId",
    "identitystore:ListGroupMembershipsForMember",
}
KEEP_OUT = {"sso:ProvisionPermissionSet", "sso:PutInlinePolicyToPermissionSet"}
AT_IDENTITY_CENTER = {
    "issue_identity_center": KEY_WRITE
    | VENDORS_NOTES
    | SEE_ASSIGNMENTS
    | KEEP_OUT
    | FIND_PEOPLE
    | {"kms:VerifyMac", "sso:CreateAccountAssignment"},
    "revoke_identity_center": KEY_WRITE
    | VENDORS_NOTES
    | SEE_ASSIGNMENTS
    | KEEP_OUT
    | {"sso:DeleteAccountAssignment", "sso:DescribeAccountAssignmentDeletionStatus"},
}
AT_OKTA = {
    "issue_okta_group": KEY_WRITE
    | VENDORS_NOTES
    | {"kms:GetPublicKey", "kms:Sign", "kms:VerifyMac"},
    "revoke_okta_group": KEY_WRITE | VENDORS_NOTES | {"kms:GetPublicKey", "kms:Sign"},
}
ASK_VENDORS = {
    "activate_session": {"lambda:InvokeFunction"},
    "revoke_session": {"lambda:InvokeFunction"},
}
"""What comes on top where PAM lends at vendors."""
WITNESS_POWERS = {"dynamodb:GetItem", "dynamodb:PutItem", "kms:GetPublicKey", "kms:Sign"}
"""Of the one function of the witness's own stack, on its own table and key."""


def is_in_slack(deployment: Deployment) -> bool:
    return any(
        function["Properties"]["Handler"] == "slack_door.handler"
        for function in deployment.of_type("AWS::Lambda::Function").values()
    )


def has(deployment: Deployment, *handlers: str) -> bool:
    return all(deployment.of_handler(handler) for handler in handlers)


def rotates(deployment: Deployment) -> bool:
    return deployment.env_name == "local"


def powers(deployment: Deployment) -> dict[str, set[str]]:
    # The local deployment has both, the others of this project neither.
    more = WITH_ROTATION | WITH_WITNESS if rotates(deployment) else {}
    more = {**more, **(IN_SLACK if is_in_slack(deployment) else {})}
    vendors = [each for each in (AT_IDENTITY_CENTER, AT_OKTA) if has(deployment, *each)]
    tables = [POWERS, more, *vendors, *([ASK_VENDORS] if vendors else [])]
    return {
        handler: set().union(*(table.get(handler, set()) for table in tables))
        for handler in set().union(*tables)
    }


DESTRUCTIVE = {
    "dynamodb:DeleteTable",
    "dynamodb:UpdateContinuousBackups",
    "dynamodb:UpdateTable",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "logs:DeleteLogGroup",
    "logs:DeleteLogStream",
    "logs:DeleteRetentionPolicy",
    "logs:DisassociateKmsKey",
    "logs:PutLogGroupDeletionProtection",
    "logs:PutRetentionPolicy",
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:PutObjectLegalHold",
    "s3:PutObjectRetention",
}
