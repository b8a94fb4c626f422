"""The queue of what is told in Slack, in moto's SQS."""

from typing import Any

import boto3
import pytest

from pam.aws.slack_queue import SqsSlackQueue


@pytest.fixture
def queue(aws: None) -> tuple[Any, str]:
    client = boto3.client("sqs")
    made = client.create_queue(QueueName="told.fifo", Attributes={"FifoQueue": "true"})
    return client, made["QueueUrl"]


def test_what_was_put_once_is_not_put_again(queue: tuple[Any, str]) -> None:
    client, url = queue
    told = SqsSlackQueue(client, url)
    for text, once in (("one", "a"), ("one again", "a"), ("two", "b")):
        told.put(text, group="C1", once=once)
    got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [each["Body"] for each in got] == ["one", "two"]


def test_what_is_put_back_comes_again_and_what_is_behind_it_waits(queue: tuple[Any, str]) -> None:
    client, url = queue
    told = SqsSlackQueue(client, url)
    for number in range(12):
        told.put(f"{number}", group="C1", once=f"{number}")
    got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert "Messages" not in client.receive_message(QueueUrl=url)
    told.put_back([each["ReceiptHandle"] for each in got], 0)
    again = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [each["Body"] for each in again] == [each["Body"] for each in got]


def test_more_than_one_call_takes_is_put_back(queue: tuple[Any, str]) -> None:
    calls: list[int] = []

    class Counting:
        def change_message_visibility_batch(self, **call: Any) -> None:
            calls.append(len(call["Entries"]))

    SqsSlackQueue(Counting(), "url").put_back([str(each) for each in range(23)], 5)
    assert calls == [10, 10, 3]


def test_how_many_wait_is_known(queue: tuple[Any, str]) -> None:
    client, url = queue
    told = SqsSlackQueue(client, url)
    assert told.waiting() == 0
    for number in range(3):
        told.put(f"{number}", group=f"C{number}", once=f"{number}")
    assert told.waiting() == 3
