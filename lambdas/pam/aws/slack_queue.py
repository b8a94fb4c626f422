"""The queue of what is to be told in Slack: in each group one after another, and each thing once."""

import hashlib
from typing import Any


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
