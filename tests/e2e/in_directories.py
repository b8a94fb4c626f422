"""What end-to-end tests do with access that stands in a directory: a permission set, a group."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from local.cast import Cast, NotSeenError, Person, is_refused, until
from local.identity_center.control import ControlError, Live
from pam.domain.errors import IssuerUnavailable
from tests.e2e.overdue import closed

Json = dict[str, Any]
T = TypeVar("T")
U = TypeVar("U")

PAYMENTS, SUPPORT = "core-payments-admin", "core-support-admins"
BY_THE_NEXT_TRY = 150.0
"""Seconds. A try at a vendor takes up to a quarter of a minute, and may come to nothing on a busy
machine; the next one is made within a minute.
"""
APPROVERS = {PAYMENTS: ("bob", "carol"), SUPPORT: ("bob",)}


def asked(cast: Cast, who: str, resource: str, **fields: Any) -> str:
    """A request with all its approvals; the session's id."""
    session_id = str(cast.person(who).request(resource, **fields)["session_id"])
    for name in APPROVERS[resource]:
        answer = cast.person(name).approve(session_id)
        assert answer.status == 200, answer
    return session_id


def lent(cast: Cast, who: str, resource: str, **fields: Any) -> Json:
    return begun(cast.person(who), asked(cast, who, resource, **fields))


def begun(who: Person, session_id: str) -> Json:
    """The workflow tries again half a minute later at the most, and one try may not be enough."""
    return who.wait_for(session_id, "ACTIVE", BY_THE_NEXT_TRY)


def ended(who: Person, session_id: str) -> Json:
    """Once its person has given it back."""
    answer = who.post("/pam/end", {"session_id": session_id})
    assert answer.status in {200, 202}, answer
    return closed(who.cast, who, session_id, "ENDED")


def never_begun(who: Person, session_id: str) -> Json:
    """Once it is over, without access ever: taken by the end of the one before it, or by a block,
    which its own workflow may see before the operator's call comes to it.
    """

    def over() -> Json | None:
        session = who.session(session_id)
        return session if session["ended_at"] else None

    session = until(over, f"session {session_id} to be over", BY_THE_NEXT_TRY)
    assert session["status"] in {"REVOKED", "FAILED"}, session
    assert session["activated_at"] is None
    return session


def side_by_side(act: Callable[[T], U], over: Iterable[T]) -> list[U]:
    """Of each, at once: what they wait for is the same."""
    each = list(over)
    with ThreadPoolExecutor(len(each)) as pool:
        return list(pool.map(act, each))


def searched(cast: Cast) -> Json:
    """What the search of every minute finds, now. One that a vendor let wait for too long, or that
    came while another was at it, is made again, as in the next minute.
    """

    def found() -> Json | None:
        try:
            return cast.invoke("revoke_session", {"message": "SearchStanding"})
        except NotSeenError as failed:
            if IssuerUnavailable.__name__ not in str(failed):
                raise
            return None

    return until(found, "the vendors to be searched", BY_THE_NEXT_TRY)


def records(cast: Cast, session_id: str, of_type: str) -> list[Json]:
    found = cast.person("ada").get(f"/pam/sessions/{session_id}/audit?limit=100").body["items"]
    return [record for record in found if record["type"] == of_type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The access portal of the stack's Identity Center, and what stands behind it."""

    cast: Cast

    def live(self, name: str) -> Live:
        return self.cast.identity_center.sign_in(name)

    def shows(self, name: str) -> bool:
        """Whether this person is let in to the permission set from here on."""
        try:
            self.live(name)
        except ControlError:
            return False
        return True

    def works(self, live: Live) -> bool:
        """Whether the very credentials open what the resource is for."""
        s3, bucket = self.cast.with_sign_in(live, "s3"), self.cast.bucket(PAYMENTS)
        return not is_refused(lambda: s3.list_objects_v2(Bucket=bucket))

    def refused_soon(self, live: Live) -> None:
        until(
            lambda: None if self.works(live) else True,
            "the credentials to be refused",
            BY_THE_NEXT_TRY,
        )

    def assigned(self) -> set[str]:
        """Ids of the users and groups that have it."""
        found = self.cast.identity_center.assignments()
        return {str(each["principal"]["id"]) for each in found}

    def sids(self) -> list[str]:
        """Of the statements of the inline policy, as the account was last given it."""
        return [str(each.get("Sid")) for each in self._statements()]

    def _statements(self) -> list[Json]:
        given = self.cast.identity_center.call("permission_set")["given"]
        text = given and given["inline_policy"]
        return list(json.loads(text)["Statement"]) if text else []
