"""What a session left at its target is told on its own chain, with its end and once."""

from dataclasses import replace
from datetime import datetime

import pytest

from pam.domain.session import Session
from pam.ports.targets import Receipt
from tests.fakes.story import Story
from tests.fakes.world import FakeIssuer

LEFT = ("owns security definer function public.helper()", "setting search_path")


class Leaving(FakeIssuer):
    """Its sessions leave something behind."""

    def end(self, session: Session, now: datetime) -> Receipt:
        return replace(super().end(session, now), left=LEFT)


@pytest.mark.guarantee("G7")
def test_a_session_that_left_something_has_it_on_its_trail_once() -> None:
    story = Story(issuer=Leaving())
    session = story.granted()
    story.revoke(session.session_id)
    assert story.store.types(session.session_id)[-3:] == ["Revoking", "Revoked", "Drift"]
    told = story.store.trails[session.session_id][-1]
    assert told["outcome"] == "failure"
    assert told["detail"].endswith(f"the session left {'; '.join(LEFT)}")


def test_a_session_that_left_nothing_has_no_such_record() -> None:
    story = Story()
    session = story.granted()
    story.revoke(session.session_id)
    assert "Drift" not in story.store.types(session.session_id)
