"""The bus, as somebody hears it who may."""

import json
from typing import Any

from local.cast import Cast

ACCOUNT = "000000000000"


def subscribe(cast: Cast) -> None:
    """Keeps everything that PAM says from now on, for `listen` to take."""
    events = cast.person("root").client("events")
    sqs = cast.person("root").client("sqs")
    bus = cast.parameter("/bank/local/mod046/events/bus-name")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = f"arn:aws:sqs:{cast.about['region']}:{ACCOUNT}:heard"
    pattern = json.dumps({"source": ["bank.mod046.pam"]})
    rule = events.put_rule(Name="heard", EventBusName=bus, EventPattern=pattern)["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="heard", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])


def listen(cast: Cast, heard: list[dict[str, Any]], session_id: str) -> list[dict[str, Any]]:
    """What was heard of a session so far; `heard` is what others took in before, and grows."""
    sqs = cast.person("root").client("sqs")
    url = sqs.get_queue_url(QueueName="heard")["QueueUrl"]
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            heard.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [event for event in heard if event["detail"]["session_id"] == session_id]
