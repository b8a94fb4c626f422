"""Least privilege, tried: each function's own role, against everything that any function can do.

Who may do what stands in `ACTS`; for everybody else IAM has to refuse it. Functions are those that
are deployed, and acts cover every power in the table that the templates are held to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local.cast import is_refused
from pam.domain.proofs import Maker
from pam.names import (
    SLACK_CARD,
    SLACK_SEEN,
    CallIndex,
    Index,
    Parameter,
    Table,
    slack_table_name,
)
from tests.e2e.function_calls import (
    A_CALL,
    ARCHIVE,
    BESIDE,
    CALLS,
    FINDING,
    ITEM,
    MEMORY,
    ORIGIN,
    TABLE,
    Do,
    Hands,
    Place,
    archives,
    assumes,
    call,
    deletes,
    denied,
    describes_the_stream,
    gets,
    invokes,
    key,
    keys_of,
    logs,
    makes_a_proof,
    of,
    publishes,
    puts,
    queries,
    reads_archive,
    reads_by_keys,
    secret,
    signs,
    takes_up_the_stream,
    tells_a_proof,
    updates,
    uses_the_key,
)
from tests.stacks.powers import (
    ASK_VENDORS,
    AT_IDENTITY_CENTER,
    AT_OKTA,
    DESTRUCTIVE,
    IN_SLACK,
    KEY_WRITE,
    POWERS,
    WITH_ROTATION,
    WITH_WITNESS,
    WITNESS_POWERS,
)

_ON_TOP = (WITH_ROTATION, WITH_WITNESS, IN_SLACK, AT_IDENTITY_CENTER, AT_OKTA, ASK_VENDORS)
ALL_POWERS: Mapping[str, set[str]] = {
    "witness_log": WITNESS_POWERS,
    **{
        function: set[str]().union(*(table.get(function, set()) for table in (POWERS, *_ON_TOP)))
        for function in sorted(set(POWERS).union(*_ON_TOP))
    },
}
"""Of every function of the local deployment, on top of its own log and its own traces."""
NOT_TRIED = (
    KEY_WRITE
    | {"sts:SetSourceIdentity", "sts:TagSession"}
    | {"dynamodb:GetRecords", "dynamodb:ListStreams"}
    | {
        action
        for powers in AT_IDENTITY_CENTER.values()
        for action in powers
        if action.startswith(("sso:", "identitystore:"))
    }
)
"""What the emulator cannot show; who has it is held to the table of powers by `test_rights.py`.

The key is used by the service that keeps the data, in a function's name, and the emulator encrypts
nothing: shown here is that a direct use is refused to all. The second pair comes with AssumeRole
only. The third the emulator asks of no stream in particular, and so refuses it to everybody. The
last are of a service that it does not have: what stands beside it asks for no rights.
"""

NOBODY: frozenset[str] = frozenset()
API, NOTICES, TICK = (frozenset({name}) for name in ("request_api", "send_notices", "tick"))
ACTIVATOR, DARK_CALLS = frozenset({"activate_session"}), frozenset({"find_dark_calls"})
ADMISSION, ASKING = frozenset({"admit_request"}), frozenset({"ask_approvers"})
ISSUER, REVOCATION = frozenset({"issue_credentials"}), frozenset({"revoke_session"})
AUDITOR, SEALER = frozenset({"audit_session"}), frozenset({"checkpoint_log"})
WITNESS, ROTATION = frozenset({"witness_log"}), frozenset({"rotate_secret"})
ACTIVITY, WATCH = frozenset({"record_activity"}), frozenset({"watch_store"})
SLACK_DOOR, PAINTER, ROUTER = (
    frozenset({name}) for name in ("slack_door", "paint_slack", "route_slack")
)
IDENTITY_CENTER = frozenset(AT_IDENTITY_CENTER)
OKTA = frozenset(AT_OKTA)
VENDORS = IDENTITY_CENTER | OKTA
MAKING = frozenset({"issue_identity_center", "issue_okta_group"})
"""Those of vendors that make access, and so go by proofs."""
DECIDERS = API | SLACK_DOOR
"""Where people come in who ask, vote and end."""
WRITERS = DECIDERS | ADMISSION | ASKING | ISSUER | ACTIVATOR | REVOCATION | NOTICES | ACTIVITY
"""Of sessions, with their records."""
FINDERS = DARK_CALLS | WATCH
"""Who puts records of no session, and nothing else."""
LENDERS = ISSUER | ACTIVATOR
DOORS = DECIDERS | ISSUER
UNATTENDED = DARK_CALLS | REVOCATION | AUDITOR | SEALER | NOTICES | ACTIVITY | WATCH | TICK | ROUTER
"""Called by AWS, which has nobody to give an error to."""
CALLERS = {
    "audit_session": ISSUER,
    "revoke_session": TICK | DECIDERS,
    "rotate_secret": ACTIVATOR,
    "send_notices": TICK,
    "witness_log": SEALER,
    **dict.fromkeys(MAKING, ACTIVATOR),
    **dict.fromkeys(VENDORS - MAKING, ACTIVATOR | REVOCATION),
}


ROLE = "arn:aws:iam::000000000000:role"
TARGET = f"{ROLE}/pam-target-core-ledger-admin"
AUDIT_LOG = "/bank/local/mod046/audit"
LOGIN, ROTATED = "bank/core-ledger-db/pam-issuer", "bank/core-reporting-db/reports"
SOURCE = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
TAG = [{"Key": "pam:session_id", "Value": SOURCE}]


@dataclass(frozen=True)
class Act:
    action: str
    """As IAM calls it."""
    do: Do
    may: frozenset[str] = NOBODY


OF_TABLE = {"TableName": TABLE}
OF_GROUP = {"logGroupName": AUDIT_LOG}
OF_BUCKET = {"Bucket": ARCHIVE}
OF_OBJECT = {"Bucket": ARCHIVE, "Key": "records/tried"}
POLICY = '{"Version": "2012-10-17", "Statement": []}'
DESTROYING: Mapping[str, Do] = {
    "dynamodb:DeleteTable": call("dynamodb", "delete_table", **OF_TABLE),
    "dynamodb:UpdateContinuousBackups": call(
        "dynamodb",
        "update_continuous_backups",
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False},
        **OF_TABLE,
    ),
    "dynamodb:UpdateTable": call(
        "dynamodb", "update_table", DeletionProtectionEnabled=False, **OF_TABLE
    ),
    "kms:DisableKey": uses_the_key("disable_key"),
    "kms:DisableKeyRotation": uses_the_key("disable_key_rotation"),
    "kms:PutKeyPolicy": uses_the_key("put_key_policy", PolicyName="default", Policy=POLICY),
    "kms:ScheduleKeyDeletion": uses_the_key("schedule_key_deletion"),
    "logs:DeleteLogGroup": call("logs", "delete_log_group", **OF_GROUP),
    "logs:DeleteLogStream": call("logs", "delete_log_stream", logStreamName="none", **OF_GROUP),
    "logs:DeleteRetentionPolicy": call("logs", "delete_retention_policy", **OF_GROUP),
    "logs:DisassociateKmsKey": call("logs", "disassociate_kms_key", **OF_GROUP),
    "logs:PutLogGroupDeletionProtection": call(
        "logs",
        "put_log_group_deletion_protection",
        logGroupIdentifier=AUDIT_LOG,
        deletionProtectionEnabled=False,
    ),
    "logs:PutRetentionPolicy": call("logs", "put_retention_policy", retentionInDays=1, **OF_GROUP),
    "s3:BypassGovernanceRetention": call(
        "s3", "delete_object", BypassGovernanceRetention=True, **OF_OBJECT
    ),
    "s3:DeleteBucket": call("s3", "delete_bucket", **OF_BUCKET),
    "s3:DeleteBucketPolicy": call("s3", "delete_bucket_policy", **OF_BUCKET),
    "s3:DeleteObject": call("s3", "delete_object", **OF_OBJECT),
    "s3:DeleteObjectVersion": call("s3", "delete_object", VersionId="none", **OF_OBJECT),
    "s3:PutBucketObjectLockConfiguration": call(
        "s3", "put_object_lock_configuration", ObjectLockConfiguration={}, **OF_BUCKET
    ),
    "s3:PutBucketPolicy": call("s3", "put_bucket_policy", Policy=POLICY, **OF_BUCKET),
    "s3:PutBucketVersioning": call(
        "s3", "put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}, **OF_BUCKET
    ),
    "s3:PutLifecycleConfiguration": call(
        "s3",
        "put_bucket_lifecycle_configuration",
        LifecycleConfiguration={"Rules": []},
        **OF_BUCKET,
    ),
    "s3:PutObjectLegalHold": call(
        "s3", "put_object_legal_hold", LegalHold={"Status": "OFF"}, **OF_OBJECT
    ),
    "s3:PutObjectRetention": call("s3", "put_object_retention", Retention={}, **OF_OBJECT),
}

STREAMS: Mapping[str, tuple[Any, frozenset[str]]] = {
    "sessions": (TABLE, AUDITOR | WATCH),
    "grants": (BESIDE[Table.GRANTS], REVOCATION),
    "blocks": (BESIDE[Table.BLOCKS], WATCH),
    "the log's head": (BESIDE[Table.LOG_HEAD], WATCH),
}
LISTED = {
    **dict.fromkeys(sorted(set(Index) - {Index.BY_DEADLINE}), DECIDERS),
    # Whose session it was that used a permission set.
    Index.BY_REQUESTER: DECIDERS | ACTIVITY,
    # The latest sessions, for what Slack does not show yet.
    Index.BY_TIME: DECIDERS | ROUTER,
    # A person's, for what they did with a permission set.
    Index.BY_REQUESTER: DECIDERS | ACTIVITY,
}
REMEMBERED = slack_table_name("local")
SEEN, A_CARD = (
    {"pk": {"S": f"{begins}tried"}, "sk": {"S": "tried"}, "tried": {"S": "yes"}}
    for begins in (SLACK_SEEN, SLACK_CARD)
)
TOLD: Any = {"QueueUrl": lambda place: place.told_in_slack}
WAITING: Any = {"QueueUrl": lambda place: place.activities}
ACTS: Mapping[str, Act] = {
    # Sessions, and their records.
    "reads a session": Act("dynamodb:GetItem", gets(ITEM), WRITERS | FINDERS | AUDITOR),
    "writes a session": Act("dynamodb:PutItem", puts(ITEM), WRITERS),
    "adds a finding": Act("dynamodb:PutItem", puts(FINDING), WRITERS | FINDERS),
    "queries a session": Act(
        "dynamodb:Query", queries("SESSION#tried"), WRITERS | AUDITOR | PAINTER | VENDORS
    ),
    "changes a session": Act("dynamodb:UpdateItem", updates(ITEM)),
    "deletes a record": Act("dynamodb:DeleteItem", deletes(ITEM)),
    "reads sessions by their keys": Act(
        "dynamodb:BatchGetItem", reads_by_keys(ITEM), DECIDERS | ROUTER | ACTIVITY
    ),
    "reads everything": Act("dynamodb:Scan", call("dynamodb", "scan", TableName=TABLE)),
    # What only some may write; `test_item_rights.py` has it whole.
    "gives a grant": Act("dynamodb:PutItem", puts(ITEM, BESIDE[Table.GRANTS]), ACTIVATOR),
    "sees grants": Act(
        "dynamodb:Query",
        queries("GRANT#tried", BESIDE[Table.GRANTS]),
        API | ISSUER | REVOCATION,
    ),
    "deletes a grant": Act(
        "dynamodb:DeleteItem", deletes(ITEM, BESIDE[Table.GRANTS]), DECIDERS | REVOCATION
    ),
    "sees the list of blocks": Act(
        "dynamodb:Query", queries("BLOCKS", BESIDE[Table.BLOCKS]), API | REVOCATION
    ),
    "looks up blocks": Act(
        "dynamodb:BatchGetItem",
        reads_by_keys(ITEM, BESIDE[Table.BLOCKS]),
        DECIDERS | ADMISSION | LENDERS,
    ),
    "says what is delivered": Act(
        "dynamodb:UpdateItem", updates(ITEM, BESIDE[Table.DELIVERED]), AUDITOR
    ),
    "says what is to be sealed": Act(
        "dynamodb:PutItem", puts(ITEM, BESIDE[Table.UNSEALED]), AUDITOR
    ),
    "queries what is to be sealed": Act(
        "dynamodb:Query", queries("UNSEALED", BESIDE[Table.UNSEALED]), SEALER
    ),
    "deletes what is sealed": Act(
        "dynamodb:DeleteItem", deletes(ITEM, BESIDE[Table.UNSEALED]), SEALER
    ),
    "says that access is being made": Act(
        "dynamodb:UpdateItem", updates(ITEM, BESIDE[Table.CHECKOUTS]), ACTIVATOR | REVOCATION
    ),
    "reads what is checked out": Act(
        "dynamodb:GetItem",
        gets(ITEM, BESIDE[Table.CHECKOUTS]),
        ACTIVATOR | ISSUER | REVOCATION | VENDORS,
    ),
    # What PAM made at vendors.
    **{
        f"{what} of {table}": Act(f"dynamodb:{action}", do(BESIDE[table]), may)
        for table, may in ((Table.IDENTITY_CENTER, IDENTITY_CENTER), (Table.OKTA, OKTA))
        for what, action, do in (
            ("keeps a note", "PutItem", lambda name: puts(ITEM, name)),
            ("changes a note", "UpdateItem", lambda name: updates(ITEM, name)),
            ("strikes a note", "DeleteItem", lambda name: deletes(ITEM, name)),
            ("reads a note", "GetItem", lambda name: gets(ITEM, name)),
            ("lists notes", "Query", lambda name: queries("tried", name)),
        )
    },
    **{
        f"{what} as the app that may {power}": Act(
            f"kms:{action}", do(f"pam-local-okta-{power}"), frozenset({f"{power}_okta_group"})
        )
        for power in ("issue", "revoke")
        for what, action, do in (
            ("signs", "Sign", signs),
            (
                "shows its public key",
                "GetPublicKey",
                lambda name: call("kms", "get_public_key", KeyId=key(name)),
            ),
        )
    },
    "reads the log's head": Act("dynamodb:GetItem", gets(ITEM, BESIDE[Table.LOG_HEAD]), SEALER),
    "writes the log's head": Act("dynamodb:PutItem", puts(ITEM, BESIDE[Table.LOG_HEAD]), SEALER),
    "vouches as the door": Act("kms:GenerateMac", makes_a_proof("pam-local-proof-door"), API),
    "vouches as Slack's door": Act(
        "kms:GenerateMac", makes_a_proof("pam-local-proof-slack"), SLACK_DOOR
    ),
    "vouches as admission": Act(
        "kms:GenerateMac", makes_a_proof("pam-local-proof-admission"), ADMISSION
    ),
    "vouches as activation": Act(
        "kms:GenerateMac", makes_a_proof("pam-local-proof-activation"), ACTIVATOR
    ),
    **{
        f"tells a proof of {maker}": Act(
            "kms:VerifyMac",
            tells_a_proof(f"pam-local-proof-{maker}"),
            # By the door's: which links people made.
            LENDERS | MAKING | WATCH | (DECIDERS | PAINTER if maker is Maker.DOOR else NOBODY),
        )
        for maker in Maker
    },
    "lists what is overdue": Act(
        "dynamodb:Query",
        queries("OPEN", IndexName=Index.BY_DEADLINE),
        DECIDERS | REVOCATION | TICK | (VENDORS - MAKING),
    ),
    **{
        f"lists {index}": Act("dynamodb:Query", queries("any", IndexName=index), may)
        for index, may in LISTED.items()
    },
    **{
        f"describes the stream of {name}": Act(
            "dynamodb:DescribeStream", describes_the_stream(table), may
        )
        for name, (table, may) in STREAMS.items()
    },
    **{
        f"takes up the stream of {name}": Act(
            "dynamodb:GetShardIterator", takes_up_the_stream(table), may
        )
        for name, (table, may) in STREAMS.items()
    },
    # The calls that doors noted.
    "notes a call": Act("dynamodb:PutItem", puts(A_CALL, CALLS), DOORS),
    "says what became of a call": Act(
        "dynamodb:UpdateItem",
        call(
            "dynamodb",
            "update_item",
            TableName=CALLS,
            Key=keys_of(A_CALL),
            UpdateExpression="SET tried = request_id",
            ConditionExpression="attribute_exists(never)",
        ),
        DOORS | DARK_CALLS,
    ),
    "reads a call": Act("dynamodb:GetItem", gets(A_CALL, CALLS)),
    "lists open calls": Act(
        "dynamodb:Query",
        call(
            "dynamodb",
            "query",
            TableName=CALLS,
            IndexName=CallIndex.UNMATCHED.value,
            KeyConditionExpression="#open = :open",
            ExpressionAttributeNames={"#open": "open"},
            ExpressionAttributeValues={":open": {"S": "tried"}},
        ),
        DARK_CALLS,
    ),
    "reads the gateway's log": Act(
        "logs:FilterLogEvents",
        call("logs", "filter_log_events", logGroupName="/pam/local/request-api-access", limit=1),
        DARK_CALLS,
    ),
    "writes the gateway's log": Act("logs:PutLogEvents", logs("/pam/local/request-api-access")),
    # The workflow, and who is called and told.
    "asks how an execution was started": Act(
        "states:DescribeExecution",
        call("stepfunctions", "describe_execution", executionArn=lambda place: place.execution),
        ADMISSION | REVOCATION,
    ),
    "reads an execution's history": Act(
        "states:GetExecutionHistory",
        call("stepfunctions", "get_execution_history", executionArn=lambda place: place.execution),
        REVOCATION,
    ),
    "asks whether a task waits": Act(
        "states:SendTaskHeartbeat",
        call("stepfunctions", "send_task_heartbeat", taskToken=lambda place: place.used_token),
        ASKING,
    ),
    "starts the workflow": Act(
        "states:StartExecution",
        call(
            "stepfunctions",
            "start_execution",
            stateMachineArn=of(Parameter.APPROVAL_WORKFLOW_ARN),
            input="no JSON",
        ),
        DECIDERS,
    ),
    "answers for the approvers": Act(
        "states:SendTaskSuccess",
        call(
            "stepfunctions",
            "send_task_success",
            taskToken=lambda place: place.used_token,
            output="{}",
        ),
        DECIDERS | ASKING,
    ),
    "ends the waiting": Act(
        "states:SendTaskFailure",
        call("stepfunctions", "send_task_failure", taskToken=lambda place: place.used_token),
        DECIDERS | ASKING | REVOCATION,
    ),
    "stops the workflow": Act(
        "states:StopExecution",
        call("stepfunctions", "stop_execution", executionArn=lambda place: place.execution),
        REVOCATION,
    ),
    **{
        f"calls {name}": Act("lambda:InvokeFunction", invokes(name), CALLERS.get(name, NOBODY))
        for name in ALL_POWERS
    },
    "tells the approvers": Act(
        "sns:Publish", publishes(Parameter.APPROVER_TOPIC_ARN), ASKING | NOTICES
    ),
    "tells requesters": Act("sns:Publish", publishes(Parameter.REQUESTER_TOPIC_ARN), API | NOTICES),
    "tells Tier-1": Act(
        "sns:Publish", publishes(Parameter.TIER1_TOPIC_ARN), API | ADMISSION | NOTICES
    ),
    "leaves a dead letter": Act(
        "sqs:SendMessage",
        call("sqs", "send_message", QueueUrl=lambda place: place.queue, MessageBody="\x01"),
        UNATTENDED,
    ),
    "looks at the queue of activities": Act(
        "sqs:GetQueueAttributes",
        call("sqs", "get_queue_attributes", **WAITING, AttributeNames=["QueueArn"]),
        ACTIVITY,
    ),
    "takes activities from it": Act(
        "sqs:ReceiveMessage",
        call("sqs", "receive_message", **WAITING, VisibilityTimeout=0),
        ACTIVITY,
    ),
    "strikes activities off it": Act(
        "sqs:DeleteMessage",
        call("sqs", "delete_message", **WAITING, ReceiptHandle="tried"),
        ACTIVITY,
    ),
    # Slack.
    "remembers a delivery": Act("dynamodb:PutItem", puts(SEEN, REMEMBERED), SLACK_DOOR),
    "changes what it remembers": Act("dynamodb:UpdateItem", updates(SEEN, REMEMBERED), SLACK_DOOR),
    "recalls a delivery": Act("dynamodb:GetItem", gets(SEEN, REMEMBERED), SLACK_DOOR),
    "keeps where a card stands": Act("dynamodb:PutItem", puts(A_CARD, REMEMBERED), PAINTER),
    "changes where a card stands": Act("dynamodb:UpdateItem", updates(A_CARD, REMEMBERED), PAINTER),
    "forgets where a card stands": Act("dynamodb:DeleteItem", deletes(A_CARD, REMEMBERED), PAINTER),
    "finds a card": Act(
        "dynamodb:GetItem", gets(A_CARD, REMEMBERED), SLACK_DOOR | PAINTER | ROUTER
    ),
    "finds several cards": Act(
        "dynamodb:BatchGetItem", reads_by_keys(A_CARD, REMEMBERED), PAINTER | ROUTER
    ),
    "lists cards": Act("dynamodb:Query", queries("card#tried", REMEMBERED), PAINTER | ROUTER),
    "shows a code": Act("dynamodb:PutItem", puts(ITEM, BESIDE[Table.LINK_CODES]), SLACK_DOOR),
    "links": Act("dynamodb:PutItem", puts(ITEM, BESIDE[Table.LINKS]), API),
    "reads the bot's token": Act(
        "secretsmanager:GetSecretValue",
        secret("get_secret_value", "pam/local/slack/bot-token"),
        SLACK_DOOR | PAINTER,
    ),
    "reads the signing secret": Act(
        "secretsmanager:GetSecretValue",
        secret("get_secret_value", "pam/local/slack/signing-secret"),
        SLACK_DOOR,
    ),
    "reads the app's token": Act(
        "secretsmanager:GetSecretValue", secret("get_secret_value", "pam/local/slack/app-token")
    ),
    "has something told in Slack": Act(
        "sqs:SendMessage",
        call(
            "sqs",
            "send_message",
            **TOLD,
            MessageBody="\x01",
            MessageGroupId="tried",
            MessageDeduplicationId="tried",
        ),
        SLACK_DOOR | PAINTER | ROUTER,
    ),
    "looks at Slack's queue": Act(
        "sqs:GetQueueAttributes",
        call("sqs", "get_queue_attributes", **TOLD, AttributeNames=["QueueArn"]),
        PAINTER | ROUTER,
    ),
    "takes from Slack's queue": Act(
        "sqs:ReceiveMessage", call("sqs", "receive_message", **TOLD, VisibilityTimeout=0), PAINTER
    ),
    "strikes off Slack's queue": Act(
        "sqs:DeleteMessage", call("sqs", "delete_message", **TOLD, ReceiptHandle="tried"), PAINTER
    ),
    "puts off what is told in Slack": Act(
        "sqs:ChangeMessageVisibility",
        call(
            "sqs",
            "change_message_visibility",
            **TOLD,
            ReceiptHandle="tried",
            VisibilityTimeout=0,
        ),
        PAINTER,
    ),
    # Access.
    "lends a target": Act(
        "sts:AssumeRole", assumes(TARGET, Tags=TAG, SourceIdentity=SOURCE), LENDERS
    ),
    "denies on a target": Act("sts:AssumeRole", assumes(f"{TARGET}-pam-revoker"), REVOCATION),
    "becomes the issuer": Act("sts:AssumeRole", assumes(f"{ROLE}/pam-local-credential-issuer")),
    "becomes the activator": Act("sts:AssumeRole", assumes(f"{ROLE}/pam-local-activator")),
    "becomes the revocation": Act("sts:AssumeRole", assumes(f"{ROLE}/pam-local-revocation")),
    "gives a target more": Act(
        "iam:PutRolePolicy",
        call(
            "iam",
            "put_role_policy",
            RoleName="pam-target-core-ledger-admin",
            PolicyName="tried",
            PolicyDocument="{}",
        ),
    ),
    "reads PAM's own login": Act(
        "secretsmanager:GetSecretValue", secret("get_secret_value", LOGIN), LENDERS | REVOCATION
    ),
    "reads a lent login": Act(
        "secretsmanager:GetSecretValue",
        secret("get_secret_value", ROTATED),
        LENDERS | REVOCATION | ROTATION,
    ),
    "describes a lent login": Act(
        "secretsmanager:DescribeSecret",
        secret("describe_secret", ROTATED),
        LENDERS | REVOCATION | ROTATION,
    ),
    "has a lent login rotated": Act(
        "secretsmanager:RotateSecret",
        secret("rotate_secret", ROTATED, RotateImmediately=False),
        ACTIVATOR,
    ),
    "changes a lent login": Act(
        "secretsmanager:PutSecretValue",
        secret("put_secret_value", ROTATED, SecretString="x", VersionStages=["tried"]),
        ACTIVATOR | REVOCATION | ROTATION,
    ),
    "makes a lent login current": Act(
        "secretsmanager:UpdateSecretVersionStage",
        secret(
            "update_secret_version_stage",
            ROTATED,
            VersionStage="AWSCURRENT",
            MoveToVersionId="0" * 32,
        ),
        ROTATION,
    ),
    "changes PAM's own login": Act(
        "secretsmanager:PutSecretValue", secret("put_secret_value", LOGIN, SecretString="x")
    ),
    # The evidence.
    "writes into the audit log": Act("logs:PutLogEvents", logs(AUDIT_LOG), AUDITOR),
    "opens a stream of the audit log": Act(
        "logs:CreateLogStream",
        call("logs", "create_log_stream", logGroupName=AUDIT_LOG, logStreamName="tried"),
        AUDITOR,
    ),
    "writes into the API's own log": Act("logs:PutLogEvents", logs("/pam/local/request-api"), API),
    "writes into the witness's own log": Act(
        "logs:PutLogEvents", logs("/pam/local/witness-log"), WITNESS
    ),
    "speaks on the bus": Act(
        "events:PutEvents",
        call(
            "events",
            "put_events",
            Entries=[
                {"Source": "tried", "DetailType": "", "Detail": "{}", "EventBusName": "pam-local"}
            ],
        ),
        AUDITOR,
    ),
    "archives a record": Act("s3:PutObject", archives("records/"), AUDITOR),
    "archives a checkpoint": Act("s3:PutObject", archives("checkpoints/"), SEALER),
    "reads an archived record": Act("s3:GetObject", reads_archive("records/tried")),
    "archives a policy set": Act("s3:PutObject", archives("policies/"), AUDITOR),
    "reads a policy set": Act("s3:GetObject", reads_archive("policies/tried"), AUDITOR),
    "reads a checkpoint": Act("s3:GetObject", reads_archive("checkpoints/tried"), SEALER),
    "lists the archive": Act(
        "s3:ListBucket", call("s3", "list_objects_v2", Bucket=ARCHIVE), AUDITOR | SEALER
    ),
    "signs for the log": Act("kms:Sign", signs("pam-local-log"), SEALER),
    "reads the log's public key": Act(
        "kms:GetPublicKey", call("kms", "get_public_key", KeyId=key("pam-local-log")), SEALER
    ),
    "signs for the witness": Act("kms:Sign", signs("pam-local-witness"), WITNESS),
    "reads the witness's public key": Act(
        "kms:GetPublicKey", call("kms", "get_public_key", KeyId=key("pam-local-witness")), WITNESS
    ),
    "reads the witness's memory": Act("dynamodb:GetItem", gets(ORIGIN, MEMORY), WITNESS),
    "changes the witness's memory": Act("dynamodb:PutItem", puts(ORIGIN, MEMORY), WITNESS),
    # The key of the data, outside of a call to the service that keeps the data.
    "describes the key": Act("kms:DescribeKey", uses_the_key("describe_key")),
    "encrypts": Act("kms:Encrypt", uses_the_key("encrypt", Plaintext=b"tried")),
    "decrypts": Act("kms:Decrypt", uses_the_key("decrypt", CiphertextBlob=b"tried")),
    "makes a data key": Act(
        "kms:GenerateDataKey", uses_the_key("generate_data_key", KeySpec="AES_256")
    ),
    "makes a data key unseen": Act(
        "kms:GenerateDataKeyWithoutPlaintext",
        uses_the_key("generate_data_key_without_plaintext", KeySpec="AES_256"),
    ),
    # What would destroy or weaken the evidence.
    **{f"destroys: {action}": Act(action, do) for action, do in DESTROYING.items()},
}
"""What each may do, and nobody else."""


def _in_the_role(place: Place, role: str) -> Hands:
    """A session of a function's role that somebody else opened."""
    iam, name = place.root("iam"), role.rpartition("/")[2]
    # The emulator's root may assume any role that trusts it, as the Lambda service may.
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    root = {"AWS": "arn:aws:iam::000000000000:root"}
    if not any(statement["Principal"] == root for statement in trust["Statement"]):
        trust["Statement"] += [{"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    given = place.root("sts").assume_role(RoleArn=role, RoleSessionName="tried")["Credentials"]
    return Hands(
        place=place,
        access_key_id=given["AccessKeyId"],
        secret_access_key=given["SecretAccessKey"],
        session_token=given["SessionToken"],
    )


def test_every_function_that_is_deployed_is_in_the_table_of_powers(place: Place) -> None:
    assert set(place.functions) == set(ALL_POWERS)


def test_every_power_of_every_function_is_tried_by_all() -> None:
    tried: dict[str, set[str]] = {}
    for act in ACTS.values():
        tried.setdefault(act.action, set()).update(act.may)
    held = {
        action: {name for name, powers in ALL_POWERS.items() if action in powers}
        for action in set().union(*ALL_POWERS.values()) - NOT_TRIED
    }
    assert {action: tried.get(action) for action in held} == held
    assert set(DESTROYING) == DESTRUCTIVE


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("what", ACTS)
def test_only_those_of_the_table_can_and_all_others_are_refused(
    hands: dict[str, Hands], what: str
) -> None:
    able = {name for name, its in hands.items() if not denied(ACTS[what].do, its)}
    assert able == ACTS[what].may


ASSUMING: Mapping[str, Do] = {
    "issue_credentials": ACTS["lends a target"].do,
    "activate_session": ACTS["lends a target"].do,
    "revoke_session": ACTS["denies on a target"].do,
}


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("function", ASSUMING)
def test_who_has_a_functions_role_and_is_not_the_function_assumes_nothing(
    place: Place, hands: dict[str, Hands], function: str
) -> None:
    assert not denied(ASSUMING[function], hands[function])
    taken = _in_the_role(place, place.functions[function]["Role"])
    assert denied(ASSUMING[function], taken)
    assert not denied(ACTS["reads a session"].do, taken), "it has the role's other rights"


@pytest.mark.guarantee("G1")
@pytest.mark.parametrize("lacking", ["Tags", "SourceIdentity"])
def test_even_the_issuer_gets_nothing_without_tag_and_source_identity(
    hands: dict[str, Hands], lacking: str
) -> None:
    sts = hands["issue_credentials"].client("sts")
    arguments: dict[str, Any] = {"Tags": TAG, "SourceIdentity": SOURCE}
    del arguments[lacking]
    assert is_refused(lambda: sts.assume_role(RoleArn=TARGET, RoleSessionName="alice", **arguments))
