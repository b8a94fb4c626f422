"""How many sessions a day PAM bears before a quota is reached: the arithmetic of `docs/scale.md`.

What one session takes is held to what is counted (`tests/acts/test_scale.py`). AWS's quotas are the
smallest defaults of any region, as AWS had them published in November 2026.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pam.aws.handled_calls import PARTITIONS
from pam.aws.table_keys import UNSEALED_PARTITIONS
from pam.operations.match_calls import MOST_PER_RUN
from pam.slack.pace import UPDATES

DAY = 86_400
PEAK = 10
"""How many times the day's mean rate its busiest hour has."""
WRITES_OF_A_KEY, READS_OF_A_KEY = 1000, 3000
"""Units a second, of one partition key, of a table or of an index. AWS may split what is hot for
longer, but not where sort keys grow with time, as most of these do.
"""
API_CALLS = 11
"""Of one session: asked, two votes, five looks, a check, two leases."""
RECORDS = 10

_DYNAMODB = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
_KMS = "https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html"
_STATES = "https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
_STS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
_EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html"
_LOGS = "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"
_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    what: str
    per_session: float
    unit: str
    quota: float
    """Of the unit, a second."""
    source: str
    then: str
    """What to do when it is reached."""

    def at_peak(self, sessions: int) -> float:
        """How much a second, in the busiest hour of a day of so many."""
        return self.per_session * sessions * PEAK / DAY

    @property
    def reached_at(self) -> int:
        """Sessions a day."""
        return int(self.quota * DAY / PEAK / self.per_session)


_RAISE = "ask AWS for more"
_OF_A_KEY = f"[{WRITES_OF_A_KEY:,} a key]({_DYNAMODB})"

OWN: Sequence[Limit] = (
    Limit(
        what="the search for calls past the gateway, a run each minute",
        per_session=API_CALLS,
        unit="calls",
        quota=MOST_PER_RUN / 60,
        source=f"{MOST_PER_RUN:,} a run",
        then="it falls behind in that hour and is late with what it finds, by more than 20 "
        "minutes in the end; more memory, and a larger number",
    ),
    Limit(
        what="`by_deadline`, sessions by which access may exist (`AT_STAKE`)",
        per_session=18,
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="spread the key over partitions, or make the index anew with keys alone (7 units)",
    ),
    Limit(
        what="the list of blocks (`BLOCKS`)",
        per_session=26,
        unit="read units",
        quota=READS_OF_A_KEY,
        source=f"[{READS_OF_A_KEY:,} a key]({_DYNAMODB})",
        then="AWS splits it by name, since its sort key is the person; else a partition each",
    ),
    Limit(
        what="`by_time`, all sessions",
        per_session=6,
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="a partition a day; the list reads them one after the other",
    ),
    Limit(
        what="`by_resource`, if all ask for one and the same",
        per_session=6,
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="as `by_time`",
    ),
    Limit(
        what="the calls of leases that CloudTrail must tell (`ECHO#hour`)",
        per_session=4,
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="a partition a minute",
    ),
    Limit(
        what=f"calls not matched yet, each of {len(PARTITIONS)} partitions",
        per_session=3 * API_CALLS / len(PARTITIONS),
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="more partitions: a number in the code",
    ),
    Limit(
        what=f"records not sealed yet, each of {len(UNSEALED_PARTITIONS)} partitions",
        per_session=4 * RECORDS / len(UNSEALED_PARTITIONS),
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="more partitions: a number in the code",
    ),
    Limit(
        what="`by_status`, each status",
        per_session=2,
        unit="write units",
        quota=WRITES_OF_A_KEY,
        source=_OF_A_KEY,
        then="as `by_time`",
    ),
)

AWS: Sequence[Limit] = (
    Limit(
        what="EventBridge: PutEvents",
        per_session=5,
        unit="calls",
        quota=400,
        source=f"[400, in large regions up to 10,000]({_EVENTS})",
        then=_RAISE,
    ),
    Limit(
        what="Step Functions: state transitions",
        per_session=6,
        unit="transitions",
        quota=800,
        source=f"[800, in three regions 5,000]({_STATES})",
        then=f"{_RAISE}; what is throttled there comes late, and the tick ends in its place",
    ),
    Limit(
        what="Step Functions: StartExecution",
        per_session=1,
        unit="calls",
        quota=150,
        source=f"[150, in three regions 300]({_STATES})",
        then=_RAISE,
    ),
    Limit(
        what="STS: AssumeRole (and one more where the end is early)",
        per_session=4,
        unit="calls",
        quota=600,
        source=f"[600 for an account and region]({_STS})",
        then=f"{_RAISE}; PAM calls in the region of the role, so regions share the load",
    ),
    Limit(
        what="KMS: MACs, and data keys for tables, topics and the archive",
        per_session=44,
        unit="calls",
        quota=10_000,
        source=f"[10,000 for symmetric keys together]({_KMS})",
        then=_RAISE,
    ),
    Limit(
        what="Lambda: calls at once",
        per_session=3.6,
        unit="seconds of functions",
        quota=1000,
        source=f"[1,000 at once]({_LAMBDA})",
        then=f"{_RAISE}; the alarm `functions-starved` says so",
    ),
    Limit(
        what="CloudWatch Logs: PutLogEvents",
        per_session=8,
        unit="calls",
        quota=5000,
        source=f"[5,000]({_LOGS})",
        then=_RAISE,
    ),
    Limit(
        what="API Gateway: calls of all APIs of the account",
        per_session=API_CALLS,
        unit="calls",
        quota=10_000,
        source=f"[10,000]({_GATEWAY})",
        then=_RAISE,
    ),
)

CARDS = Limit(
    what="cards in Slack",
    per_session=5,
    unit="updates",
    quota=UPDATES.most / 60,
    source="",
    then="",
)
"""Of a prod session whose every step is painted by itself. No table has it: only pictures wait."""

MILLION = 1_000_000


def first() -> Limit:
    """The limit that is reached by the fewest sessions."""
    return min((*OWN, *AWS), key=lambda limit: limit.reached_at)


def rounded(number: float) -> str:
    """Two digits: no more of them mean anything here."""
    digits = max(0, len(str(int(number))) - 2)
    return f"{round(number, -digits):,.0f}" if number >= 10 else f"{number:.1f}"  # noqa: PLR2004
