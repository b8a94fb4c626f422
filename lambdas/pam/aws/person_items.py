"""What is known about people, as items of the session table: what each has open, and in which
offices each has acted. Each person is a partition, so nothing is scanned.
"""

import hashlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pam.aws.table_keys import epoch
from pam.domain import timestamps
from pam.domain.apart import Act
from pam.domain.limits import OpenSession, open_as
from pam.domain.session import Session

_HEAD = "#HEAD"
"""Sorts before every session id."""
_CLOSED_KEPT = timedelta(hours=1)
_KNOWN_FOR = timedelta(days=400)
"""How long somebody who acts no more counts as seen."""


def open_key(person: str, session_id: str = _HEAD) -> dict[str, str]:
    return {"pk": f"OPEN#{person}", "sk": session_id}


def open_head(person: str, version: int) -> dict[str, Any]:
    """The item whose version moves with everything that adds to what a person has open."""
    return {**open_key(person), "kind": "OPEN_HEAD", "version": version}


def open_item(session: Session) -> dict[str, Any]:
    """What a session counts as. One that is closed counts no more, and goes by its TTL: the
    functions that close sessions need no right to delete for it.
    """
    item = {
        **open_key(session.requester_name, session.session_id),
        "kind": "OPEN",
        # Not `resource`: that is the key of an index of sessions.
        "on": session.resource,
    }
    counted = open_as(session)
    if counted is None:
        ended = session.ended_at or session.created_at
        return item | {"done": True, "ttl": epoch(ended + _CLOSED_KEPT)}
    standing = {"target": counted.target} if counted.target else {}
    return item | standing | {"waiting": counted.waiting, "confirmed": counted.confirmed}


def open_session(item: dict[str, Any]) -> OpenSession | None:
    """None for what counts no more, for the head, and for what somebody wrote over, which the
    search counts anew.
    """
    if item["sk"] == _HEAD or "done" in item:
        return None
    try:
        return OpenSession(
            session_id=item["sk"],
            resource=item["on"],
            waiting=item["waiting"],
            confirmed=item["confirmed"],
            target=item.get("target", ""),
        )
    except KeyError:
        return None


def version_of(items: list[dict[str, Any]]) -> int:
    """0 as well for a head that somebody wrote over."""
    told = next((item.get("version") for item in items if item["sk"] == _HEAD), 0)
    return int(told) if isinstance(told, int | Decimal) else 0


def acts_key(person: str) -> dict[str, str]:
    return {"pk": f"PERSON#{person}"}


def _act_key(act: Act) -> dict[str, str]:
    """A principal may be longer than a key."""
    principal = hashlib.sha256(act.principal.encode()).hexdigest()[:16]
    return acts_key(act.person) | {"sk": f"ACT#{','.join(act.groups)}#{principal}"}


def act_item(act: Act) -> dict[str, Any]:
    return {
        **_act_key(act),
        "kind": "ACT",
        "principal": act.principal,
        "groups": list(act.groups),
        "roles": list(act.roles),
        "at": timestamps.render(act.at),
        "ttl": epoch(act.at + _KNOWN_FOR),
    }


def act_of(person: str, item: dict[str, Any]) -> Act:
    return Act(
        person=person,
        principal=item["principal"],
        groups=tuple(item["groups"]),
        roles=tuple(item["roles"]),
        at=timestamps.parse(item["at"]),
    )
