"""The gateway's access log, read from its log group, into which only the gateway writes."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from pam.domain.handled_call import LogLine, NoLine, parse_line


class CloudWatchAccessLog:
    """Implements `ports.calls.AccessLog`."""

    def __init__(self, client: Any, log_group: str) -> None:
        self._client = client
        self._group = log_group

    def lines(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=self._group,
            startTime=int(since.timestamp() * 1000),
            endTime=int(until.timestamp() * 1000),
        )
        for page in pages:
            for event in page["events"]:
                with suppress(NoLine):
                    yield parse_line(event["message"])
