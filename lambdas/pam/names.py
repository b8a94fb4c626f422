"""Every name that more than one part of PAM must spell the same way, once.

Infrastructure, functions, CLI and tests import from here; the standard library and the domain only,
so that a stack can import it without any run-time dependency.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pam.domain import kinds

EVENT_SOURCE = "bank.mod046.pam"
METRIC_NAMESPACE = "MOD046/PAM"
DATABASE_CA = "database-ca.pem"
"""The file in the functions' package that has the certificates by which databases are known."""
END_STUCK = "EndStuck"
"""Metric: sessions by which access may exist that should have ended a minute ago; none: no data."""
TRACES_LEFT = "TracesLeft"
"""Metric: how often what an end had to leave at its target could not be cleared in its time."""
AUDIT_NOT_WRITTEN = "AuditNotWritten"
"""Metric: how often records could not be carried out of the table; leases wait for that."""
LOG_UNWITNESSED = "LogUnwitnessed"
"""Metric: a checkpoint that the witness did not cosign, or that has no witness to ask right now."""
DARK_CALL = "DarkCall"
"""Metric: how often a function was called past its door; a single one needs a person."""
DARK_ACCESS = "DarkAccess"
"""Metric: how often lent access was seen used by no session; a single one needs a person."""
ECHO_MISSING = "LeaseEchoMissing"
"""Metric: leases of roles, half an hour old, of whose own call CloudTrail has told nothing."""
LINE_NOT_UNDERSTOOD = "LineNotUnderstood"
"""Metric: lines of a database's log that name a session's user and could not be read."""
ROLE_FULL = "RoleFull"
"""Metric: how often a target role had no room for one more deny, and all its leases were ended."""
ORPHAN_REMOVED = "OrphanRemoved"
"""Metric: what a closed session had left at a target, found by the search and removed."""
ACCESS_MISSING = "AccessMissing"
"""Metric: ACTIVE sessions whose access is not at the target any more."""
DENY_MISSING = "DenyMissing"
"""Metric: denies that should stand on a target role, and were gone or changed."""
BOUNDARY_MISSING = "BoundaryMissing"
"""Metric: lent roles without the permissions boundary that binds every session of theirs."""
SLACK_CHANNEL_LOST = "SlackChannelLost"
"""Metric: channels to which nothing is posted: shared, archived, or without PAM; once a day."""
SLACK_WAITING = "SlackWaiting"
"""Metric: for how many seconds something has waited that could not be told in Slack just now."""
SLACK_NOT_PAINTED = "SlackNotPainted"
"""Metric: what was to be told in Slack and was given up, by a fault of PAM's own."""
DOOR_OPENED = "DoorOpened"
"""Metric: calls of a session that make credentials, or let others in, beyond its own end."""
ACCESS_UNEXPLAINED = "AccessUnexplained"
"""Metric: how often access was found at a target of a standing kind that no session explains."""
TARGET_DRIFTED = "TargetDrifted"
"""Metric: all of the next together, because an alarm costs by the metric."""
OF_TARGETS = frozenset(
    {
        ORPHAN_REMOVED,
        ACCESS_MISSING,
        ACCESS_UNEXPLAINED,
        DENY_MISSING,
        BOUNDARY_MISSING,
        TRACES_LEFT,
        ROLE_FULL,
    }
)
"""Metrics about what stands at a target and should not, or should and does not."""
SLACK_API_URL = "https://slack.com/api/"
SESSION_TAG = "pam:session_id"
"""STS session tag of every lease; revocation denies by it."""


def metric_dimensions(env: str) -> dict[str, str]:
    """Of every metric of PAM's own. All of them, to the letter, are part of a metric's name, and
    Powertools adds a `service` where there is none.
    """
    return {"environment": env, "service": "pam"}


class Parameter(StrEnum):
    """SSM parameters published by the stacks. The first four never move (`docs/interface.md`)."""

    APPROVAL_WORKFLOW_ARN = "approval-workflow/arn"
    REQUEST_API_ENDPOINT = "request-api/endpoint"
    SESSION_STORE_TABLE_NAME = "session-store/table-name"
    AUDIT_LOG_GROUP_ARN = "audit-log/group-arn"
    EVENTS_BUS_NAME = "events/bus-name"
    APPROVER_TOPIC_ARN = "approver-topic/arn"
    REQUESTER_TOPIC_ARN = "requester-topic/arn"
    TIER1_TOPIC_ARN = "tier1-topic/arn"
    AUDIT_ARCHIVE_BUCKET = "audit-archive/bucket-name"
    AUDIT_SIGNING_KEY_ARN = "audit-signing-key/arn"


class SlackParameter(StrEnum):
    """Published only where PAM is in Slack: the base of the API that Slack calls, and the URL that
    the host of the socket calls.
    """

    API_URL = "slack/api-url"
    SOCKET_URL = "slack/socket-url"


class SlackSecret(StrEnum):
    """What a person puts into Secrets Manager before PAM is in Slack: each a plain text."""

    BOT_TOKEN = "bot-token"  # noqa: S105 - a name
    SIGNING_SECRET = "signing-secret"  # noqa: S105 - a name
    APP_TOKEN = "app-token"  # noqa: S105 - a name


class ClosingState(StrEnum):
    """States of the workflow that an execution enters only when it cannot go on."""

    ADMISSION_FAILED = "AdmissionFailed"
    CLOSE_UNFINISHED = "CloseUnfinished"


THROTTLED = "AwsThrottled"
"""The error that a function fails with when AWS throttles its own calls for longer than its clients
try. Step Functions knows an error by the name of its class: this is the name of that class.
"""


class Index(StrEnum):
    """Secondary indexes of the session table."""

    BY_REQUESTER = "by_requester"
    BY_STATUS = "by_status"
    BY_RESOURCE = "by_resource"
    BY_TIME = "by_time"
    BY_DEADLINE = "by_deadline"


INDEX_KEYS = {
    Index.BY_REQUESTER: ("requester_person", "session_id"),
    Index.BY_STATUS: ("status", "session_id"),
    Index.BY_RESOURCE: ("resource", "session_id"),
    Index.BY_TIME: ("listing", "session_id"),
    Index.BY_DEADLINE: ("open", "due_at"),
}
"""The attributes of each index: its partition key, its sort key. Both are texts."""

_FILTERED = ("requester_person", "resource", "status")


def shown_by_index(index: Index) -> tuple[str, ...] | None:
    """What an index holds beside keys; None: the whole item. One that has the whole item is written
    with each step of a session, which costs more than all reads of lists: so only the one does
    that the clock reads, and the others hold what lists are filtered by.
    """
    if index is Index.BY_DEADLINE:
        return None
    return tuple(name for name in _FILTERED if name not in INDEX_KEYS[index])


class CallIndex(StrEnum):
    """Secondary indexes of the table of calls."""

    UNMATCHED = "unmatched"


CALL_INDEX_KEYS = {CallIndex.UNMATCHED: ("open", "noted_at")}
"""Likewise, of the table of calls."""


class Table(StrEnum):
    """The tables beside the one of sessions: each holds what only some functions may write."""

    GRANTS = "grants"
    CHECKOUTS = "checkouts"
    BLOCKS = "blocks"
    DELIVERED = "delivered"
    UNSEALED = "unsealed"
    LOG_HEAD = "log-head"
    LINKS = "links"
    LINK_CODES = "link-codes"
    IDENTITY_CENTER = kinds.IDENTITY_CENTER
    """What PAM knows of its access there; only in a deployment that lends it. So the next one."""
    OKTA = "okta"


def table_name(env: str, table: Table) -> str:
    """Fixed, so that a policy of the account can name it before it is there."""
    return f"pam-{env}-{table}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The names of all tables of a deployment."""

    sessions: str
    grants: str
    checkouts: str
    blocks: str
    delivered: str
    unsealed: str
    log_head: str
    links: str
    link_codes: str
    identity_center: str
    okta: str

    @classmethod
    def of(cls, env: str, sessions: str) -> Self:
        """`sessions` has a name that CloudFormation gave it; SSM and the functions' settings say
        which.
        """
        return cls(
            sessions=sessions,
            grants=table_name(env, Table.GRANTS),
            checkouts=table_name(env, Table.CHECKOUTS),
            blocks=table_name(env, Table.BLOCKS),
            delivered=table_name(env, Table.DELIVERED),
            unsealed=table_name(env, Table.UNSEALED),
            log_head=table_name(env, Table.LOG_HEAD),
            links=table_name(env, Table.LINKS),
            link_codes=table_name(env, Table.LINK_CODES),
            identity_center=table_name(env, Table.IDENTITY_CENTER),
            okta=table_name(env, Table.OKTA),
        )


# By these keys the stacks filter streams and bound rights; under them adapters write.
SLACK_SEEN = "seen#"
"""What the partition key begins with, in Slack's table, of a delivery that was handled."""
SLACK_USER, SLACK_CHANNEL = "user#", "channel#"
"""Of what Slack said of a user or a channel, in the same table."""
SLACK_CARD = "card#"
"""Of what stands in Slack of a session, in the same table."""
OF_SESSION = "SESSION#"
"""What the partition key of a session begins with, and of the items that belong to it."""
NO_SESSION = "NONE#"
"""What follows it in the partition key of a record that belongs to no session."""
DONE_ONCE = "ACTIVITY#"
"""What the partition key begins with of a note that something was done, so that it is done once."""
SESSION_PLACE = "SESSION"
"""The sort key of a session."""
RECORD_PLACE = "RECORD#"
"""What the sort key of a record begins with."""
RECORD = "RECORD"
"""`kind` of the items that the stream carries to the auditor."""
BLOCKS_PARTITION = "BLOCKS"
"""The one partition of the table of blocks."""
LOG_PARTITION = "LOG"
"""The one partition of the table with the log's head."""


def slack_secret_name(env: str, secret: SlackSecret) -> str:
    """Fixed: the secrets are there before the deployment that reads them."""
    return f"pam/{env}/slack/{secret}"


def slack_table_name(env: str) -> str:
    return f"pam-{env}-slack"


def slack_queue_name(env: str) -> str:
    return f"pam-{env}-slack.fifo"


def slack_api_name(env: str) -> str:
    return f"pam-{env}-slack"


def slack_socket_role_name(env: str) -> str:
    """The role in which the host of the socket calls PAM; it may do nothing else."""
    return f"pam-{env}-slack-socket"


def parameter_path(env: str, parameter: Parameter | SlackParameter) -> str:
    return f"/bank/{env}/mod046/{parameter}"


def log_origin(env: str) -> str:
    """The name of a deployment's audit log, in its checkpoints."""
    return f"mod046.pam/{env}"


def witness_name(env: str) -> str:
    """The name by which the witness of a log cosigns."""
    return f"mod046.pam-witness/{env}"


def witness_function_name(env: str) -> str:
    return f"pam-{env}-witness"


def audit_reader_name(env: str) -> str:
    """The managed policy for auditors."""
    return f"pam-{env}-audit-reader"


def activity_stack_name(env: str, region: str, account: str | None = None) -> str:
    """The stack that forwards activity from a region of PAM's own account, or from an account that
    lends roles.
    """
    return "-".join([f"pam-{env}-activity", region, *([account] if account else [])])


def activity_rule_prefix(env: str) -> str:
    """What the names of the rules begin with that forward activity, so that the bus which they
    speak to can tell them from other senders.
    """
    return f"pam-{env}-activity-"


class CallerOffice(StrEnum):
    """Those who call the API, by the managed policy that lets them."""

    REQUESTER = "requester"
    APPROVER = "approver"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    SERVICE = "service"


def caller_policy_name(env: str, office: CallerOffice) -> str:
    return f"pam-{env}-{office}"


class VendorPower(StrEnum):
    """What a function may do at a vendor: each has one of the two."""

    ISSUE = "issue"
    REVOKE = "revoke"


def vendor_handler(kind: str, power: VendorPower) -> str:
    """The file under `lambdas/` of the function that makes, or unmakes, access of this kind."""
    return f"{power}_{kind.replace('-', '_')}"


def vendor_function_name(env: str, kind: str, power: VendorPower) -> str:
    """Fixed, so that those who call it need no more than to know that it is there. It begins as
    those that CloudFormation gives to the functions of the stack.
    """
    return f"{service_stack_name(env)}-{power}-{kind}"


def okta_key_alias(env: str, power: VendorPower) -> str:
    """Of the key by which the app of this power is known at Okta, without `alias/`."""
    return f"pam-{env}-okta-{power}"


def service_stack_name(env: str) -> str:
    return f"pam-{env}-service"


def state_machine_name(env: str) -> str:
    return f"pam-{env}-approval-workflow"


def issuer_role_name(env: str) -> str:
    """Hands out leases: trusted by target roles."""
    return f"pam-{env}-credential-issuer"


def activator_role_name(env: str) -> str:
    """Makes access, and hands out none of it: trusted by target roles beside the issuer."""
    return f"pam-{env}-activator"


def revocation_role_name(env: str) -> str:
    return f"pam-{env}-revocation"
