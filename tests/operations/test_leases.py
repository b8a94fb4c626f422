"""Credentials: for the requester alone, for the session's life, never before their record."""

from datetime import timedelta

import pytest

from pam.domain.errors import Conflict, IssuerUnavailable, NotEligible
from pam.domain.lifecycle import Status
from tests.fakes.story import Story


def test_the_requester_of_an_active_session_gets_credentials() -> None:
    story = Story()
    session_id = story.granted().session_id
    lease = story.lease(session_id)
    assert lease.credentials.access_key_id == "ASIAEXAMPLE"
    record = story.store.records(session_id)[-1]
    assert (record["type"], record["lease_id"]) == ("Leased", lease.lease_id)
    assert record["access_key_id"] == "ASIAEXAMPLE"


def test_a_further_lease_is_counted_and_never_brings_the_end_of_the_last_one_forward() -> None:
    story = Story()
    session_id = story.granted(seconds=7200).session_id
    first = story.lease(session_id)
    story.later(seconds=-1)  # by the clock of another function
    assert story.lease(session_id).credentials.expires_at < first.credentials.expires_at
    leased = story.store.sessions[session_id]
    assert (leased.leases, leased.leases_end_at) == (2, first.credentials.expires_at)


@pytest.mark.guarantee("G4")
def test_a_session_knows_how_long_the_longest_lived_of_its_credentials_is_known_to_sts() -> None:
    story = Story()
    session_id = story.granted(seconds=60).session_id
    story.later(seconds=2)
    given = [story.lease(session_id).credentials.live_until]
    assert given[0] == story.now + timedelta(minutes=15)
    for seconds in (30, -10):
        story.later(seconds=seconds)
        given.append(story.lease(session_id).credentials.live_until)
        assert story.store.sessions[session_id].credentials_live_until == max(given)


@pytest.mark.parametrize("who", ["bob", "carol", "dave", "sam", "ada", "mallory"])
def test_nobody_else_does(who: str) -> None:
    story = Story()
    session_id = story.granted().session_id
    with pytest.raises(NotEligible):
        story.lease(session_id, who)


@pytest.mark.guarantee("G4")
def test_not_a_moment_after_the_end_even_if_nobody_has_closed_the_session() -> None:
    story = Story()
    session = story.granted(seconds=60)
    assert session.expires_at is not None
    story.now = session.expires_at - timedelta(milliseconds=1)
    story.lease(session.session_id)
    story.now = session.expires_at
    assert story.store.sessions[session.session_id].status is Status.ACTIVE
    with pytest.raises(Conflict):
        story.lease(session.session_id)


@pytest.mark.guarantee("G8")
def test_no_credential_leaves_unless_its_record_stands_in_the_log_group() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.audit_log.down = True
    with pytest.raises(IssuerUnavailable):
        story.lease(session_id)
    story.audit_log.down = False
    story.lease(session_id)
    assert story.audit_log.settled[session_id] == story.store.sessions[session_id].sequence


@pytest.mark.guarantee("G9")
def test_a_session_revoked_while_the_credentials_are_made_gives_none() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.issuer.during_lease = lambda: story.revoke(session_id) and None
    with pytest.raises(Conflict):
        story.lease(session_id)
    assert "Leased" not in story.store.types(session_id)


@pytest.mark.guarantee("G9")
def test_a_target_that_refuses_because_the_session_was_revoked_meanwhile_is_not_to_blame() -> None:
    story = Story()
    session_id = story.granted().session_id

    def gone() -> None:
        story.revoke(session_id)
        message = "the session's database user is gone"
        raise IssuerUnavailable(message)

    story.issuer.during_lease = gone
    with pytest.raises(Conflict, match="REVOKED"):
        story.lease(session_id)


@pytest.mark.guarantee("G9")
def test_a_session_revoked_between_the_read_and_the_record_gives_none() -> None:
    story = Story()
    session_id = story.granted().session_id
    story.store.before_save = lambda _: story.revoke(session_id) and None
    with pytest.raises(Conflict):
        story.lease(session_id)
    assert story.store.sessions[session_id].status is Status.REVOKED


@pytest.mark.guarantee("G8")
def test_no_secret_is_in_any_record_or_representation() -> None:
    story = Story()
    session_id = story.granted().session_id
    lease = story.lease(session_id)
    seen = repr(lease) + str(lease.credentials) + str(story.store.records(session_id))
    assert "the-secret-key" not in seen
    assert "the-session-token" not in seen
    assert lease.session.text_key
    assert lease.session.text_key not in seen
