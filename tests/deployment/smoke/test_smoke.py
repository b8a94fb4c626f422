"""What smoke proves of a deployment that works, and that it takes no broken one for a proof."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deployment.smoke.probe import parse
from deployment.smoke.proof import Verdict
from stacks.config import ConfigError
from tests.deployment.answers import Refusal
from tests.deployment.smoke.deployed import CONFIG, SESSION, STEPS, Deployed

PROVEN, FAILED, NOT_HERE = Verdict.PROVEN, Verdict.FAILED, Verdict.NOT_HERE


def refuse(code: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def answer(_: dict[str, Any]) -> dict[str, Any]:
        raise Refusal(code)

    return answer


def calls(deployed: Deployed) -> list[str]:
    return [call for call, _, _ in deployed.aws.asked]


def test_of_a_deployment_that_works_everything_is_proven_and_nothing_is_left() -> None:
    deployed = Deployed()

    proofs = deployed.run()

    assert {name: it.verdict for name, it in proofs.items()} == dict.fromkeys(proofs, PROVEN)
    assert len(proofs) == 12
    assert deployed.requested == ["sandbox"]
    assert deployed.end_calls == 1
    removed = ("sns.Unsubscribe", "events.RemoveTargets", "events.DeleteRule", "sqs.DeleteQueue")
    assert tuple(calls(deployed)[-4:]) == removed
    assert calls(deployed).count("cloudwatch.SetAlarmState") == 2
    assert not [line for line in deployed.said if "left behind" in line]


def test_the_lag_of_an_early_end_is_measured() -> None:
    for bites_after, said in ((0.0, "since 0.0 s"), (4.0, "since 4.0 s"), (59.0, "since 59.0 s")):
        proof = Deployed(bites_after=bites_after).run()["early end"]
        assert proof.verdict is PROVEN
        assert said in proof.said
        assert proof.said.startswith("dynamodb list_tables is refused")


@pytest.mark.parametrize("bites_after", [61.0, 1e9])
def test_an_end_that_does_not_bite_in_time_is_no_proof(bites_after: float) -> None:
    deployed = Deployed(bites_after=bites_after)
    assert deployed.run()["early end"].verdict is FAILED


def test_an_answer_that_changes_its_mind_is_not_taken_for_an_end() -> None:
    proof = Deployed(bites_after=10.0, flickers=True).run()["early end"]
    assert proof.verdict is PROVEN
    assert "since 10.0 s" in proof.said


BROKEN: dict[str, tuple[Deployed, str]] = {
    "a session that fails": (Deployed(becomes="FAILED"), "session"),
    "one that never becomes active": (Deployed(becomes="APPROVED"), "session"),
    "credentials of a user": (Deployed(arn="arn:aws:iam::1:user/pam"), "lease"),
    "an end without evidence": (Deployed(evidence=""), "receipt"),
    "no record of the lease": (
        Deployed(steps=tuple(it for it in STEPS if it != "Leased")),
        "transactions",
    ),
    "no record of the end": (Deployed(steps=STEPS[:-1]), "transactions"),
    "a bus that delivers nothing": (Deployed(delivers=False), "event"),
    "a bus that leaves one out": (Deployed(events=("PAM Session Requested",)), "event"),
    "a target that is not taken": (
        Deployed(answers={"events.PutTargets": {"FailedEntryCount": 1, "FailedEntries": []}}),
        "listening",
    ),
    "an alarm that tells nobody": (Deployed(tells=False), "alarm"),
    "no such alarm": (
        Deployed(answers={"cloudwatch.DescribeAlarms": {"MetricAlarms": []}}),
        "alarm",
    ),
    "records that nobody seals": (Deployed(sealed_after=1e9), "sealed trail"),
    "a trail that is not proven": (Deployed(proves=False), "sealed trail"),
    "a witness that does not cosign": (Deployed(cosigned=0), "witness"),
    "stores that differ": (Deployed(agree=False), "stores"),
    "a trail that never tells of the lease": (Deployed(echoes_after=None), "echo"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_does_not_work_is_failed_and_the_rest_is_tried_all_the_same(how: str) -> None:
    deployed, name = BROKEN[how]

    proofs = deployed.run()

    assert proofs[name].verdict is FAILED, proofs[name]
    assert len(proofs) == 12
    assert calls(deployed)[-1] == "sqs.DeleteQueue"


def test_the_reason_why_a_session_failed_is_told() -> None:
    proof = Deployed(becomes="FAILED").run()["session"]
    assert "AccessDenied on PutItem" in proof.said


def test_a_failed_way_to_tier_1_says_what_cloudwatch_said() -> None:
    proof = Deployed(tells=False).run()["alarm"]
    assert "CloudWatch says: Failed to execute action KMS said no" in proof.said


NOT_HERE_FOR: dict[str, tuple[Deployed, str]] = {
    "nobody who may ask": (Deployed(offered=[]), "session"),
    "no development role": (Deployed(offered=Deployed().offered[:2]), "session"),
    "a role that may nothing known": (Deployed(let=()), "early end"),
    "no witness": (
        Deployed(config=replace(CONFIG, witness_account=None, witness="none: because")),
        "witness",
    ),
    "a witness of another account": (
        Deployed(config=replace(CONFIG, witness_account="999999999999")),
        "witness",
    ),
    "reads are not recorded": (Deployed(config=replace(CONFIG, activity_reads=False)), "echo"),
    "no trail": (Deployed(answers={"cloudtrail.DescribeTrails": {"trailList": []}}), "echo"),
    "an alarm that rings already": (
        Deployed(
            answers={"cloudwatch.DescribeAlarms": {"MetricAlarms": [{"StateValue": "ALARM"}]}}
        ),
        "alarm",
    ),
    "no right to ring": (
        Deployed(answers={"cloudwatch.SetAlarmState": refuse("AccessDenied")}),
        "alarm",
    ),
    "no right to listen": (
        Deployed(answers={"sqs.CreateQueue": refuse("AccessDenied")}),
        "listening",
    ),
}


@pytest.mark.parametrize("how", NOT_HERE_FOR)
def test_what_cannot_be_tried_from_here_is_neither_proven_nor_failed(how: str) -> None:
    deployed, name = NOT_HERE_FOR[how]
    proofs = deployed.run()
    assert proofs[name].verdict is NOT_HERE, proofs[name]
    assert not [it for it in proofs.values() if it.failed]


def test_without_a_session_nothing_that_needs_one_is_proven() -> None:
    proofs = Deployed(offered=[]).run()
    needing = ("lease", "early end", "receipt", "transactions", "event", "sealed trail", "echo")
    assert {proofs[name].verdict for name in needing} == {NOT_HERE}


def test_only_the_resource_that_was_named_is_asked_for_and_never_one_with_votes() -> None:
    for resource in ("ledger", "db", "another"):
        deployed = Deployed()
        assert deployed.run(resource=resource)["session"].verdict is NOT_HERE
        assert deployed.requested == []


def test_an_open_session_is_ended_whatever_failed() -> None:
    deployed = Deployed(let=())
    deployed.run()
    assert deployed.end_calls == 1
    deployed = Deployed(becomes="APPROVED")
    deployed.run()
    assert deployed.end_calls >= 1


def test_an_alarm_is_set_back_though_its_action_failed() -> None:
    deployed = Deployed(tells=False)
    deployed.run()
    set_to = [it["StateValue"] for call, _, it in deployed.aws.asked if "SetAlarmState" in call]
    assert set_to == ["ALARM", "OK"]


def test_what_could_not_be_removed_is_named() -> None:
    deployed = Deployed(answers={"sqs.DeleteQueue": refuse("AccessDenied")})
    deployed.run()
    assert "left behind, remove it by hand: queue https://sqs/q" in deployed.said[-1]


@pytest.mark.parametrize(
    "text", ["s3", "s3 delete_bucket Bucket=x", "s3 put_object", "s3 list_objects_v2 Bucket", " "]
)
def test_a_probe_has_to_be_a_call_that_reads(text: str) -> None:
    with pytest.raises(ConfigError, match="PROBE"):
        parse(text)
    assert str(parse("s3 list_objects_v2 Bucket=b")) == "s3 list_objects_v2"
    assert SESSION
