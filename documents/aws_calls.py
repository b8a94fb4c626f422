"""What each act asks of AWS: the one list that `docs/calls.md` is made of and that a test holds the
deployed functions to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Call:
    """A call, in the order in which it is begun.

    `beside` says what it goes beside: `a1` and `a2` go side by side; calls with one mark, and
    those without, go one after the other; `a2.b1` is a part of what `a2` stands for.
    """

    function: str
    call: str
    why: str
    beside: str = ""
    first: bool = False
    """Made by a process that has just started, or once an hour or a day; not by a warm one."""

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(self.beside.split(".")) if self.beside else ()


@dataclass(frozen=True, slots=True)
class Act:
    waits: str
    """Who waits for it, and until when."""
    calls: Sequence[Call]

    @property
    def warm(self) -> list[Call]:
        return [call for call in self.calls if not call.first]

    @property
    def in_turn(self) -> int:
        """How many calls go one after the other, where a group counts as the longest way in it."""
        return _in_turn([call.path for call in self.warm])


def _in_turn(paths: Sequence[tuple[str, ...]]) -> int:
    steps = 0
    for letter, same in groupby(paths, lambda path: path[0][0] if path else ""):
        group = list(same)
        if letter:
            ways = {path[0] for path in group}
            steps += max(_in_turn([p[1:] for p in group if p[0] == way]) for way in ways)
        else:
            steps += len(group)
    return steps


DOOR, LEASES, AUDITOR = "request_api", "issue_credentials", "audit_session"
ADMISSION, ASKING, ACTIVATION = "admit_request", "ask_approvers", "activate_session"
REVOCATION, TICK = "revoke_session", "tick"
SLACK_DOOR = "slack_door"

_NOTED = "the call is noted before anything is done, so that no call past the gateway is unheard of"
_ANSWERED = "how it was answered, to be compared with the gateway's log"
_BLOCKS = "who is blocked, at this instant: never remembered. One read for all persons"


def _noted(door: str, beside: str = "") -> Call:
    seen = f"{_NOTED}; the answer to a look waits for it" if beside else _NOTED
    return Call(door, "dynamodb:PutItem calls", seen, beside)


def _answered(door: str) -> Call:
    return Call(door, "dynamodb:UpdateItem calls", _ANSWERED)


def _office(door: str) -> tuple[Call, ...]:
    """A function remembers for an hour that it is noted."""
    return (
        Call(door, "dynamodb:Query sessions", "in which offices the person acts", first=True),
        Call(door, "dynamodb:PutItem sessions", "that they act in this one", first=True),
        Call(door, "dynamodb:Query sessions", "of two first acts one sees the other", first=True),
    )


def _looked(*reads: Call) -> tuple[Call, ...]:
    return (_noted(DOOR, "a1"), *reads, _answered(DOOR))


_SESSION = Call(DOOR, "dynamodb:GetItem sessions", "the session, to decide on")
_STEP = "the step, its records and what hangs on it, in one conditional write"


def _unmade(*, asked: str) -> tuple[Call, ...]:
    """An end that is decided, with a lease at a role."""
    iam = "the deny that ends the session at its role"
    return (
        Call(REVOCATION, "dynamodb:GetItem sessions", asked),
        Call(REVOCATION, "dynamodb:GetItem delivered", "whether a lease left that it hides"),
        Call(REVOCATION, "sts:AssumeRole", "as the role's revoker, beside it"),
        Call(REVOCATION, "iam:PutRolePolicy", iam),
        Call(REVOCATION, "iam:GetRolePolicy", "read back: no end without a receipt"),
        Call(REVOCATION, "iam:ListRolePolicies", "whether denies are to be gathered, for room"),
        Call(REVOCATION, "dynamodb:TransactWriteItems sessions", f"closed: {_STEP}"),
    )


def _ended() -> tuple[Call, ...]:
    return (
        Call(
            DOOR,
            "dynamodb:TransactWriteItems sessions+grants",
            f"REVOKING, the grant gone: {_STEP}. What was read above is what is written over",
        ),
        Call(DOOR, "lambda:Invoke", "the function that may unmake; told the session's id alone"),
        *_unmade(asked="what is decided is read, never told"),
        Call(REVOCATION, "stepfunctions:StopExecution", "the workflow has nothing to wait for"),
        Call(DOOR, "dynamodb:GetItem sessions", "what came of it, as the store says"),
        _answered(DOOR),
    )


_VERIFIED = "asked each time; an answer is remembered within the call alone"

_EACH = "for each person with something open, of a hundred at most"

ACTS: Mapping[str, Act] = {
    "request": Act(
        "the requester",
        (
            _noted(DOOR),
            *_office(DOOR),
            Call(
                DOOR,
                "dynamodb:GetItem sessions",
                "its Idempotency-Key: whether it was opened by a call before",
            ),
            Call(DOOR, "dynamodb:BatchGetItem blocks", _BLOCKS, "a1"),
            Call(DOOR, "dynamodb:Query sessions", "what the person has open: limits", "a2"),
            Call(
                DOOR,
                "dynamodb:Query sessions",
                "which reviews they owe: limits; not older than the version that the count goes by",
                "a2",
            ),
            Call(DOOR, "kms:GenerateMac", "the proof of the request"),
            Call(DOOR, "dynamodb:TransactWriteItems sessions", _STEP),
            Call(DOOR, "stepfunctions:StartExecution", "the workflow that arms the end"),
            _answered(DOOR),
        ),
    ),
    "the workflow after a request": Act(
        "the approvers, for the message",
        (
            Call(ADMISSION, "stepfunctions:DescribeExecution", "how it was started, by its word"),
            Call(ADMISSION, "dynamodb:GetItem sessions", "the session that the door opened"),
            Call(ASKING, "stepfunctions:SendTaskHeartbeat", "that the token is a waiting task's"),
            Call(ASKING, "dynamodb:PutItem sessions", "the token"),
            Call(ASKING, "dynamodb:GetItem sessions", "whether votes were faster than the token"),
            Call(ASKING, "sns:Publish", "the approvers are told"),
        ),
    ),
    "vote": Act(
        "the approver",
        (
            _noted(DOOR),
            *_office(DOOR),
            _SESSION,
            Call(DOOR, "dynamodb:BatchGetItem blocks", f"{_BLOCKS}: voters, requester"),
            Call(DOOR, "kms:GenerateMac", "the proof of the vote"),
            Call(DOOR, "dynamodb:TransactWriteItems sessions", _STEP),
            _answered(DOOR),
        ),
    ),
    "last vote": Act(
        "the approver; the requester from the workflow's token on",
        (
            _noted(DOOR),
            *_office(DOOR),
            _SESSION,
            Call(DOOR, "dynamodb:BatchGetItem blocks", f"{_BLOCKS}: voters, requester"),
            Call(DOOR, "kms:GenerateMac", "the proof of the vote"),
            Call(DOOR, "dynamodb:TransactWriteItems sessions", _STEP),
            Call(DOOR, "dynamodb:GetItem sessions", "the workflow's token, after what was written"),
            Call(DOOR, "stepfunctions:SendTaskSuccess", "the workflow goes on"),
            _answered(DOOR),
        ),
    ),
    "vote in Slack": Act(
        "the approver, for whom Slack waits three seconds",
        (
            _noted(SLACK_DOOR, "a1"),
            Call(SLACK_DOOR, "dynamodb:GetItem slack", "whether it was handled before", "a2"),
            Call(
                SLACK_DOOR,
                "dynamodb:GetItem slack",
                "what Slack said of the user within a minute",
                "a3.b1.c1",
            ),
            Call(SLACK_DOOR, "dynamodb:GetItem slack", "and of the channel", "a3.b1.c2"),
            Call(SLACK_DOOR, "dynamodb:GetItem sessions", "the session, to decide on"),
            Call(SLACK_DOOR, "dynamodb:BatchGetItem blocks", f"{_BLOCKS}: voters, requester"),
            Call(SLACK_DOOR, "kms:GenerateMac", "the proof of the vote"),
            Call(SLACK_DOOR, "dynamodb:TransactWriteItems sessions", _STEP),
            Call(SLACK_DOOR, "dynamodb:UpdateItem calls", _ANSWERED, "d1"),
            Call(SLACK_DOOR, "dynamodb:PutItem slack", "that it is handled: after it is", "d2"),
            *(
                Call(SLACK_DOOR, call.call, call.why, "d3", first=True)
                for call in _office(SLACK_DOOR)
            ),
        ),
    ),
    "activation": Act(
        "the requester",
        (
            Call(ACTIVATION, "dynamodb:GetItem sessions", "the session"),
            Call(ACTIVATION, "dynamodb:BatchGetItem blocks", _BLOCKS, "a1"),
            Call(
                ACTIVATION,
                "dynamodb:Query sessions",
                "that its trail has no end: not older than the session",
                "a2",
            ),
            Call(ACTIVATION, "dynamodb:GetItem delivered", "that none was carried", "a3"),
            Call(ACTIVATION, "kms:VerifyMac", f"the request; {_VERIFIED}", "a4.b1"),
            Call(ACTIVATION, "kms:VerifyMac", "a vote", "a4.b2"),
            Call(ACTIVATION, "kms:VerifyMac", "a vote", "a4.b3"),
            Call(ACTIVATION, "dynamodb:TransactWriteItems sessions", "ACTIVATING: the intent"),
            Call(ACTIVATION, "sts:AssumeRole", "that the role can be lent; may do nothing"),
            Call(
                ACTIVATION,
                "dynamodb:GetItem sessions",
                "anew: what was changed meanwhile is not what was proven",
            ),
            Call(ACTIVATION, "kms:GenerateMac", "the proof of the activation"),
            Call(
                ACTIVATION,
                "dynamodb:TransactWriteItems sessions+grants",
                "ACTIVE, with its grant: the outcome",
            ),
            Call(
                ACTIVATION,
                "dynamodb:BatchGetItem blocks",
                "after the write: of a block and a grant at once one sees the other",
            ),
        ),
    ),
    "lease": Act(
        "the requester",
        (
            _noted(LEASES),
            *_office(LEASES),
            Call(LEASES, "dynamodb:GetItem sessions", "the session, to decide on"),
            Call(LEASES, "dynamodb:BatchGetItem blocks", _BLOCKS, "a1"),
            Call(LEASES, "dynamodb:Query grants", "that the grant stands", "a2"),
            Call(LEASES, "kms:VerifyMac", f"the request; {_VERIFIED}", "a3.b1"),
            Call(LEASES, "kms:VerifyMac", "a vote", "a3.b2"),
            Call(LEASES, "kms:VerifyMac", "a vote", "a3.b3"),
            Call(LEASES, "kms:VerifyMac", "the activation", "a3.b4"),
            Call(LEASES, "sts:AssumeRole", "the credentials, with their end in them"),
            Call(
                LEASES,
                "dynamodb:GetItem sessions",
                "anew: what was changed meanwhile is not what was proven",
            ),
            Call(LEASES, "dynamodb:TransactWriteItems sessions", "the record of the lease"),
            Call(LEASES, "lambda:Invoke", "no credential leaves before its record is carried"),
            Call(AUDITOR, "dynamodb:UpdateItem delivered", "one carrier at a time", "c1"),
            Call(AUDITOR, "dynamodb:GetItem sessions", "up to which record, before them", "c2"),
            Call(AUDITOR, "dynamodb:Query sessions", "the records"),
            Call(AUDITOR, "s3:PutObject", "the policy set, once a process", first=True),
            Call(AUDITOR, "logs:PutLogEvents", "into the log group: DT-002"),
            Call(AUDITOR, "logs:CreateLogStream", "the first of a day", first=True),
            Call(AUDITOR, "logs:PutLogEvents", "again, into the new stream", first=True),
            Call(AUDITOR, "s3:PutObject", "into the archive, after the log: no object twice"),
            Call(AUDITOR, "events:PutEvents", "onto the bus, once they are durable"),
            Call(
                AUDITOR,
                "dynamodb:TransactWriteItems delivered+unsealed",
                "carried: marked, and put up for sealing",
            ),
            _answered(LEASES),
        ),
    ),
    "check": Act(
        "the caller",
        _looked(
            Call(DOOR, "dynamodb:BatchGetItem blocks", _BLOCKS, "a2.b1"),
            Call(DOOR, "dynamodb:Query grants", "which sessions give the resource", "a2.b2"),
            Call(DOOR, "dynamodb:BatchGetItem sessions", "until when, and that they do", "a2"),
        ),
    ),
    "show, or one poll": Act(
        "the caller",
        _looked(Call(DOOR, "dynamodb:GetItem sessions", "the session", "a2")),
    ),
    "list of a page": Act(
        "the caller",
        _looked(
            Call(DOOR, "dynamodb:Query sessions", "which they are: an index of few fields", "a2"),
            Call(DOOR, "dynamodb:BatchGetItem sessions", "the sessions, a hundred a call", "a2"),
        ),
    ),
    "inbox": Act(
        "the caller",
        _looked(
            Call(DOOR, "dynamodb:BatchGetItem blocks", _BLOCKS, "a2.b1"),
            Call(DOOR, "dynamodb:Query sessions", "what waits for votes, oldest first", "a2.b2"),
            Call(DOOR, "dynamodb:BatchGetItem sessions", "these, a hundred a call", "a2.b2"),
            Call(DOOR, "dynamodb:Query sessions", "which reviews are owed", "a2.b3"),
            Call(DOOR, "dynamodb:Query sessions", "what waits for the caller's word", "a2.b4"),
        ),
    ),
    "audit of a session": Act(
        "the caller",
        _looked(
            Call(DOOR, "dynamodb:GetItem sessions", "whether they may see it", "a2"),
            Call(DOOR, "dynamodb:Query sessions", "the records", "a2"),
        ),
    ),
    "revoke": Act(
        "the operator, until the target refuses",
        (
            _noted(DOOR),
            *_office(DOOR),
            replace(_SESSION, beside="a1"),
            Call(DOOR, "dynamodb:BatchGetItem blocks", "a blocked operator revokes nothing", "a2"),
            *_ended(),
        ),
    ),
    "end": Act(
        "the requester, until the target refuses",
        (_noted(DOOR), *_office(DOOR), _SESSION, *_ended()),
    ),
    "withdraw": Act(
        "the requester",
        (
            _noted(DOOR),
            *_office(DOOR),
            _SESSION,
            Call(DOOR, "dynamodb:TransactWriteItems sessions", f"closed: {_STEP}"),
            Call(DOOR, "dynamodb:GetItem sessions", "the workflow's token"),
            Call(DOOR, "stepfunctions:SendTaskFailure", "the workflow ends"),
            _answered(DOOR),
        ),
    ),
    "end by the clock": Act(
        "nobody",
        (
            Call(REVOCATION, "dynamodb:GetItem sessions", "what is due"),
            Call(
                REVOCATION,
                "dynamodb:TransactWriteItems sessions+grants",
                f"REVOKING, the grant gone: {_STEP}",
            ),
            *_unmade(asked="")[1:],
        ),
    ),
    "tick with nothing due": Act(
        "nobody",
        (
            Call(TICK, "dynamodb:Query sessions", "what is due where access may exist"),
            Call(TICK, "dynamodb:Query sessions", "of all others"),
            Call(TICK, "dynamodb:Query sessions", "of what has left a deny"),
        ),
    ),
    "search for the blocked, each minute": Act(
        "nobody",
        (
            Call(REVOCATION, "dynamodb:Query blocks", "who is blocked"),
            Call(REVOCATION, "dynamodb:Query sessions", "what is open where access may exist"),
            Call(REVOCATION, "dynamodb:Query sessions", "what is open beside that"),
            Call(REVOCATION, "dynamodb:Query sessions", f"whether that counts: {_EACH}"),
            Call(REVOCATION, "dynamodb:Query sessions", f"whether it is owed: {_EACH}"),
        ),
    ),
}
