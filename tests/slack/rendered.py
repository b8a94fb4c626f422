"""All that PAM shows in Slack, of sessions in each state, with any text in each place for texts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache

from pam.domain.approval import Ballot
from pam.domain.audit_record import Record
from pam.domain.people import Surface
from pam.domain.resource import Resource
from pam.domain.review import Judgement
from pam.domain.session import Session
from pam.operations.review_session import ReviewPaper, review_session
from pam.slack import actions, answers, card, direct, home, modal, thread
from pam.slack.blocks import Message, View
from pam.slack.card import Shown
from pam.slack.home import Agenda
from pam.slack.modal import Offer
from pam.slack.thread import Done
from tests.fakes.story import COMPILED, KYC, NOON, Story

LATE = NOON + timedelta(days=2)
RESOURCES = COMPILED.resources


@cache
def sessions() -> dict[str, "Told"]:
    """A session in each state that there is, and its records."""
    return {name: made(Story()) for name, made in _STORIES.items()}


Told = tuple[Session, tuple[Record, ...]]


def told(story: Story, session_id: str) -> Told:
    session = story.store.get(session_id)
    assert session is not None
    return session, tuple(story.store.records(session_id))


def denied(story: Story) -> Told:
    asked = story.request().session_id
    story.vote("bob", asked, Ballot.DENY, comment="not today")
    return told(story, asked)


def expired(story: Story) -> Told:
    granted = story.granted().session_id
    story.later(minutes=20)
    story.end_due(granted)
    return told(story, granted)


def reviewed(story: Story) -> Told:
    session_id = story.activate(story.request(break_glass=True).session_id).session_id
    paper = ReviewPaper(
        session_id=session_id, judgement=Judgement.UNJUSTIFIED, comment="why at night"
    )
    review_session(paper, story.call("bob"))
    return told(story, session_id)


_STORIES: dict[str, Callable[[Story], Told]] = {
    "asked": lambda s: told(s, s.request(ticket="INC-1").session_id),
    "asked across domains": lambda s: told(s, s.request("alice", KYC).session_id),
    "half approved": lambda s: told(s, s.waiting().session_id),
    "approved": lambda s: told(s, s.approved().session_id),
    "active": lambda s: told(s, s.granted().session_id),
    "denied": denied,
    "withdrawn": lambda s: told(s, s.end(s.request().session_id).session_id),
    "given back": lambda s: told(s, s.end(s.granted().session_id).session_id),
    "revoked": lambda s: told(s, s.revoke(s.granted().session_id).session_id),
    "expired": expired,
    "break-glass": lambda s: told(s, s.request(break_glass=True).session_id),
    "break-glass across domains": lambda s: told(
        s, s.request("alice", KYC, break_glass=True).session_id
    ),
    "reviewed by one": reviewed,
    "in somebody's name": lambda s: told(s, s.by_runbook(break_glass=True).session_id),
}


def with_texts(session: Session, text: str) -> Session:
    """With this in each place where a text stands that somebody has written, or might have."""
    review, ending = session.review, session.ending
    return replace(
        session,
        reason=text,
        requester_name=text,
        requester_domain=text,
        circumstances=replace(session.circumstances, ticket=text),
        votes=tuple(replace(each, comment=text, name=text, domain=text) for each in session.votes),
        ending=replace(ending, reason=text, evidence=text, written=True) if ending else None,
        review=replace(
            review, given=tuple(replace(g, comment=text, name=text) for g in review.given)
        )
        if review
        else None,
    )


def with_words(session: Session, words: str) -> Session:
    """With these as what people wrote, and nothing else."""
    review, ending = session.review, session.ending
    return replace(
        session,
        reason=words,
        circumstances=replace(session.circumstances, ticket=words),
        votes=tuple(replace(each, comment=words) for each in session.votes),
        ending=replace(ending, reason=words, written=True) if ending else None,
        review=replace(review, given=tuple(replace(g, comment=words) for g in review.given))
        if review
        else None,
    )


def messages(session: Session, records: tuple[Record, ...], title: str) -> Iterator[Message]:
    """Each kind of message about this session, posted or painted, early or late."""
    for now in (NOON, LATE):
        for by_slack in (True, False):
            yield card.card(session, now, Shown(title=title, owner=title, by_slack=by_slack))
        yield thread.reminded(session, now)
        yield thread.warned(session, now)
        yield direct.granted(session, now, title)
        yield direct.ending_soon(session, now, title)
        yield direct.over(session, now, title)
        yield direct.confirm(session, now, title)
    by_slack_asked = replace(session.circumstances, surface=Surface.SLACK)
    yield direct.confirm(replace(session, circumstances=by_slack_asked), NOON, title)
    yield answers.listed([session] * 2, NOON, {session.resource: title})
    yield answers.admin_status([session] * 2, [session] * 2, NOON)
    lines = (thread.happened(session, record) for record in records)
    yield from (each for each in lines if each is not None)
    done = thread.what_was_done(session, Done.shown_by(activities(records)))
    assert done is not None
    yield done


def activities(records: tuple[Record, ...]) -> list[Record]:
    first = dict(records[0])
    return [
        first | {"type": "Activity", "outcome": outcome, "detail": detail, "sequence": 9}
        for outcome, detail in (
            ("success", "cloudtrail s3:GetObject"),
            ("refused", "cloudtrail s3:PutObject"),
            ("failure", "dark access: the session was never active: s3:GetObject"),
        )
    ]


def views(session: Session, title: str, resources: tuple[Resource, ...]) -> Iterator[View]:
    shown = Shown(title=title, owner=title)
    for many in (0, 2):
        each = [session] * many
        agenda = Agenda(mine=each, votes=each, reviews=each, confirmations=each)
        yield home.home(agenda, NOON, {session.resource: title})
    yield modal.loading(actions.REQUEST)
    yield modal.loading(actions.DENY, session.session_id)
    yield modal.message(title, actions.REQUEST)
    for offered in ((), resources, resources[:1] * 101):
        yield modal.request_form(
            Offer(
                resources=offered,
                break_glass=True,
                resource=resources[0].resource_id,
                reason=title,
                duration=timedelta(minutes=30),
            )
        )
    yield modal.deny_form(session, shown)
    yield modal.shorter_form(session, shown)
    yield modal.session_shown(session, NOON, shown)


def others(text: str) -> Iterator[Message]:
    """About no session."""
    yield answers.said(text, command=text)
    yield answers.help_text(text)
    yield answers.link_code(text)
