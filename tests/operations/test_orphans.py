"""What closed sessions left behind is found and removed; nothing else is."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pam.domain.errors import IssuerUnavailable
from pam.domain.resource import IssuerKind, Target
from pam.operations.remove_orphans import Search, remove_orphans
from tests.fakes.story import COMPILED, Story

DATABASE = next(r for r in COMPILED.resources if r.resource_id == "core-ledger-db").target(
    account="111122223333", region="eu-west-1"
)
UNKNOWN = "01M7XKKX570BEDA009FKKTH2H2"


@dataclass
class FakeResidents:
    found: list[str] = field(default_factory=list)
    down: bool = False
    tidied: int = 0

    def tidy(self, target: Target, now: datetime) -> None:
        self.tidied += 1

    def sessions_at(self, target: Target) -> list[str]:
        if self.down:
            message = "the database did not answer"
            raise IssuerUnavailable(message)
        return self.found


def search(story: Story, residents: FakeResidents) -> Search:
    return remove_orphans(
        [DATABASE],
        dict.fromkeys(IssuerKind, residents),
        now=story.now,
        store=story.store,
        issuers=story.issuers,
    )


def test_only_what_belongs_to_a_closed_session_of_this_store_is_removed() -> None:
    story = Story()
    over, active = story.granted().session_id, story.granted().session_id
    pending = story.request().session_id
    story.end(over)
    found = search(story, FakeResidents([over, active, pending, UNKNOWN]))
    assert found == Search(removed=(over,), unreached=())
    assert story.issuer.cleared == [over]
    last = story.store.records(over)[-1]
    assert (last["type"], last["outcome"]) == ("Activity", "failure")
    assert last["detail"].startswith(f"orphan: left at {DATABASE.arn}")


def test_a_target_that_does_not_answer_is_told_and_hides_no_other() -> None:
    story = Story()
    over = story.granted().session_id
    story.end(over)
    assert search(story, FakeResidents(down=True)).unreached == (DATABASE.arn,)
    story.issuer.down = True
    assert search(story, FakeResidents([over])) == Search(removed=(), unreached=(over,))


def test_what_must_still_stand_at_the_target_is_let_be() -> None:
    story = Story()
    revoked = story.granted().session_id
    story.lease(revoked)
    session = story.revoke(revoked)
    story.store.sessions[revoked] = replace(session, traces_until=story.now + timedelta(minutes=9))
    residents = FakeResidents([revoked])
    assert search(story, residents) == Search(removed=(), unreached=())
    story.later(minutes=10)
    assert search(story, residents) == Search(removed=(revoked,), unreached=())
    assert residents.tidied == 2
