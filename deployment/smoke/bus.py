"""A queue of this run, which hears the bus and Tier-1's topic for a while."""

import json
from dataclasses import dataclass, field
from typing import Any

from deployment.environment import Say
from deployment.smoke.proof import Hands, NotHere, NotSo, tidy
from pam.names import EVENT_SOURCE, Parameter, parameter_path

_WITHIN = 120.0
_EXPECTED = ("PAM Session Requested", "PAM Session Activated", "PAM Session Ended")
_KEPT_SECONDS = "3600"


@dataclass(slots=True, kw_only=True)
class Listener:
    """A rule on PAM's bus and a queue, both named after this run, and a subscription of the topic.
    `bus` and `topic` are empty as long as nothing was made there.
    """

    hands: Hands
    name: str
    bus: str = ""
    topic: str = ""
    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    _subscription: str = ""

    def is_listening(self) -> str:
        events, sqs = self.hands.clients("events"), self.hands.clients("sqs")
        bus = self._published(Parameter.EVENTS_BUS_NAME)
        topic = self._published(Parameter.TIER1_TOPIC_ARN)
        attributes = {"SqsManagedSseEnabled": "true", "MessageRetentionPeriod": _KEPT_SECONDS}
        self.url = sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        said = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        arn = said["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": [EVENT_SOURCE]})
        self.bus = bus
        rule = events.put_rule(Name=self.name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
        statements = [_let_in("events", rule, arn), _let_in("sns", topic, arn)]
        policy = {"Version": "2012-10-17", "Statement": statements}
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps(policy)})
        target = {"Id": "queue", "Arn": arn}
        answer = events.put_targets(Rule=self.name, EventBusName=bus, Targets=[target])
        if answer.get("FailedEntryCount"):
            message = f"the rule takes no target: {answer.get('FailedEntries')}"
            raise NotSo(message)
        raw = {"RawMessageDelivery": "true"}
        self._subscription = self.hands.clients("sns").subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=arn,
            Attributes=raw,
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        self.topic = topic
        return f"a queue of its own ({self.name}) listens on {bus} and on Tier-1's topic"

    def has_heard(self, session_id: str) -> str:
        if not self.url or not session_id:
            message = "nothing listened, or there was no session to hear of"
            raise NotHere(message)
        began = self.hands.clock.monotonic()
        self.hands.until(
            lambda: self._all_heard(session_id) or None,
            f"{', '.join(_EXPECTED)} of {session_id} on the bus",
            _WITHIN,
        )
        took = self.hands.clock.monotonic() - began
        kinds = [it["detail-type"] for it in self._of(session_id)]
        return (
            f"{len(kinds)} events of the session, the last within {took:.1f} s: {', '.join(kinds)}"
        )

    def is_told_of(self, alarm: str, reason: str) -> bool:
        self._take()
        return any(
            it.get("AlarmName") == alarm and it.get("NewStateReason") == reason for it in self.heard
        )

    def stop(self, say: Say) -> None:
        events, sqs = self.hands.clients("events"), self.hands.clients("sqs")
        if self._subscription:
            sns, arn = self.hands.clients("sns"), self._subscription
            tidy(f"subscription {arn}", lambda: sns.unsubscribe(SubscriptionArn=arn), say)
        rule = {"EventBusName": self.bus}
        if self.bus:
            tidy(
                f"targets of rule {self.name} on {self.bus}",
                lambda: events.remove_targets(Rule=self.name, Ids=["queue"], **rule),
                say,
            )
            tidy(
                f"rule {self.name} on {self.bus}",
                lambda: events.delete_rule(Name=self.name, **rule),
                say,
            )
        if self.url:
            tidy(f"queue {self.url}", lambda: sqs.delete_queue(QueueUrl=self.url), say)

    def _published(self, parameter: Parameter) -> str:
        path = parameter_path(self.hands.config.env_name, parameter)
        return str(self.hands.clients("ssm").get_parameter(Name=path)["Parameter"]["Value"])

    def _all_heard(self, session_id: str) -> bool:
        self._take()
        kinds = {it["detail-type"] for it in self._of(session_id)}
        return kinds >= set(_EXPECTED)

    def _take(self) -> None:
        sqs = self.hands.clients("sqs")
        answer = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", ()):
            self.heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def _of(self, session_id: str) -> list[dict[str, Any]]:
        return [it for it in self.heard if it.get("detail", {}).get("session_id") == session_id]


def _let_in(service: str, source: str, queue: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
