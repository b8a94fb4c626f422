"""The queue of what is to be told in Slack: in each group one by one, and each thing once."""

import hashlib
from collections.abc import Sequence
from typing import Any

_MOST = 10
"""Messages of one call."""


class SqsSlackQueue:
    """Of `pam.slack.jobs`, as text."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def put(self, text: str, *, group: str, once: str) -> None:
        """What was put with the same `once` within five minutes is not put again."""
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=text,
            MessageGroupId=group,
            MessageDeduplicationId=hashlib.sha256(once.encode()).hexdigest(),
        )

    def waiting(self) -> int:
        """How many there are to be taken, as far as the queue knows."""
        name = "ApproximateNumberOfMessages"
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def put_back(self, receipts: Sequence[str], seconds: int) -> None:
        """What was taken is brought again after so long, and until then nothing of its group. Of
        what cannot be put back so, the queue's own time stands.
        """
        for first in range(0, len(receipts), _MOST):
            self._client.change_message_visibility_batch(
                QueueUrl=self._url,
                Entries=[
                    {"Id": str(at), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                    for at, receipt in enumerate(receipts[first : first + _MOST])
                ],
            )
