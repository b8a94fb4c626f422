"""What is known of one permission set, and what may become of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pam.identity_center.denies import Deny
from pam.identity_center.permission_set import LOCKED_FOR, PermissionSet, Provisioning

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HERE, THERE = "111122223333", "444455556666"
ONE = Deny(
    session_id="1",
    user_id="user-1",
    account=HERE,
    armed_at=NOON,
    begins=NOON,
    end=NOON + timedelta(minutes=30),
)


def written(known: PermissionSet, account: str = HERE) -> PermissionSet:
    """By a writer, to the end."""
    held = known.locked(NOON)
    assert held is not None
    done = held.wrote(held.fence, account, held.wanted, NOON)
    assert done is not None
    return done


def test_nothing_is_begun_of_which_the_end_was_not_seen_to_stand_there() -> None:
    known = PermissionSet().armed(ONE)
    assert known.begun("1") is None
    assert written(known, THERE).begun("1") is None, "seen in another account"
    begun = written(known).begun("1")
    assert begun is not None
    assert begun.is_inhabited(HERE)
    assert written(known).armed(ONE).begun("1") is None, "armed anew, and not seen since"
    assert written(known).doubted(HERE, NOON).begun("1") is None


def test_nothing_is_begun_whose_end_has_begun() -> None:
    known = written(PermissionSet().armed(ONE))
    ended = known.ended("1", NOON + timedelta(minutes=40))
    assert ended is not None
    assert ended.is_armed(ended.denies[0]), "nothing had to be written"
    assert ended.begun("1") is None
    assert known.begun("2") is None


def test_an_early_end_is_a_new_version_and_an_end_in_time_is_none() -> None:
    known = written(PermissionSet().armed(ONE))
    early = known.ended("1", NOON + timedelta(minutes=3, milliseconds=300))
    assert early is not None
    (deny,) = early.denies
    assert deny.end == NOON + timedelta(minutes=3), "a whole second, and no later"
    assert not early.is_armed(deny)
    in_time = known.ended("1", ONE.end)
    assert in_time is not None
    assert in_time.wanted == known.wanted


def test_a_lock_has_one_holder_until_it_runs_out() -> None:
    first = PermissionSet().locked(NOON)
    assert first is not None
    assert first.locked(NOON + LOCKED_FOR - timedelta(seconds=1)) is None
    later = NOON + LOCKED_FOR
    second = first.locked(later)
    assert second is not None
    assert second.fence > first.fence
    assert second.is_held(second.fence, later)
    assert not second.is_held(first.fence, later)


def test_whoever_lost_the_lock_writes_nothing_down() -> None:
    first = PermissionSet().locked(NOON)
    assert first is not None
    later = NOON + LOCKED_FOR
    second = first.locked(later)
    assert second is not None
    old, what = first.fence, Provisioning(request_id="r", version=1)
    assert second.sending(old, later, 1, "it") is None
    assert second.wrote(old, HERE, 1, NOON) is None
    assert second.unlocked(old) is None
    assert second.provisions(old, HERE, what) is None
    assert first.sending(old, later, 1, "it") is None, "nor who has it no longer"
    assert first.sending(old, NOON, 1, "it") is not None


def test_what_was_written_once_is_not_less_afterwards() -> None:
    known = written(PermissionSet().armed(ONE).armed(replace(ONE, session_id="2")))
    held = known.locked(NOON)
    assert held is not None
    older = held.wrote(held.fence, HERE, 1, NOON)
    assert older is not None
    assert older.has_written(HERE, 2)


def test_what_the_person_had_before_is_denied_up_to_the_next_start() -> None:
    known = written(PermissionSet().armed(ONE))
    gone = known.gone("1", NOON + timedelta(minutes=10))
    assert gone is not None
    assert gone.gone("1", NOON + timedelta(minutes=20)) is None, "it is gone once"
    later = NOON + timedelta(minutes=15)
    again = gone.armed(replace(ONE, session_id="2", armed_at=later))
    first = again.deny_of("1")
    assert first is not None
    assert first.issued_before == later
    assert first.gone_at == NOON + timedelta(minutes=10), "and it goes an hour after that"
    other = gone.armed(replace(ONE, session_id="3", account=THERE, armed_at=later)).deny_of("1")
    assert other is not None
    assert other.issued_before == NOON + timedelta(minutes=10)


def test_a_start_that_was_begun_long_ago_keeps_nobody_waiting() -> None:
    known = written(PermissionSet().armed(ONE)).begun("1")
    assert known is not None
    assert known.is_being_inhabited(HERE, NOON + timedelta(minutes=9))
    assert not known.is_being_inhabited(HERE, NOON + timedelta(minutes=11))
    assert not known.is_being_inhabited(THERE, NOON)
    made = known.made("1", timedelta(seconds=4))
    assert made is not None
    assert not made.is_being_inhabited(HERE, NOON)
    assert made.is_inhabited(HERE)
    assert made.made("1", timedelta(seconds=9)) is None
    assert made.begins_after(HERE) == timedelta(seconds=5)


def test_what_another_account_lost_is_written_there_again_whatever_version_it_had() -> None:
    there = replace(ONE, session_id="2", account=THERE, begun=True)
    known = written(written(PermissionSet().armed(ONE).armed(there)), THERE)
    held = known.locked(NOON)
    assert held is not None
    sent = held.sending(held.fence, NOON, held.wanted, "digest", {"2"})
    assert sent is not None
    assert sent.owes(THERE)
    free = sent.unlocked(held.fence)
    assert free is not None
    assert not written(free, THERE).owes(THERE)


def test_what_is_narrowed_is_another_version_of_the_policy_for_which_nobody_waits() -> None:
    """Else an account that was given the one of before would seem to have been changed there."""
    known = written(PermissionSet().armed(replace(ONE, begun=True)))
    gone = known.gone("1", NOON)
    assert gone is not None
    assert gone.wanted > known.wanted
    assert not gone.owes(HERE)
