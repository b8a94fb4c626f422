"""The bus says what happened to a session, with the audit record as its detail."""

from typing import Any

from local.cast import Cast, Person, until
from tests.e2e.bus import listen


def test_the_life_of_a_session_is_told_on_the_bus(
    cast: Cast, heard: list[dict[str, Any]], alice: Person, ada: Person
) -> None:
    session = alice.request("core-ledger-admin", break_glass=True)
    session_id = session["session_id"]
    alice.wait_for(session_id, "ACTIVE")
    alice.lease(session_id)
    alice.post("/pam/end", {"session_id": session_id})
    expected = [
        "PAM Session Requested",
        "PAM Break Glass",
        "PAM Session Approved",
        "PAM Session Activated",
        "PAM Session Leased",
        "PAM Session Ended",
    ]
    events = until(
        lambda: found if len(found := listen(cast, heard, session_id)) >= len(expected) else None,
        "the session's events",
    )
    assert {event["source"] for event in events} == {"bank.mod046.pam"}
    ordered = sorted(events, key=lambda event: event["detail"]["sequence"])
    assert [event["detail-type"] for event in ordered] == expected
    records = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
    for event in ordered:
        assert event["detail"] in records
