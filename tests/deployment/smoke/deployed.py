"""A deployment that works, told by a table: for tests to spoil one thing of."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from cli.problems import ApiProblem
from deployment.smoke.probe import Probe
from deployment.smoke.proof import Hands, Proof
from deployment.smoke.run import smoke
from pam.domain import timestamps
from stacks.config import DeployConfig
from tests.deployment.answers import Aws

CONFIG = DeployConfig(
    env_name="prod", region="eu-west-1", account="111122223333", witness_account="111122223333"
)
SESSION = "01JD8XGZ6Q3M4V5N6P7R8S9T0A"
BEGAN = datetime(2026, 11, 26, 12, tzinfo=UTC)
STEPS = ("Requested", "Approved", "Activating", "Activated", "Leased", "Revoking", "Ended")
ARN = "arn:aws:sts::111122223333:assumed-role/pam-target/alice"


@dataclass
class FakeClock:
    """Time passes when somebody sleeps."""

    passed: float = 0.0

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.passed)


@dataclass
class Deployed:
    """`bites_after`: for how long an ended lease still works. `echoes_after`: seconds, or never."""

    clock: FakeClock = field(default_factory=FakeClock)
    offered: list[dict[str, str]] = field(
        default_factory=lambda: [
            {"resource": "ledger", "environment": "prod", "kind": "aws-role"},
            {"resource": "db", "environment": "dev", "kind": "postgres-user"},
            {"resource": "sandbox", "environment": "dev", "kind": "aws-role"},
        ]
    )
    becomes: str = "ACTIVE"
    steps: tuple[str, ...] = STEPS
    bites_after: float = 4.0
    flickers: bool = False
    evidence: str = "the deny was read back"
    echoes_after: float | None = 100.0
    delivers: bool = True
    sealed_after: float = 60.0
    proves: bool = True
    agree: bool = True
    cosigned: int = 3
    tells: bool = True
    rings: bool = False
    reason: str = ""
    events: tuple[str, ...] = (
        "PAM Session Requested",
        "PAM Session Activated",
        "PAM Session Ended",
    )
    config: DeployConfig = CONFIG
    requested: list[str] = field(default_factory=list)
    ended_at: float | None = None
    end_calls: int = 0
    arn: str = ARN
    let: tuple[str, ...] = ("dynamodb",)
    answers: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aws = Aws(_account(self))
        self.said: list[str] = []

    def run(
        self, *, resource: str = "", probe: Probe | None = None, witness_key: str = ""
    ) -> dict[str, Proof]:
        hands = Hands(
            config=self.config,
            clients=self.aws.clients,
            api=self,
            pam=self.pam,
            leased=self.leased,
            clock=self.clock,
        )
        self.aws.answers |= self.answers
        proofs = smoke(
            hands,
            name="pam-prod-smoke-1",
            resource=resource,
            probe=probe,
            witness_key=witness_key,
            patience=600,
            say=self.said.append,
        )
        return {proof.name: proof for proof in proofs}

    # The request API.

    def get(self, path: str, _: Mapping[str, str] | None = None) -> dict[str, Any]:
        if path == "/pam/resources":
            return {"items": self.offered}
        if path.endswith("/audit"):
            return {"items": self._records()}
        assert path == f"/pam/sessions/{SESSION}"
        return self._session()

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, idempotency_key: str = ""
    ) -> dict[str, Any]:
        del idempotency_key
        if path == "/pam/request":
            assert body is not None
            self.requested.append(body["resource"])
            return {"session_id": SESSION}
        if path == "/pam/end":
            self.end_calls += 1
            if self.becomes != "ACTIVE":
                raise ApiProblem(code="CONFLICT", detail="over", status=409)
            self.ended_at = self.clock.passed
            return self._session()
        assert path == f"/pam/sessions/{SESSION}/credentials"
        return {"region": "eu-west-1"}

    def _session(self) -> dict[str, Any]:
        if self.ended_at is None:
            return {"status": self.becomes, "end_reason": "AccessDenied on PutItem"}
        at = timestamps.render(BEGAN + timedelta(seconds=self.ended_at))
        ending = {
            "decided_at": at,
            "confirmed_at": at,
            "method": "deny-read-back",
            "evidence": self.evidence,
        }
        return {"status": "ENDED", "ending": ending}

    def _records(self) -> list[dict[str, Any]]:
        found = [{"type": step, "sequence": n, "detail": ""} for n, step in enumerate(self.steps)]
        if self.echoes_after is not None and self.clock.passed >= self.echoes_after:
            detail = "sts.amazonaws.com AssumeRole"
            found.append({"type": "Activity", "sequence": 9, "detail": detail})
        return found

    # The credentials.

    def leased(self, _: Mapping[str, Any], service: str) -> Any:
        return _Leased(self, service)

    def works(self, service: str) -> bool:
        if service not in self.let:
            return False
        if self.ended_at is None:
            return True
        since = self.clock.passed - self.ended_at
        return since < self.bites_after and not (self.flickers and int(since * 4) % 3 == 2)

    # The command.

    def pam(self, arguments: list[str]) -> tuple[int, str, str]:
        if arguments[1] == "export":
            if self.ended_at is None or self.clock.passed - self.ended_at < self.sealed_after:
                return 1, "", "no checkpoint of this time has sealed a record"
            return 0, json.dumps({"records": len(self.steps), "key_fingerprint": "ab"}), ""
        if arguments == ["audit", "verify", "--json"]:
            found = {"records": 9, "sessions": 1, "waiting": 0}
            return (0, json.dumps(found), "") if self.agree else (1, "", "NOT PROVEN: 1 fault")
        assert "--key" in arguments
        if not self.proves:
            return 1, "", "NOT PROVEN: record 3 was changed"
        cosigned = self.cosigned if "--witness-key" in arguments else 0
        proof = {"records": len(self.steps), "cosigned": cosigned, "unwitnessed": 0}
        return 0, json.dumps(proof | {"manifest": {"last": 7}}), ""


@dataclass
class _Leased:
    deployed: Deployed
    service: str

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**_: Any) -> dict[str, Any]:
            if operation == "get_caller_identity":
                return {"Arn": self.deployed.arn}
            if not self.deployed.works(self.service):
                raise ClientError({"Error": {"Code": "AccessDenied"}}, operation)
            return {}

        return call


def _account(it: Deployed) -> dict[str, Any]:
    def messages(_: dict[str, Any]) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        if it.delivers and it.ended_at is not None:
            found = [{"detail-type": kind, "detail": {"session_id": SESSION}} for kind in it.events]
        if it.rings and it.tells:
            found.append({"AlarmName": "pam-prod-dead-letters", "NewStateReason": it.reason})
        return {"Messages": [{"ReceiptHandle": "r", "Body": json.dumps(each)} for each in found]}

    def ring(said: dict[str, Any]) -> dict[str, Any]:
        it.rings, it.reason = said["StateValue"] == "ALARM", said["StateReason"]
        return {}

    refused = {
        "HistorySummary": "Failed to execute action",
        "HistoryData": json.dumps({"error": "KMS said no"}),
    }

    return {
        "ssm.GetParameter": {"Parameter": {"Value": "pam-prod"}},
        "sqs.CreateQueue": {"QueueUrl": "https://sqs/q"},
        "sqs.GetQueueAttributes": {"Attributes": {"QueueArn": "arn:q"}},
        "sqs.SetQueueAttributes": {},
        "sqs.ReceiveMessage": messages,
        "sqs.DeleteMessage": {},
        "sqs.DeleteQueue": {},
        "events.PutRule": {"RuleArn": "arn:rule"},
        "events.PutTargets": {"FailedEntryCount": 0},
        "events.RemoveTargets": {},
        "events.DeleteRule": {},
        "cloudwatch.DescribeAlarms": {"MetricAlarms": [{"StateValue": "OK"}]},
        "cloudwatch.SetAlarmState": ring,
        "cloudwatch.DescribeAlarmHistory": {"AlarmHistoryItems": [refused]},
        "sns.Subscribe": {"SubscriptionArn": "arn:subscription"},
        "sns.Unsubscribe": {},
        "cloudtrail.DescribeTrails": {
            "trailList": [{"Name": "all", "TrailARN": "arn:all", "IsMultiRegionTrail": True}]
        },
        "cloudtrail.GetTrailStatus": {"IsLogging": True},
        "cloudtrail.GetEventSelectors": {"EventSelectors": [{"ReadWriteType": "All"}]},
        "kms.GetPublicKey": {"PublicKey": b"key"},
    }
