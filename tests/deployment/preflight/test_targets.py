"""Secrets, servers, network, subscriptions, queues, and what the service goes by."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from deployment.preflight.check import Finding, Verdict
from stacks.config import Rotation, SslMode
from tests.deployment.answers import Refusal
from tests.deployment.ready import HOME, POLICY, Ready

KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/theirs"


def bad(found: list[Finding]) -> list[Verdict]:
    return [it.verdict for it in found if it.verdict is not Verdict.OK]


def _refuse(_: dict[str, Any]) -> dict[str, Any]:
    raise Refusal("ResourceNotFoundException")


def test_a_secret_that_is_not_there_or_goes_is_wrong() -> None:
    for answer in (_refuse, {"DeletedDate": 1, "RotationEnabled": True}):
        ready = Ready()
        ready.answers["secretsmanager.DescribeSecret"] = answer
        assert set(bad(ready.look("secrets"))) == {Verdict.WRONG}


def test_a_secret_under_a_key_that_the_catalogue_does_not_name_is_wrong() -> None:
    ready = Ready()
    ready.answers["secretsmanager.DescribeSecret"] = {"RotationEnabled": True, "KmsKeyId": KEY}
    ready.answers["kms.DescribeKey"] = {
        "KeyMetadata": {"KeyId": "theirs", "Arn": KEY, "KeyState": "Enabled"}
    }
    found = ready.look("secrets")
    assert set(bad(found)) == {Verdict.WRONG}
    assert f"secret_key: {KEY}" in found[0].remedy


def test_a_secret_that_nothing_rotates_is_wrong_unless_pam_does() -> None:
    ready = Ready()
    ready.answers["secretsmanager.DescribeSecret"] = {}
    (finding,) = (it for it in ready.look("secrets") if it.verdict is not Verdict.OK)
    assert "core-reporting-db" in finding.said
    assert bad(ready.look("secrets", config={"rotation": Rotation.SCHEDULE})) == []


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """One that takes a connection and answers PostgreSQL's question about TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            peer, _ = listening.accept()
            # Whoever does not like the answer goes away in the middle.
            with peer, suppress(OSError):
                peer.recv(8)
                peer.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(timeout=60)


def with_host(port: int) -> Any:
    (database,) = (it for it in POLICY.resources if it.resource_id == "core-ledger-db")
    issuer = {**database.issuer, "host": "127.0.0.1", "port": str(port)}
    return replace(POLICY, resources=(replace(database, issuer=issuer),))


@pytest.mark.enable_socket
def test_a_server_without_tls_is_wrong_and_so_is_one_that_only_claims_it() -> None:
    for answer, said in ((b"N", "does not speak TLS"), (b"Snonsense\n" * 3, "certificate is not")):
        with server(answer) as port:
            (finding,) = Ready().look("databases", policy=with_host(port))
        assert finding.verdict is Verdict.WRONG
        assert said in finding.said


@pytest.mark.enable_socket
def test_a_server_that_does_not_answer_from_here_is_not_called_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (finding,) = Ready().look("databases", policy=with_host(port))
    assert finding.verdict is Verdict.UNKNOWN


def test_passwords_in_the_clear_are_told() -> None:
    found = Ready().look("databases", config={"database_sslmode": SslMode.DISABLE})
    assert bad(found) == [Verdict.WARNING]


def route(**said: Any) -> dict[str, Any]:
    return {"RouteTables": [{"Routes": [{"DestinationCidrBlock": "0.0.0.0/0", **said}]}]}


NO_WAY = {
    "no route": {"RouteTables": [{"Routes": []}]},
    "no table": {"RouteTables": []},
    "an internet gateway": route(GatewayId="igw-1"),
    "a gateway that is gone": route(NatGatewayId="nat-1", State="blackhole"),
    "a peering": route(VpcPeeringConnectionId="pcx-1"),
}
IAM_ENDPOINT = {"ServiceName": "com.amazonaws.iam", "State": "available"}


@pytest.mark.parametrize("how", NO_WAY)
def test_a_subnet_without_a_way_to_iam_is_wrong_unless_an_endpoint_is_there(how: str) -> None:
    ready = Ready()
    ready.answers["ec2.DescribeRouteTables"] = NO_WAY[how]
    assert bad(ready.look("network")) == [Verdict.WRONG, Verdict.WRONG]
    other = {"ServiceName": "com.amazonaws.eu-west-1.sts", "State": "available"}
    ready.answers["ec2.DescribeVpcEndpoints"] = {"VpcEndpoints": [other]}
    assert bad(ready.look("network")) == [Verdict.WRONG, Verdict.WRONG]
    ready.answers["ec2.DescribeVpcEndpoints"] = {"VpcEndpoints": [other, IAM_ENDPOINT]}
    assert bad(ready.look("network")) == []


def test_a_subnet_that_is_not_there_is_wrong_and_no_network_is_asked_about_for_none() -> None:
    ready = Ready()
    ready.answers["ec2.DescribeSubnets"] = {"Subnets": []}
    assert bad(ready.look("network")) == [Verdict.WRONG, Verdict.WRONG]
    ready = Ready()
    assert bad(ready.look("network", config={"vpc_subnet_ids": ()})) == []
    assert ready.asked == []


def test_a_topic_that_nobody_hears_is_wrong_and_who_did_not_confirm_is_told() -> None:
    ready = Ready()
    waiting = {"SubscriptionArn": "PendingConfirmation", "Endpoint": "late@bank.example"}
    ready.answers["sns.ListSubscriptionsByTopic"] = {"Subscriptions": [waiting]}
    found = ready.look("subscriptions")
    assert bad(found) == [Verdict.WARNING, Verdict.WRONG] * 3
    assert "late@bank.example" in found[0].said
    heard = {"SubscriptionArn": "arn:sub", "Endpoint": "b@bank.example"}
    ready.answers["sns.ListSubscriptionsByTopic"] = {"Subscriptions": [waiting, heard]}
    assert bad(ready.look("subscriptions")) == [Verdict.WARNING] * 3


def test_before_a_deployment_topics_and_queues_are_not_wrong() -> None:
    ready = Ready()
    ready.parameters.clear()
    ready.answers["cloudformation.DescribeStacks"] = _not_there
    assert bad(ready.look("subscriptions")) == [Verdict.UNKNOWN]
    assert bad(ready.look("dead letters")) == []
    assert bad(ready.look("references")) == []


def _not_there(_: dict[str, Any]) -> dict[str, Any]:
    raise Refusal("ValidationError", "Stack with id x does not exist")


def test_a_dead_letter_is_wrong() -> None:
    ready = Ready()
    ready.answers["sqs.GetQueueAttributes"] = {"Attributes": {"ApproximateNumberOfMessages": "1"}}
    assert bad(ready.look("dead letters")) == [Verdict.WRONG]


def test_a_queue_with_work_on_its_way_is_not_wrong() -> None:
    ready = Ready()
    attributes = {"ApproximateNumberOfMessages": "69", "RedrivePolicy": "{}"}
    ready.answers["sqs.GetQueueAttributes"] = {"Attributes": attributes}
    assert bad(ready.look("dead letters")) == []


def test_a_service_that_goes_by_what_the_foundation_had_before_is_wrong() -> None:
    ready = Ready()
    ready.parameters["/bank/prod/mod046/events/bus-name"] = "the-bus-of-before"
    found = ready.look("references")
    assert bad(found) == [Verdict.WRONG]
    assert "the-bus-of-before" in found[0].said
