"""Who subscribes with a filter is told of what they chose, and of nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.aws import root_client
from local.cast import Cast, Person, until
from pam.names import Parameter, parameter_path

LEDGER, KYC = "core-ledger-admin", "kyc-documents-read"


class Subscriber:
    """A queue of a team's own, subscribed to the approvers' topic."""

    def __init__(self, cast: Cast, name: str, chosen: dict[str, list[str]]) -> None:
        url = cast.about["endpoint_url"]
        self._sqs, self._sns = root_client("sqs", url), root_client("sns", url)
        path = parameter_path("local", Parameter.APPROVER_TOPIC_ARN)
        topic = root_client("ssm", url).get_parameter(Name=path)["Parameter"]["Value"]
        self._queue = self._sqs.create_queue(QueueName=f"pam-local-team-{name}")["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = asked["Attributes"]["QueueArn"]
        self._let_the_topic_in(arn, topic)
        self._subscription = self._sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"FilterPolicy": json.dumps(chosen)},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self.heard: list[dict[str, Any]] = []

    def _let_the_topic_in(self, queue: str, topic: str) -> None:
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        self._sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})

    def hears_of(self, session_id: str) -> dict[str, Any] | None:
        """The message about it, if it has come by now."""
        answer = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        self.heard += [json.loads(each["Body"]) for each in answer.get("Messages", [])]
        of_it = (each for each in self.heard if session_id in each["Message"])
        return next(of_it, None)

    def leave(self) -> None:
        self._sns.unsubscribe(SubscriptionArn=self._subscription)
        self._sqs.delete_queue(QueueUrl=self._queue)


@pytest.fixture
def teams(cast: Cast) -> Iterator[dict[str, Subscriber]]:
    found = {
        name: Subscriber(cast, name, {"domain": [name], "environment": ["prod"]})
        for name in ("bank-core", "bank-kyc")
    }
    yield found
    for each in found.values():
        each.leave()


def test_each_domains_approvers_hear_of_their_own_requests_and_not_of_the_others(
    teams: dict[str, Subscriber], alice: Person, kim: Person
) -> None:
    asked = {
        "bank-core": alice.request(LEDGER)["session_id"],
        "bank-kyc": kim.request(KYC)["session_id"],
    }
    for domain, session_id in asked.items():
        message = until(
            lambda domain=domain, session_id=session_id: teams[domain].hears_of(session_id),
            f"{domain} to hear of {session_id}",
        )
        chosen = {name: it["Value"] for name, it in message["MessageAttributes"].items()}
        assert (chosen["domain"], chosen["environment"]) == (domain, "prod")
        assert chosen["occasion"] == "approval needed"
        told = json.loads(message["Message"])
        assert (told["pam"], told["session_id"], told["domain"]) == ("local", session_id, domain)
    # Both were told, so whatever else was sent has come as well.
    assert teams["bank-core"].hears_of(asked["bank-kyc"]) is None
    assert teams["bank-kyc"].hears_of(asked["bank-core"]) is None
