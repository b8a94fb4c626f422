"""Queues that get what approvers, requesters and the Tier-1 duty would, so that one can look."""

import json

from local.aws import root_client
from pam.names import Parameter, parameter_path

_TOPICS = {
    "approvers": Parameter.APPROVER_TOPIC_ARN,
    "requesters": Parameter.REQUESTER_TOPIC_ARN,
    "tier1": Parameter.TIER1_TOPIC_ARN,
}


def create_inboxes(endpoint: str) -> dict[str, str]:
    """Name of the inbox -> URL of its queue."""
    ssm, sqs, sns = (root_client(service, endpoint) for service in ("ssm", "sqs", "sns"))
    inboxes = {}
    for name, parameter in _TOPICS.items():
        path = parameter_path("local", parameter)
        topic = ssm.get_parameter(Name=path)["Parameter"]["Value"]
        url = sqs.create_queue(QueueName=f"pam-local-inbox-{name}")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        queue = attributes["Attributes"]["QueueArn"]
        may_send = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
        }
        policy = {"Version": "2012-10-17", "Statement": [may_send]}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        subscribed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        if not any(subscription["Endpoint"] == queue for subscription in subscribed):
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        inboxes[name] = url
    return inboxes


def read_inbox(endpoint: str, url: str) -> list[str]:
    """Takes out and returns the messages that are there, as the person would read them."""
    sqs = root_client("sqs", endpoint)
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            body = json.loads(message["Body"])
            found.append(_read(body))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def _read(body: dict[str, str]) -> str:
    """PAM sends queues JSON, with its text in it; an alarm of CloudWatch is shown as it is."""
    said = body["Message"]
    try:
        text = json.loads(said)["text"]
    except (ValueError, KeyError, TypeError):
        text = said
    return f"{body.get('Subject', '')}\n{text}"
