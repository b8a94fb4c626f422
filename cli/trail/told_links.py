"""Whose the principals were that people had linked, as the records of a trail tell it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pam.domain import timestamps
from pam.domain.audit_record import Record, RecordType
from pam.domain.errors import NotEligible
from pam.domain.links import Link

_LONGEST_CALL = timedelta(minutes=15)
"""AWS lets no function run for longer: for so long a call may go on with a link as it began."""


class ToldLinks:
    """Implements `ports.links.KnownLinks`. Each act by a link says by which; what the trail has of
    its making and its undoing must fit.
    """

    def __init__(self) -> None:
        self._used: dict[str, Link] = {}
        self._made: dict[tuple[str, str], str] = {}
        """By principal and time: the principal that accepted it."""
        self._undone: dict[str, list[datetime]] = {}

    def of_principal(self, principal: str) -> Link | None:
        return self._used.get(principal)

    def of_person(self, person: str) -> list[Link]:
        return [link for link in self._used.values() if link.person == person]

    def see(self, record: Record) -> None:
        """Raises NotEligible for an act by a link that was none, or that it does not name."""
        principal, told = str(record["actor"]["principal"]), record["actor"].get("link")
        if record["type"] == RecordType.LINKED:
            self._made[record["requester"], record["at"]] = principal
        if record["type"] == RecordType.UNLINKED:
            undone = self._undone.setdefault(record["requester"], [])
            undone.append(timestamps.parse(record["at"]))
        if told is not None:
            link = _link(principal, told)
            self._check(link, timestamps.parse(record["at"]))
            self._used[principal] = link

    def _check(self, link: Link, at: datetime) -> None:
        made_by = self._made.get((link.principal, timestamps.render(link.linked_at)))
        if made_by not in {None, link.accepted_by}:
            message = f"{link.principal} was linked by another than it says"
            raise NotEligible(message)
        undone = self._undone.get(link.principal, [])
        if any(link.linked_at <= when < at - _LONGEST_CALL for when in undone):
            message = f"the link of {link.principal} had been undone"
            raise NotEligible(message)


def _link(principal: str, told: Mapping[str, Any]) -> Link:
    try:
        return Link(
            principal=principal,
            person=str(told["person"]),
            accepted_by=str(told["accepted_by"]),
            linked_at=timestamps.parse(told["linked_at"]),
            basis="",
        )
    except (LookupError, TypeError, ValueError):
        message = f"it does not say by which link {principal} acted"
        raise NotEligible(message) from None
