"""Asking, voting, confirming, ending, reviewing, looking, blocking, lifting: here all is decided.

Trigger: the request API (AWS_IAM on every method), and nothing else. May touch: the session table,
the calls that it notes, the approval workflow (start it, answer its token), the Tier-1 topic, and
the revocation (have it do an end that is decided); no target. A retry is safe: requests by
Idempotency-Key, votes and reviews because each person counts once, ends because one that is decided
stays decided.
"""

from functools import cache
from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from pam import clock, wiring
from pam.domain.errors import IssuerUnavailable
from pam.domain.handled_call import Door
from pam.domain.lifecycle import Status
from pam.domain.proofs import Maker
from pam.edge import views
from pam.edge.api import Front, answers, current_call, logger, resolver, serve
from pam.edge.bodies import (
    ApproveBody,
    BlockBody,
    BlockScope,
    ConfirmBody,
    EndBody,
    EraseBody,
    RequestBody,
    ReviewBody,
    RevokeBody,
)
from pam.edge.text import EndReason, IdempotencyKey, Principal, ResourceId, SessionId
from pam.operations import (
    block_person,
    check_access,
    confirm_session,
    end_access,
    erase_texts,
    lift_block,
    list_blocks,
    open_session,
    read_inbox,
    read_sessions,
    request_access,
    review_session,
    vote,
)
from pam.operations.call import Call
from pam.ports.sessions import SessionQuery
from pam.settings import RequestApiSettings


@cache
def settings() -> RequestApiSettings:
    return RequestApiSettings.from_env()


def front() -> Front:
    return Front(
        door=Door.REQUEST_API,
        store=wiring.sessions(settings().tables),
        policy=wiring.policy(),
        clock=clock.now,
        calls=wiring.calls(settings().calls_table),
        noted=wiring.noted_acts(),
    )


app = resolver()


class RevokerThatIsHeardOf:
    """The revocation, as `ports.people.Closer`: the log says when an end was not seen done."""

    def end_decided(self, session_id: str) -> None:
        try:
            wiring.closer(settings().revoke_function).end_decided(session_id)
        except IssuerUnavailable:
            logger.exception("end not seen done", extra={"session_id": session_id})
            raise


def call() -> Call:
    return current_call(app)


@app.post("/pam/request", status_code=202, responses=answers("The session", status=202))
def request(
    body: Annotated[RequestBody, Body()],
    idempotency_key: Annotated[IdempotencyKey | None, Header(alias="Idempotency-Key")] = None,
) -> views.SessionView:
    """Ask for one resource, for one window."""
    session = request_access.request_access(
        body.access_request(),
        call(),
        idempotency_key=idempotency_key,
        workflow=wiring.workflow(settings().state_machine_arn),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
        home=open_session.Home(account=settings().account, region=settings().region),
    )
    return views.session_view(session)


@app.post("/pam/approve", responses=answers("The session"))
def approve(body: Annotated[ApproveBody, Body()]) -> views.SessionView:
    """Vote on a request: approve (the default) or deny it."""
    paper = vote.BallotPaper(
        session_id=body.session_id,
        decision=body.decision,
        comment=body.comment,
        duration=body.duration,
    )
    session = vote.vote(
        paper,
        call(),
        workflow=wiring.workflow(settings().state_machine_arn),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
    )
    return views.session_view(session)


@app.post("/pam/revoke", responses=answers("The session"))
def revoke(body: Annotated[RevokeBody, Body()]) -> views.SessionView:
    """An operator takes access back, now, and blocks the person if asked to."""
    if body.block_seconds is not None:
        return _blocked(body)
    return _ended(body.session_id, end_access.REVOKED_BY_OPERATOR, body.reason)


@app.post("/pam/end", responses=answers("The session"))
def end(body: Annotated[EndBody, Body()]) -> views.SessionView:
    """The requester gives the access back, or withdraws the request."""
    return _ended(body.session_id, end_access.GIVEN_BACK, "given back by the requester")


def _ended(session_id: str, end_kind: end_access.EndKind, reason: str) -> views.SessionView:
    session = end_access.end_access(
        session_id,
        end_kind,
        reason,
        call(),
        closer=RevokerThatIsHeardOf(),
        workflow=wiring.workflow(settings().state_machine_arn),
    )
    return views.session_view(session)


def _blocked(body: RevokeBody) -> views.SessionView:
    """Blocks, then ends all that the block covers: the session at hand among it."""
    session = block_person.block_requester(
        body.session_id,
        block_person.BlockTerms(
            length=body.block,
            one_resource=body.block_scope is BlockScope.RESOURCE,
            reason=body.reason,
        ),
        call(),
        closer=RevokerThatIsHeardOf(),
        notifier=wiring.notifier(settings().tier1_topic_arn),
    )
    return views.session_view(session)


@app.post("/pam/block", responses=answers("Who is blocked, and what has ended"))
def block(body: Annotated[BlockBody, Body()]) -> views.BlockedView:
    """An operator blocks a person, by name or by any principal, and ends all that they have."""
    done = block_person.block_person(
        body.order(),
        call(),
        closer=RevokerThatIsHeardOf(),
        notifier=wiring.notifier(settings().tier1_topic_arn),
    )
    return views.blocked(done)


@app.post("/pam/confirm", responses=answers("The session"))
def confirm(body: Annotated[ConfirmBody, Body()]) -> views.SessionView:
    """Stand by a session that a runbook opened in your name."""
    session = confirm_session.confirm_session(
        body.session_id,
        call(),
        notifier=wiring.notifier(settings().tier1_topic_arn),
        workflow=wiring.workflow(settings().state_machine_arn),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
    )
    return views.session_view(session)


@app.post("/pam/review", responses=answers("The session"))
def review(body: Annotated[ReviewBody, Body()]) -> views.SessionView:
    """Look back at a break-glass session; two approvers other than its user must."""
    session = review_session.review_session(
        body.paper(),
        call(),
    )
    return views.session_view(session)


@app.get("/pam/sessions", responses=answers("A page of sessions"))
def sessions(
    status: Annotated[Status | None, Query()] = None,
    requester: Annotated[Principal | None, Query()] = None,
    resource: Annotated[ResourceId | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> views.SessionPage:
    """The sessions that you may see, newest first."""
    page = read_sessions.list_sessions(
        SessionQuery(status=status, requester_name=requester, resource=resource, limit=limit),
        cursor,
        call(),
    )
    return views.SessionPage(
        items=[views.session_view(session) for session in page.sessions], cursor=page.cursor
    )


@app.get("/pam/stuck", responses=answers("The sessions"))
def stuck() -> views.SessionPage:
    """The sessions that you may see and that need an operator: past their end for a minute, and no
    target has confirmed it. The longest first.
    """
    found = read_sessions.list_stuck(call())
    return views.SessionPage(items=[views.session_view(each) for each in found], cursor=None)


@app.get("/pam/sessions/<session_id>", responses=answers("The session"))
def session(session_id: Annotated[SessionId, Path()]) -> views.SessionView:
    """One session."""
    found = read_sessions.read_session(session_id, call())
    return views.session_view(found)


@app.get("/pam/sessions/<session_id>/audit", responses=answers("The records"))
def audit(
    session_id: Annotated[SessionId, Path()],
    limit: Annotated[int, Query(ge=1, le=100)] = 100,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> views.Trail:
    """The session's audit records, in order, and the texts that these commit to."""
    trail = read_sessions.read_trail(
        session_id,
        call(),
        limit=limit,
        cursor=cursor,
    )
    return views.Trail(
        items=[dict(record) for record in trail.records], texts=trail.texts, cursor=trail.cursor
    )


@app.post("/pam/erase", responses=answers("The session"))
def erase(body: Annotated[EraseBody, Body()]) -> views.SessionView:
    """Forget what people wrote in a closed session; its records stay (operators)."""
    session = erase_texts.erase_texts(
        body.session_id,
        call(),
    )
    return views.session_view(session)


@app.get("/pam/blocklist", responses=answers("Who is blocked"))
def blocks() -> views.BlockListView:
    """Who is blocked now, from what, until when and why (operators and auditors)."""
    found = list_blocks.list_blocks(call())
    return views.block_list(found)


@app.delete("/pam/blocklist/<principal>", responses=answers("The blocks, lifted"))
def unblock(
    principal: Annotated[Principal, Path()],
    reason: Annotated[EndReason, Query()],
    resource: Annotated[ResourceId | None, Query()] = None,
) -> views.BlockListView:
    """Lift the blocks of a person (ARN or name), or the one on one resource (operators)."""
    lifted = lift_block.lift_block(
        unquote(principal),
        resource,
        reason,
        call(),
    )
    return views.block_list(lifted)


@app.get("/pam/check", responses=answers("Yes or no, and until when"))
def check(
    resource: Annotated[ResourceId, Query()],
    principal: Annotated[Principal | None, Query()] = None,
) -> views.AccessView:
    """Whether you, or another, hold a resource now."""
    access = check_access.check_access(
        resource,
        principal,
        call(),
    )
    return views.access_view(access)


@app.get("/pam/me", responses=answers("The caller"))
def me() -> views.MeView:
    """Whom PAM takes you for."""
    person, principals = read_inbox.read_me(call())
    return views.me_view(call().caller, person, principals)


@app.get("/pam/inbox", responses=answers("The sessions"))
def inbox() -> views.InboxView:
    """What waits for you: requests to vote on, emergencies to review, sessions to confirm."""
    found = read_inbox.read_inbox(call())
    return views.inbox_view(found)


@app.get("/pam/resources", responses=answers("The resources"))
def resources() -> views.ResourceList:
    """What you may ask for."""
    found = read_sessions.list_resources(call())
    return views.ResourceList(items=[views.resource_view(resource) for resource in found])


def handler(event: object, context: Any) -> dict[str, Any]:
    return serve(app, front(), event, context)
