"""Whether the session's events come out of the bus: a queue of its own listens for a while."""

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
    """A rule on PAM's bus and a queue, both named after this run."""

    hands: Hands
    name: str
    bus: str = ""
    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)

    def is_listening(self) -> str:
        events, sqs = self.hands.clients("events"), self.hands.clients("sqs")
        path = parameter_path(self.hands.config.env_name, Parameter.EVENTS_BUS_NAME)
        bus = str(self.hands.clients("ssm").get_parameter(Name=path)["Parameter"]["Value"])
        attributes = {"SqsManagedSseEnabled": "true", "MessageRetentionPeriod": _KEPT_SECONDS}
        self.url = sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        said = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        arn = said["Attributes"]["QueueArn"]
        pattern = json.dumps({"source": [EVENT_SOURCE]})
        self.bus = bus
        rule = events.put_rule(Name=self.name, EventBusName=bus, EventPattern=pattern)["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": json.dumps(policy)})
        target = {"Id": "queue", "Arn": arn}
        answer = events.put_targets(Rule=self.name, EventBusName=bus, Targets=[target])
        if answer.get("FailedEntryCount"):
            message = f"the rule takes no target: {answer.get('FailedEntries')}"
            raise NotSo(message)
        return f"a rule and a queue of its own ({self.name}) listen on {bus}"

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

    def stop(self, say: Say) -> None:
        events, sqs = self.hands.clients("events"), self.hands.clients("sqs")
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

    def _all_heard(self, session_id: str) -> bool:
        sqs = self.hands.clients("sqs")
        answer = sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", ()):
            self.heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        kinds = {it["detail-type"] for it in self._of(session_id)}
        return kinds >= set(_EXPECTED)

    def _of(self, session_id: str) -> list[dict[str, Any]]:
        return [it for it in self.heard if it["detail"]["session_id"] == session_id]
