"""Many sessions at once: none is lost, none is left, and each trail is whole."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli.audit_chain import faults_of
from local.cast import Cast, NotSeenError

SESSIONS = int(os.environ.get("PAM_LOAD_SESSIONS", "60"))
"""1,000 in `make soak`, with 50 in flight."""
IN_FLIGHT = int(os.environ.get("PAM_LOAD_IN_FLIGHT", "12"))
SANDBOX = "core-sandbox-admin"


@pytest.mark.guarantee("G6")
def test_every_session_is_opened_granted_closed_and_whole(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    alice, ada = cast.person("alice"), cast.person("ada")

    def live(_: int) -> str:
        session_id = str(alice.request(SANDBOX, duration_seconds=600)["session_id"])
        alice.wait_for(session_id, "ACTIVE", 120)
        alice.lease(session_id)
        ended = alice.post("/pam/end", {"session_id": session_id})
        if ended.status != 200:
            raise NotSeenError(ended.body)
        alice.wait_for(session_id, "ENDED", 120)
        return session_id

    began = time.monotonic()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        ids = list(pool.map(live, range(SESSIONS)))
    seconds = time.monotonic() - began
    assert len(set(ids)) == SESSIONS
    for session_id in ids:
        items = ada.get(f"/pam/sessions/{session_id}/audit").body["items"]
        assert not faults_of(items, session_id=session_id)
        assert [item["type"] for item in items].count("Leased") == 1
        assert items[-1]["type"] == "Ended"
    open_now = ada.get("/pam/sessions?status=ACTIVE&limit=100").body["items"]
    assert not {item["session_id"] for item in open_now} & set(ids)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{SESSIONS} sessions, {IN_FLIGHT} in flight: {SESSIONS / seconds:.1f} a second\n"
        )
