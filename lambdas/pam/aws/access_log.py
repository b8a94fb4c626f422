"""The access logs of the gateways, read from their log groups, into which only they write."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from pam.domain.handled_call import LogLine, NoLine, parse_line


class CloudWatchAccessLog:
    """Implements `ports.calls.AccessLog`."""

    def __init__(self, client: Any, log_groups: Sequence[str]) -> None:
        self._client = client
        self._groups = log_groups

    def lines(self, since: datetime, until: datetime) -> Iterator[LogLine]:
        for group in self._groups:
            yield from self._lines_in(group, since, until)

    def _lines_in(self, group: str, since: datetime, until: datetime) -> Iterator[LogLine]:
        pages = self._client.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int(since.timestamp() * 1000),
            endTime=int(until.timestamp() * 1000),
        )
        for page in pages:
            for event in page["events"]:
                with suppress(NoLine):
                    yield parse_line(event["message"])
