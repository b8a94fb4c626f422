"""Asking, voting, confirming, ending, reviewing, looking, blocking, lifting: here all is decided.

Trigger: the request API (AWS_IAM on every method), and nothing else. May touch: the session table,
the links that people make, the calls that it notes, the approval workflow (start it, answer its
token), the Tier-1 topic, and the revocation (have it do an end that is decided); no target. A retry
is safe: requests by Idempotency-Key, votes and reviews because each person counts once, ends
because one that is decided stays decided.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

from pam import clock, wiring
from pam.domain.errors import IssuerUnavailable
from pam.domain.handled_call import Door
from pam.domain.lifecycle import Status
from pam.domain.proofs import Maker
from pam.edge import views
from pam.edge.api import Front, logger, serve
from pam.edge.bodies import (
    ApproveBody,
    BlockBody,
    BlockScope,
    ConfirmBody,
    EndBody,
    EraseBody,
    LinkBody,
    RequestBody,
    ReviewBody,
    RevokeBody,
)
from pam.edge.reading import BODY, PATH, QUERY, Place, Sent
from pam.edge.routes import Routes
from pam.edge.text import (
    Cursor,
    EndReason,
    IdempotencyKey,
    PageSize,
    Principal,
    ResourceId,
    SessionId,
    Time,
)
from pam.operations import (
    block_person,
    check_access,
    confirm_session,
    end_access,
    erase_texts,
    lift_block,
    link_principal,
    list_blocks,
    open_session,
    read_inbox,
    read_sessions,
    request_access,
    review_session,
    unlink_principal,
    vote,
)
from pam.operations.call import Call
from pam.ports.people import Waiting
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
        links=wiring.proven_links(settings().tables, settings().door_key_arn),
        clock=clock.now,
        calls=wiring.calls(settings().calls_table),
        noted=wiring.noted_acts(),
    )


routes = Routes()


class RevokerThatIsHeardOf:
    """The revocation, as `ports.people.Closer`: the log says when an end was not seen done."""

    def end_decided(self, session_id: str) -> None:
        try:
            wiring.closer(settings().revoke_function).end_decided(session_id)
        except IssuerUnavailable:
            logger.exception("end not seen done", extra={"session_id": session_id})
            raise


class WorkflowThatIsHeardOf:
    """The workflow of a request, as `ports.people.Waiting`: who ends the request is answered in
    time, and the log says when the workflow was not told.
    """

    def approved(self, token: str) -> None:
        self._told(lambda workflow: workflow.approved(token))

    def refused(self, token: str, *, error: str, cause: str) -> None:
        self._told(lambda workflow: workflow.refused(token, error=error, cause=cause))

    @staticmethod
    def _told(tell: Callable[[Waiting], None]) -> None:
        try:
            tell(wiring.waiting_workflow(settings().state_machine_arn))
        except Exception as fault:
            logger.exception("workflow not told")
            message = "the approval workflow did not answer"
            raise IssuerUnavailable(message) from fault


@routes.post("/pam/request", "The session", status=202)
def request(
    call: Call,
    body: Annotated[RequestBody, BODY],
    idempotency_key: Annotated[IdempotencyKey | None, Sent(Place.HEADER, "Idempotency-Key")] = None,
) -> views.SessionView:
    """Ask for one resource, for one window."""
    session = request_access.request_access(
        body.access_request(),
        call,
        idempotency_key=idempotency_key,
        workflow=wiring.workflow(settings().state_machine_arn),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
        home=open_session.Home(account=settings().account, region=settings().region),
    )
    return views.session_view(session)


@routes.post("/pam/approve", "The session")
def approve(call: Call, body: Annotated[ApproveBody, BODY]) -> views.SessionView:
    """Vote on a request: approve (the default) or deny it."""
    paper = vote.BallotPaper(
        session_id=body.session_id,
        decision=body.decision,
        comment=body.comment,
        duration=body.duration,
    )
    session = vote.vote(
        paper,
        call,
        workflow=wiring.workflow(settings().state_machine_arn),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
    )
    return views.session_view(session)


@routes.post("/pam/revoke", "The session")
def revoke(call: Call, body: Annotated[RevokeBody, BODY]) -> views.SessionView:
    """An operator takes access back, now, and blocks the person if asked to."""
    if body.block_seconds is not None:
        return _blocked(body, call)
    return _ended(body.session_id, end_access.REVOKED_BY_OPERATOR, body.reason, call)


@routes.post("/pam/end", "The session")
def end(call: Call, body: Annotated[EndBody, BODY]) -> views.SessionView:
    """The requester gives the access back, or withdraws the request."""
    return _ended(body.session_id, end_access.GIVEN_BACK, "given back by the requester", call)


def _ended(
    session_id: str, end_kind: end_access.EndKind, reason: str, call: Call
) -> views.SessionView:
    session = end_access.end_access(
        session_id,
        end_kind,
        reason,
        call,
        closer=RevokerThatIsHeardOf(),
        workflow=WorkflowThatIsHeardOf(),
    )
    return views.session_view(session)


def _blocked(body: RevokeBody, call: Call) -> views.SessionView:
    """Blocks, then ends all that the block covers: the session at hand among it."""
    session = block_person.block_requester(
        body.session_id,
        block_person.BlockTerms(
            length=body.block,
            one_resource=body.block_scope is BlockScope.RESOURCE,
            reason=body.reason,
        ),
        call,
        closer=RevokerThatIsHeardOf(),
        notifier=wiring.notifier(settings().tier1_topic_arn, settings().env_name),
    )
    return views.session_view(session)


@routes.post("/pam/block", "Who is blocked, and what has ended")
def block(call: Call, body: Annotated[BlockBody, BODY]) -> views.BlockedView:
    """An operator blocks a person, by name or by any principal, and ends all that they have."""
    done = block_person.block_person(
        body.order(),
        call,
        closer=RevokerThatIsHeardOf(),
        notifier=wiring.notifier(settings().tier1_topic_arn, settings().env_name),
    )
    return views.blocked(done)


@routes.post("/pam/confirm", "The session")
def confirm(call: Call, body: Annotated[ConfirmBody, BODY]) -> views.SessionView:
    """Stand by what a runbook opened in your name, or what you declared by Slack."""
    session = confirm_session.confirm_session(
        body.session_id,
        call,
        notifier=wiring.notifier(settings().tier1_topic_arn, settings().env_name),
        workflow=wiring.workflow(settings().state_machine_arn),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
    )
    return views.session_view(session)


@routes.post("/pam/review", "The session")
def review(call: Call, body: Annotated[ReviewBody, BODY]) -> views.SessionView:
    """Look back at a break-glass session; two approvers other than its user must."""
    session = review_session.review_session(
        body.paper(),
        call,
    )
    return views.session_view(session)


@routes.get("/pam/sessions", "A page of sessions")
def sessions(
    call: Call,
    status: Annotated[Status | None, QUERY] = None,
    requester: Annotated[Principal | None, QUERY] = None,
    resource: Annotated[ResourceId | None, QUERY] = None,
    since: Annotated[Time | None, QUERY] = None,
    until: Annotated[Time | None, QUERY] = None,
    limit: Annotated[PageSize, QUERY] = 50,
    cursor: Annotated[Cursor | None, QUERY] = None,
) -> views.SessionPage:
    """The sessions that you may see, newest first."""
    query = SessionQuery(
        status=status,
        requester_name=requester,
        resource=resource,
        since=since,
        until=until,
        limit=limit,
    )
    page = read_sessions.list_sessions(query, cursor, call)
    return views.SessionPage(
        items=[views.session_view(session) for session in page.sessions], cursor=page.cursor
    )


@routes.get("/pam/stuck", "The sessions")
def stuck(call: Call) -> views.SessionPage:
    """The sessions that you may see and that need an operator: past their end for a minute, and no
    target has confirmed it. The longest first.
    """
    found = read_sessions.list_stuck(call)
    return views.SessionPage(items=[views.session_view(each) for each in found], cursor=None)


@routes.get("/pam/sessions/{session_id}", "The session")
def session(call: Call, session_id: Annotated[SessionId, PATH]) -> views.SessionView:
    """One session."""
    found = read_sessions.read_session(session_id, call)
    return views.session_view(found)


@routes.get("/pam/sessions/{session_id}/audit", "The records")
def audit(
    call: Call,
    session_id: Annotated[SessionId, PATH],
    limit: Annotated[PageSize, QUERY] = 100,
    cursor: Annotated[Cursor | None, QUERY] = None,
) -> views.Trail:
    """The session's audit records, in order, and the texts that these commit to."""
    trail = read_sessions.read_trail(
        session_id,
        call,
        limit=limit,
        cursor=cursor,
    )
    return views.Trail(
        items=[dict(record) for record in trail.records], texts=trail.texts, cursor=trail.cursor
    )


@routes.post("/pam/erase", "The session")
def erase(call: Call, body: Annotated[EraseBody, BODY]) -> views.SessionView:
    """Forget what people wrote in a closed session; its records stay (operators)."""
    session = erase_texts.erase_texts(
        body.session_id,
        call,
    )
    return views.session_view(session)


@routes.get("/pam/blocklist", "Who is blocked")
def blocks(call: Call) -> views.BlockListView:
    """Who is blocked now, from what, until when and why (operators and auditors)."""
    found = list_blocks.list_blocks(call)
    return views.block_list(found)


@routes.delete("/pam/blocklist/{principal}", "The blocks, lifted")
def unblock(
    call: Call,
    principal: Annotated[Principal, PATH],
    reason: Annotated[EndReason, QUERY],
    resource: Annotated[ResourceId | None, QUERY] = None,
) -> views.BlockListView:
    """Lift the blocks of a person (ARN or name), or the one on one resource (operators)."""
    lifted = lift_block.lift_block(
        principal,
        resource,
        reason,
        call,
    )
    return views.block_list(lifted)


@routes.get("/pam/check", "Yes or no, and until when")
def check(
    call: Call,
    resource: Annotated[ResourceId, QUERY],
    principal: Annotated[Principal | None, QUERY] = None,
) -> views.AccessView:
    """Whether you, or another, hold a resource now."""
    access = check_access.check_access(
        resource,
        principal,
        call,
    )
    return views.access_view(access)


@routes.get("/pam/me", "The caller")
def me(call: Call) -> views.MeView:
    """Whom PAM takes you for."""
    person, principals = read_inbox.read_me(call)
    return views.me_view(call.caller, person, principals)


@routes.post("/pam/links", "What would be linked, or is")
def link(call: Call, body: Annotated[LinkBody, BODY]) -> views.LinkView:
    """Take a principal of another surface for yours, by the code that it was shown."""
    linking = link_principal.link_principal(
        body.paper(),
        call,
        known=wiring.links(settings().tables),
        codes=wiring.link_codes(settings().tables),
        signer=wiring.signer(Maker.DOOR, settings().door_key_arn),
        tell=[
            wiring.notifier(settings().requester_topic_arn, settings().env_name),
            wiring.notifier(settings().tier1_topic_arn, settings().env_name),
        ],
    )
    return views.link_view(linking)


@routes.delete("/pam/links/{principal}", "What was linked")
def unlink(call: Call, principal: Annotated[Principal, PATH]) -> views.UnlinkView:
    """Undo a link of yours; an operator undoes anybody's."""
    was = unlink_principal.unlink_principal(principal, call, known=wiring.links(settings().tables))
    return views.unlink_view(was)


@routes.get("/pam/inbox", "The sessions")
def inbox(call: Call) -> views.InboxView:
    """What waits for you: requests to vote on, emergencies to review, sessions to confirm."""
    found = read_inbox.read_inbox(call)
    return views.inbox_view(found)


@routes.get("/pam/resources", "The resources")
def resources(call: Call) -> views.ResourceList:
    """What you may ask for."""
    found = read_sessions.list_resources(call)
    needed = (read_sessions.approvals_needed(resource, call) for resource in found)
    return views.ResourceList(items=[*map(views.resource_view, found, needed)])


def handler(event: object, context: Any) -> dict[str, Any]:
    return serve(routes, front(), event)
