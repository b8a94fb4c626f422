"""What lets an ended session in again is found, shut again, and put on record."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from pam.domain.errors import IssuerUnavailable, StaleSession
from pam.domain.kinds import POSTGRES_USER
from pam.domain.session import Session
from pam.operations import keep_ends as operation
from pam.operations.keep_ends import SETTLED_AFTER, Kept, keep_ends
from pam.ports.targets import Receipt
from tests.fakes.story import LEDGER, SANDBOX, Story


def ended(story: Story, resource: str = LEDGER) -> str:
    session_id = story.request(resource=resource).session_id
    for approver in ("bob", "carol") if resource == LEDGER else ():
        story.vote(approver, session_id)
    story.activate(session_id)
    story.lease(session_id)
    story.revoke(session_id)
    return session_id


def kept(story: Story, looks: int = 1_000) -> Kept:
    left = iter(range(looks))
    return keep_ends(
        now=story.now,
        store=story.store,
        keepers=story.issuers,
        has_time=lambda: next(left, None) is not None,
    )


def test_an_end_that_was_undone_is_made_again_and_told_each_time() -> None:
    story = Story()
    session_id, other = ended(story), ended(story)
    story.later(seconds=20)
    story.issuer.ended.clear()
    for times in (1, 2):
        story.issuer.let_in_again = {session_id}
        assert kept(story) == Kept(undone=[session_id])
        assert story.issuer.ended == [session_id] * times
        assert story.store.types(session_id).count("Drift") == times
    last = story.store.records(session_id)[-1]
    assert last["outcome"] == "failure"
    assert last["detail"].startswith("undone: the deny of this ended session")
    assert "Drift" not in story.store.types(other)
    assert kept(story) == Kept()


def test_nothing_is_asked_of_a_target_of_which_nothing_has_to_stay_shut() -> None:
    story = Story()
    story.granted()
    story.end(story.granted().session_id)
    story.later(minutes=1)
    assert kept(story, looks=0) == Kept()
    assert story.issuer.asked_about == []


def test_an_end_is_looked_after_for_as_long_as_a_credential_of_it_lives_at_sts() -> None:
    story = Story()
    session_id = ended(story)
    live_until = story.store.sessions[session_id].credentials_live_until
    assert live_until is not None
    stored = story.store.sessions[session_id]
    story.store.sessions[session_id] = replace(
        stored, traces_until=live_until + timedelta(minutes=1)
    )
    story.issuer.let_in_again = {session_id}
    story.now = live_until
    assert kept(story) == Kept()
    story.later(seconds=-1)
    assert kept(story) == Kept(undone=[session_id])


def test_what_is_due_to_go_is_the_ticks_and_is_not_put_back() -> None:
    story = Story()
    session_id = ended(story)
    story.later(seconds=20)
    stored = story.store.sessions[session_id]
    story.store.sessions[session_id] = replace(stored, traces_until=story.now)
    story.issuer.let_in_again = {session_id}
    assert kept(story) == Kept()


def test_a_session_of_an_earlier_version_is_looked_after_while_its_deny_stays() -> None:
    story = Story()
    session_id = ended(story)
    story.later(seconds=20)
    stored = story.store.sessions[session_id]
    story.store.sessions[session_id] = replace(stored, credentials_live_until=None)
    story.issuer.let_in_again = {session_id}
    assert kept(story) == Kept(undone=[session_id])


def test_a_target_is_given_the_time_to_show_what_was_just_written() -> None:
    story = Story()
    session_id = ended(story)
    story.issuer.let_in_again = {session_id}
    story.now += SETTLED_AFTER - timedelta(milliseconds=1)
    assert kept(story) == Kept()
    story.later(milliseconds=1)
    assert kept(story) == Kept(undone=[session_id])


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("fault", [StaleSession(), EndpointConnectionError(endpoint_url="x")])
def test_an_end_is_made_again_though_it_cannot_be_told_now(
    fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story()
    session_id = ended(story)
    story.later(seconds=20)
    story.issuer.let_in_again = {session_id}
    story.issuer.ended.clear()

    def never(*_: object, **__: object) -> Session:
        raise fault

    monkeypatch.setattr(operation, "transition", never)
    assert kept(story) == Kept(undone=[session_id], unshut=[session_id])
    assert story.issuer.ended == [session_id]


def test_what_could_not_be_told_before_an_end_was_made_again_is_told_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No later search finds it."""
    story, told = Story(), list[str]()
    session_id = ended(story)
    story.later(seconds=20)
    story.issuer.let_in_again = {session_id}
    whole, refused = operation.transition, iter([StaleSession()])

    def once_refused(*given: Any, **named: Any) -> Session:
        for fault in refused:
            raise fault
        return whole(*given, **named)

    monkeypatch.setattr(operation, "transition", once_refused)
    found = keep_ends(now=story.now, store=story.store, keepers=story.issuers, tell=told.append)
    assert found == Kept(undone=[session_id])
    assert told == ["undone"]
    assert story.store.types(session_id)[-1] == "Drift"


def test_an_end_that_cannot_be_made_again_is_told_and_tried_by_the_next_search() -> None:
    story = Story()
    session_id = ended(story)
    story.later(seconds=20)
    story.issuer.let_in_again = {session_id}
    ending = story.issuer.end

    def down(session: Session, now: datetime) -> Receipt:
        message = "IAM does not answer"
        raise IssuerUnavailable(message)

    story.issuer.end = down
    assert kept(story) == Kept(undone=[session_id], unshut=[session_id])
    assert story.store.types(session_id)[-1] == "Drift"
    story.issuer.end = ending
    assert kept(story) == Kept(undone=[session_id])
    assert story.issuer.let_in_again == set()


def test_a_target_that_does_not_answer_or_has_no_turn_hides_no_other() -> None:
    story = Story()
    ended(story), ended(story, SANDBOX)
    story.later(seconds=20)
    arns = {each.target.arn for each in story.store.ends_that_stand()}
    assert len(arns) == 2
    assert len(kept(story, looks=1).postponed) == 1
    story.issuer.down = True
    assert set(kept(story).unreached) == arns


def test_only_roles_are_looked_at() -> None:
    story = Story()
    session_id = ended(story)
    stored = story.store.sessions[session_id]
    target = replace(stored.target, kind=POSTGRES_USER)
    story.store.sessions[session_id] = replace(stored, target=target)
    story.later(seconds=20)
    story.issuer.let_in_again = {session_id}
    assert kept(story) == Kept()
