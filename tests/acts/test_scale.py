"""What the page about scale reckons with is what one session takes."""

from collections import Counter
from collections.abc import Iterator

import pytest

from documents import scale
from documents.scale import AWS, OWN, Limit
from local.bench.capacity import by_partition, units
from local.bench.in_process import deployed
from local.bench.memory_tables import TABLES
from local.bench.rim import Rim

_WATCHED = 4
"""Proofs that the watch of the store verifies, once each; it does not run here."""


@pytest.fixture(scope="module")
def rim() -> Iterator[Rim]:
    """A prod session of an hour with two leases, which ends by the clock, in warm processes."""
    with deployed() as pam:
        pam.lease(pam.granted("dave"), "dave")
        pam.rim.seen.clear()
        session_id = pam.request()
        pam.admit(session_id)
        pam.carry(session_id)
        pam.approve("bob", session_id)
        pam.carry(session_id)
        pam.approve("carol", session_id)
        pam.activate(session_id)
        for _ in range(5):
            pam.of_session("", session_id, "alice")
        pam.lease(session_id)
        pam.check()
        pam.later(minutes=30)
        pam.lease(session_id)
        pam.later(minutes=31)
        pam.end_due(session_id)
        pam.carry(session_id)
        yield pam.rim


def of(part: str) -> Limit:
    (found,) = (limit for limit in (*OWN, *AWS) if part in limit.what)
    return found


def test_what_a_session_writes_under_each_key_is_what_is_reckoned_with(rim: Rim) -> None:
    written: Counter[tuple[str, str]] = Counter()
    for seen in rim.seen:
        written.update(by_partition(seen))
    for place, part in (
        (("by_deadline", "AT_STAKE"), "AT_STAKE"),
        (("by_time", "SESSION"), "by_time"),
        (("by_resource", "core-ledger-admin"), "by_resource"),
        (("by_status", "ACTIVE"), "by_status"),
        ((TABLES.sessions, "ECHO"), "ECHO"),
    ):
        assert written[place] == of(part).per_session, place
    # Each call is settled once it is matched, and each record taken out once it is sealed.
    assert written["unmatched", "UNMATCHED"] == 2 * scale.API_CALLS
    assert written[TABLES.unsealed, "UNSEALED"] == 2 * scale.RECORDS
    assert max(written.values()) == written[TABLES.sessions, "SESSION"], "a key of each session"


def test_what_a_session_reads_of_the_blocks_is_what_is_reckoned_with(rim: Rim) -> None:
    blocks = [seen for seen in rim.seen if seen.on == TABLES.blocks]
    assert sum(map(units, blocks)) == of("BLOCKS").per_session


def test_what_a_session_asks_of_aws_is_no_more_than_what_is_reckoned_with(rim: Rim) -> None:
    asked = Counter(seen.call for seen in rim.seen)
    assert asked["stepfunctions:StartExecution"] == of("StartExecution").per_session
    assert asked["sts:AssumeRole"] == of("STS").per_session - 1
    macs = asked["kms:GenerateMac"] + asked["kms:VerifyMac"] + _WATCHED
    assert macs < of("KMS").per_session
    for call, part in (("events:PutEvents", "EventBridge"), ("logs:PutLogEvents", "Logs")):
        assert 0 < asked[call] <= of(part).per_session
    doors = [seen for seen in rim.seen if seen.call == "dynamodb:PutItem" and seen.on == "calls"]
    assert len(doors) == scale.API_CALLS


def test_the_arithmetic_of_a_limit() -> None:
    limit = Limit(what="x", per_session=2, unit="u", quota=100, source="", then="")
    assert limit.at_peak(86_400) == 20
    assert limit.reached_at == 432_000
    assert limit.at_peak(limit.reached_at) == limit.quota
    assert scale.first().reached_at == min(each.reached_at for each in (*OWN, *AWS))
