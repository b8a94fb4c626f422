"""Whoever acts within a day in two offices that must be apart, by whatever principals, is told."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pam.domain.people import Caller
from pam.operations.note_act import NotedActs, note_act
from pam.policy.cedar import CedarPolicy
from tests.fakes.story import COMPILED, Story, caller


@pytest.fixture
def story() -> Story:
    return Story()


def member(role: str, group: str = "", person: str = "zoe", **at: str) -> Caller:
    """Zoe, by the permission set of that group."""
    by = f"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_{group or role}_0123456789abcdef/"
    alice = caller("alice")
    assert alice.person is not None
    known = replace(
        alice.person,
        name=person,
        principal=by + person,
        groups=(group or f"bank-core-{role}",),
        roles=frozenset({role}),
    )
    return replace(alice, principal=by + person, person=known)


def act(story: Story, who: Caller) -> bool:
    return note_act(story.call(who), NotedActs())


PAIRS = [("engineers", "approvers"), ("operators", "engineers"), ("approvers", "operators")]


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_offices_within_a_day_are_a_drift(story: Story, first: str, second: str) -> None:
    assert not act(story, member(first))
    story.later(hours=23, minutes=59)
    assert act(story, member(second))
    (record,) = story.store.findings
    assert (record["type"], record["outcome"]) == ("Drift", "failure")
    assert (record["session_id"], record["sequence"]) == ("", 0)
    for word in ("zoe", first, second, member(first).principal, member(second).principal):
        assert word in record["detail"]
    assert record["requester"] == member(second).principal


def test_it_is_told_once_a_day_for_each_pair_and_again_the_next_day(story: Story) -> None:
    for _ in range(3):
        act(story, member("engineers"))
        act(story, member("approvers"))
        story.later(hours=1)
    assert len(story.store.findings) == 1
    act(story, member("operators"))
    assert len(story.store.findings) == 3
    story.later(days=2)
    act(story, member("engineers"))
    act(story, member("approvers"))
    assert len(story.store.findings) == 4


NO_DRIFT = {
    "an auditor beside": (member("engineers"), member("auditors"), timedelta(0)),
    "one office in two groups": (
        member("engineers"), member("engineers", "bank-kyc-engineers"), timedelta(0),
    ),
    "two people": (member("engineers"), member("approvers", person="zack"), timedelta(0)),
    "two days": (member("engineers"), member("approvers"), timedelta(hours=25)),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_DRIFT)
def test_what_may_be_together_is_no_drift(story: Story, case: str) -> None:
    first, second, apart = NO_DRIFT[case]
    act(story, first)
    story.now += apart
    assert not act(story, second)
    assert story.store.findings == []


def test_an_office_that_is_used_all_day_is_remembered_from_its_last_use(story: Story) -> None:
    for _ in range(30):
        act(story, member("engineers"))
        story.later(hours=1)
    story.later(hours=20)
    assert act(story, member("approvers"))


def test_it_is_written_once_an_hour_and_not_at_every_call(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[object] = []
    monkeypatch.setattr(story.store, "note_act", written.append)
    act(story, member("engineers"))
    assert len(written) == 1
    monkeypatch.undo()
    for _ in range(5):
        act(story, member("engineers"))
        story.later(minutes=10)
    (noted,) = story.store.acts.values()
    assert noted.at == story.now - timedelta(minutes=50)


def test_which_offices_are_apart_is_the_catalogues_to_say() -> None:
    apart = (frozenset({"auditors", "engineers"}),)
    story = Story(policy=CedarPolicy(replace(COMPILED, apart=apart)))
    act(story, member("engineers"))
    assert not act(story, member("approvers"))
    assert act(story, member("auditors"))


def test_a_stranger_is_not_remembered(story: Story) -> None:
    assert not act(story, caller("mallory"))
    assert story.store.acts == {}


def test_a_process_looks_again_only_when_what_it_noted_is_an_hour_old(story: Story) -> None:
    noted = NotedActs()
    note_act(story.call(member("engineers")), noted)
    first = story.now
    story.store.acts.clear()
    story.later(minutes=59)
    note_act(story.call(member("engineers")), noted)
    assert story.store.acts == {}, "remembered"
    note_act(story.call(member("approvers")), noted)
    story.later(minutes=1)
    assert note_act(story.call(member("engineers")), noted), "the other office was seen meanwhile"
    assert max(each.at for each in story.store.acts.values()) == story.now > first
