"""Taking away several sessions at once, and what a block did beside the session that was named.

Each is an act of its own: what one of them meets keeps no other from being ended.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Event
from typing import TYPE_CHECKING, Any

from cli import about, clock, pages, render, terminal
from cli.arguments import session_path
from cli.invocation import Invocation
from cli.next_command import yours
from cli.problems import ApiProblem, ExitCode, Failure, Outcome
from cli.session import Session
from cli.text import clean, short_principal
from cli.wording import Typed, near_person, near_resource, reword
from pam.domain import durations, timestamps
from pam.domain.errors import Code
from pam.domain.lifecycle import Status
from pam.side_by_side import in_order

if TYPE_CHECKING:
    from cli.api import Api

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`block_seconds`: None blocks nobody, 0 until lifted."""

    reason: str
    block_seconds: int | None = None
    one_resource: bool = False

    def body(self, session_id: str) -> Document:
        body: Document = {"session_id": session_id, "reason": self.reason}
        if self.block_seconds is not None:
            body["block_seconds"] = self.block_seconds
        if self.one_resource:
            body["block_scope"] = "resource"
        return body

    @property
    def also(self) -> str:
        """The rest of a sentence: ` and block the requester for 24h`."""
        if self.block_seconds is None:
            return ""
        where = " from its resource" if self.one_resource else ""
        return f" and block the requester{where} {self.how_long}"

    @property
    def would_also(self) -> str:
        """The same of a dry run: `, and the requester would be blocked for 24h`."""
        if self.block_seconds is None:
            return ""
        where = " from its resource" if self.one_resource else ""
        return f", and the requester would be blocked{where} {self.how_long}"

    @property
    def how_long(self) -> str:
        """Of the block: `for 24h`."""
        if not self.block_seconds:
            return "until that is lifted"
        return f"for {durations.render(timedelta(seconds=self.block_seconds))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """All that is open of a person, or of a resource."""

    person: str | None = None
    resource: str | None = None

    def open(self, api: "Api") -> list[Document]:
        return pages.to_come(api, requester=self.person, resource=self.resource)

    def __str__(self) -> str:
        return clean(str(self.person or self.resource))


@dataclass(frozen=True, slots=True)
class Result:
    """By session: what it is now, or why it was not taken away. `blocks` are those made. Once it is
    `broken_off`, what waits for its turn is not sent any more.
    """

    items: dict[str, Document] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    blocks: list[Document] = field(default_factory=list)
    broken_off: Event = field(default_factory=Event)

    def has(self, session_id: str) -> bool:
        return session_id in self.items or session_id in self.failed

    @property
    def done(self) -> list[Document]:
        """Newest first, in whatever order they were answered."""
        return [self.items[name] for name in sorted(self.items, reverse=True)]

    def document(self) -> Document:
        # Of one that is broken off, calls that are under way may still have their answers.
        failures = list(self.failed.items())
        failed = [{**each.document, "session_id": name} for name, each in failures]
        return {"items": self.done, "failed": failed, "blocks": self.blocks}


def revoke_many(
    invocation: Invocation, api: "Api", many: Many, order: Order, *, dry_run: bool, yes: bool
) -> None:
    """Raises Failure if there is none, if whoever is asked says no, or if one was not taken away,
    after all others were.
    """
    found = many.open(api)
    blocks = many.person is not None and order.block_seconds is not None and not order.one_resource
    if not found and not blocks:
        raise _none_open(api, many)
    sessions = [Session.parse(each) for each in found]
    if not found and (dry_run or terminal.is_terminal()) and (near := _near(api, many)):
        # Before a block of somebody else: who is misspelt has nothing open either.
        terminal.say(f"did you mean {near}?")
    if dry_run:
        document: Document = {"items": found, "dry_run": True}
        invocation.emit(document, lambda: _report_dry(many, sessions, order))
        return
    if terminal.is_terminal() and sessions:
        width = terminal.columns_asked()
        terminal.say(about.numbered(sessions, now=clock.now(), width=width))
    terminal.must_agree(_question(len(found), many, order), yes=yes)
    result = Result()
    if blocks:
        _block(api, many, order, result)
    try:
        _revoke_all(api, found, order, result)
        # What was asked for while these were taken away.
        _revoke_all(api, many.open(api), order, result)
    except KeyboardInterrupt:
        result.broken_off.set()
        so_far = f"interrupted: {_count(len(result.items))} taken away so far, and PAM goes on with"
        message = f"{so_far} what it was sent; `{yours('list --open')}` shows what is left"
        raise Outcome(message, exit_code=ExitCode.INTERRUPTED) from None
    finally:
        invocation.emit(result.document(), lambda: _report(result))
    _raise_failed(result)


def _question(count: int, many: Many, order: Order) -> str:
    """Who has nothing open can still be blocked."""
    if not count:
        return f"{many} has nothing open. Block {many} {order.how_long}?"
    return f"Take away {_count(count)} of {many}{order.also}?"


def _none_open(api: "Api", many: Many) -> ApiProblem:
    near = _near(api, many)
    advice = f"did you mean {near}?" if near else ""
    # Who may not see a session must not take it for ended.
    detail = f"there is no open session of {many} that you may see"
    return ApiProblem(code=Code.NOT_FOUND, detail=detail, advice=advice)


def _near(api: "Api", many: Many) -> str:
    """What is called almost so, if this is not known."""
    if many.person is not None:
        return near_person(many.person, lambda: api)
    return near_resource(str(many.resource), lambda: api)


def _block(api: "Api", many: Many, order: Order, result: Result) -> None:
    """In one call, which ends all that they have. Where that fails, their access is taken away all
    the same.
    """
    body = {"person": many.person, "reason": order.reason, "seconds": order.block_seconds}
    try:
        done = api.post("/pam/block", body)
    except Failure as failure:
        if isinstance(failure, ApiProblem):
            unseen = Typed(f"`{yours(f'block {many} --unseen')}`", None)
            typed = {"person": Typed("--person", many.person), "unseen": unseen}
            reword(failure, typed, lambda: api)
        result.failed[str(many)] = failure
        return
    result.blocks.extend(each for each in done.get("items") or [] if isinstance(each, dict))
    for session_id in done.get("ended") or []:
        with suppress(Failure):
            result.items[str(session_id)] = api.get(session_path(str(session_id)))


def _revoke_all(api: "Api", found: Sequence[Document], order: Order, result: Result) -> None:
    wanted = [str(each["session_id"]) for each in found]
    wanted = [session_id for session_id in wanted if not result.has(session_id)]
    if order.block_seconds is not None and result.blocks:
        order = replace(order, block_seconds=None)
    in_order(lambda each: _revoke_next(api, order, each, result), wanted)


def _revoke_next(api: "Api", order: Order, session_id: str, result: Result) -> None:
    if result.broken_off.is_set():
        return
    try:
        _revoke(api, order, session_id, result)
    except (KeyboardInterrupt, Failure):
        # Heard only by this thread, and the others go on with what waits.
        result.broken_off.set()
        raise


def _revoke(api: "Api", order: Order, session_id: str, result: Result) -> None:
    """Into the result at once: whoever breaks it off is told what was done until then."""
    try:
        result.items[session_id] = api.post("/pam/revoke", order.body(session_id))
    except Failure as failure:
        if failure.exit_code == ExitCode.INTERRUPTED:
            raise
        with suppress(Failure):
            document = api.get(session_path(session_id))
            # Over already, or being taken away by somebody else: what was wanted.
            if Session.parse(document).lost:
                result.items[session_id] = document
                return
        result.failed[session_id] = failure


def _report_dry(many: Many, sessions: Sequence[Session], order: Order) -> None:
    if not sessions:
        render.put(f"a dry run: {many} has nothing open, and would be blocked {order.how_long}")
        return
    render.put(about.numbered(sessions, now=clock.now(), width=terminal.columns()))
    render.put(f"a dry run: {_count(len(sessions))} would be taken away{order.would_also}")


def _report(result: Result) -> None:
    now = clock.now()
    for each in result.done:
        session = Session.parse(each)
        render.put(render.headline(session), f"  {_outcome(session, now=now)}")
    for line in map(_blocked, result.blocks):
        render.put(line)


def _outcome(session: Session, *, now: datetime) -> str:
    return render.outcome(session, now=now).replace("\n", "\n  ")


def _raise_failed(result: Result) -> None:
    if not result.failed:
        return
    for session_id, failure in result.failed.items():
        terminal.say(f"{clean(session_id)}: {failure.line}")
    codes = {failure.exit_code for failure in result.failed.values()}
    tried = len(result.items) + len(result.failed)
    message = f"{len(result.failed)} of {tried} not done: {', '.join(result.failed)}"
    raise Outcome(message, exit_code=codes.pop() if len(codes) == 1 else ExitCode.FAILED)


def told_of_block(api: "Api", session: Session, order: Order) -> Iterator[str]:
    """The block that was made by this session, until when, and what else it ended. It stands
    whether or not it can be read now.
    """
    try:
        made = _block_made(api, session, order)
        yield _blocked(made)
        for other in _ended_beside(api, session, order, made):
            yield f"ended with it: {render.headline(other)}"
    except Failure as failure:
        yield f"blocked; what else it ended could not be read: {failure.line}"


def _block_made(api: "Api", session: Session, order: Order) -> Document:
    made = [
        each
        for each in api.get("/pam/blocklist").get("items") or []
        if isinstance(each, dict)
        and each.get("principal") == session.requester
        and each.get("reason") == order.reason
        and each.get("resource") == (session.resource if order.one_resource else None)
    ]
    if not made:
        message = f"{yours('blocklist list')} has it"
        raise Failure(message)
    return max(made, key=lambda each: str(each.get("blocked_at")))


def _ended_beside(api: "Api", session: Session, order: Order, made: Document) -> Iterator[Session]:
    """They have the block's reason, and their ends were decided when it was made, or later."""
    since = timestamps.render(clock.now() - pages.LIVES)
    resource = session.resource if order.one_resource else None
    begun = clock.parse(made.get("blocked_at"))
    for each in pages.sessions(api, requester=session.requester, resource=resource, since=since):
        other = Session.parse(each)
        then = other.ended_at is None or begun is None or other.ended_at >= begun
        if (
            other.session_id != session.session_id
            and other.status in {Status.REVOKED, Status.REVOKING}
            and other.end_reason == order.reason
            and then
        ):
            yield other


def _blocked(made: Document) -> str:
    until = clock.parse(made.get("until"))
    where = f" from {clean(str(made['resource']))}" if made.get("resource") else ""
    when = clock.both(until, now=clock.now()) if until else "that is lifted"
    who = clean(str(made.get("person") or "")) or short_principal(str(made.get("principal")))
    return f"{who} is blocked{where} until {when}"


def _count(sessions: int) -> str:
    return f"{sessions} session{'' if sessions == 1 else 's'}"
