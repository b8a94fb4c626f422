"""The demo's chapter on access that a directory holds: lent for a while, and seen to be gone."""

from datetime import timedelta
from typing import Any

from local.cast import Cast, is_refused
from local.identity_center.control import ControlError
from local.story import Story, wait_until
from pam.domain import timestamps

PAYMENTS, SUPPORT = "core-payments-admin", "core-support-admins"
WINDOW = timedelta(seconds=12)


def in_directories(story: Story, cast: Cast) -> None:
    _a_permission_set(story, cast)
    _a_group(story, cast)


def _a_permission_set(story: Story, cast: Cast) -> None:
    alice = cast.person("alice")
    story.chapter("IAM Identity Center: a permission set, whose sessions end on the clock too")
    story.step("the portal gives alice no way into the payments account", _has_no_way_in(cast))
    seconds = int(WINDOW.total_seconds())
    session_id = str(alice.request(PAYMENTS, duration_seconds=seconds)["session_id"])
    story.step(f"alice asks for {PAYMENTS} for {seconds} s: {session_id}", session_id)
    approved = [cast.person(name).approve(session_id) for name in ("bob", "carol")][-1]
    story.step("bob and carol approve", approved.body.get("status") == "APPROVED")
    active = alice.wait_for(session_id, "ACTIVE")
    story.step("it is ACTIVE: AWS refuses her from its end on already", _is_armed(cast, session_id))
    story.note(f"her lease is no key but an address: {alice.lease(session_id)['url']}")
    live = cast.identity_center.sign_in("alice")
    s3, bucket = cast.with_sign_in(live, "s3"), cast.bucket(PAYMENTS)

    def work() -> Any:
        return s3.put_object(Bucket=bucket, Key="note", Body=b"borrowed")

    story.step("she signs in at the portal, and puts an object", work())
    wait_until(timestamps.parse(str(active["expires_at"])) + timedelta(milliseconds=50))
    story.step("at the end the very same credentials are refused", is_refused(work))
    over = alice.wait_for(session_id, "EXPIRED")
    story.step("the session is EXPIRED, and the portal gives no way in", _has_no_way_in(cast))
    _receipt(story, over)


def _a_group(story: Story, cast: Cast) -> None:
    alice, okta = cast.person("alice"), cast.okta
    story.chapter("Okta: a member of a group for a while, and signed out afterwards")
    browser = okta.sign_in("alice")
    story.step(
        "alice is signed in at Okta, and the group's app does not open",
        not okta.opens(browser, SUPPORT),
    )
    session_id = str(alice.request(SUPPORT, duration_seconds=600)["session_id"])
    story.step(f"she asks for {SUPPORT}: {session_id}", session_id)
    approved = cast.person("bob").approve(session_id)
    story.step("bob approves: enough for uat", approved.body.get("status") == "APPROVED")
    alice.wait_for(session_id, "ACTIVE")
    story.step(f"members of the group: {_listed(okta.members(SUPPORT))}", okta.members(SUPPORT))
    story.step("the group's app opens", okta.opens(browser, SUPPORT))
    alice.post("/pam/end", {"session_id": session_id})
    over = alice.wait_for(session_id, "ENDED")
    left = okta.members(SUPPORT)
    story.step(f"she gives it back: ENDED. Members of the group: {_listed(left)}", not left)
    signed_in = okta.standing("alice").sessions
    story.step("her sessions at Okta are ended, the one that she had before too", not signed_in)
    _receipt(story, over)


def _has_no_way_in(cast: Cast) -> bool:
    try:
        cast.identity_center.sign_in("alice")
    except ControlError:
        return True
    return False


def _is_armed(cast: Cast, session_id: str) -> bool:
    """Whether what ends the session stands in the role of the account, before it has to."""
    given = cast.identity_center.call("permission_set")["given"]
    return f"Pam{session_id}" in str(given["inline_policy"])


def _listed(members: list[str]) -> str:
    return ", ".join(members) or "none"


def _receipt(story: Story, over: dict[str, Any]) -> None:
    story.note(f"receipt: {over['ending']['method']}, {over['ending']['evidence']}")
