"""A lent role that is not bound as it should be is told, once a week for as long as it is not."""

from datetime import timedelta

from pam.operations.check_bounds import Bounds, check_bounds
from tests.fakes.story import COMPILED, HOME, LEDGER, Story

TARGETS = {
    each.resource_id: each.target(account=HOME.account, region=HOME.region)
    for each in COMPILED.resources
}
ROLES = [target.arn for target in TARGETS.values() if target.kind == "aws-role"]


def checked(story: Story, looks: int = 1_000) -> Bounds:
    left = iter(range(looks))
    return check_bounds(
        TARGETS,
        now=story.now,
        store=story.store,
        keepers=story.issuers,
        has_time=lambda: next(left, None) is not None,
    )


def test_a_role_without_its_boundary_is_told_once_and_counted_each_time() -> None:
    story = Story()
    assert checked(story) == Bounds()
    story.issuer.boundary_fault = "its permissions boundary is none"
    for _ in range(2):
        assert checked(story).unbounded == ROLES
    assert len(story.store.findings) == len(ROLES)
    record = next(each for each in story.store.findings if each["resource"] == LEDGER)
    assert (record["type"], record["outcome"], record["session_id"]) == ("Drift", "failure", "")
    assert record["detail"] == (
        f"unbounded: {TARGETS[LEDGER].arn}: its permissions boundary is none"
    )


def test_what_is_told_is_remembered_for_a_week() -> None:
    story = Story()
    story.issuer.boundary_fault = "gone"
    kept: list[timedelta] = []
    adding = story.store.add_finding

    def add(record: object, once: object) -> None:
        kept.append(once.until - story.now)
        adding(record, once)

    story.store.add_finding = add
    checked(story)
    assert set(kept) == {timedelta(days=7)}


def test_a_role_that_does_not_answer_or_has_no_turn_is_neither_bound_nor_unbound() -> None:
    story = Story()
    assert checked(story, looks=1).postponed == ROLES[1:]
    story.issuer.down = True
    assert checked(story) == Bounds(unreached=ROLES)
