"""`pam revoke`: an operator takes access away: one session, or all of a person or of a resource."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli import clock, durations, render, revoking, typed_ids, which
from cli.arguments import OtherSession, Yes, session_path
from cli.invocation import Invocation, command
from cli.session import Session
from cli.text import clean, shorten

if TYPE_CHECKING:
    from cli.api import Api


@command
def revoke(
    invocation: Invocation,
    session_id: OtherSession = None,
    *,
    person: Annotated[
        str | None,
        typer.Option("--person", metavar="PERSON", help="All that this person has open."),
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", help="All that is open of this resource.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; the requester will read it.")],
    block: Annotated[
        str | None,
        typer.Option(
            "--block",
            metavar="DURATION",
            help="Block the requester for so long, and end all that they have.",
            callback=durations.some_time_option("give --block-until-lifted instead"),
        ),
    ] = None,
    until_lifted: Annotated[
        bool, typer.Option("--block-until-lifted", help="The same, until the block is lifted.")
    ] = False,
    one_resource: Annotated[
        bool, typer.Option("--this-resource-only", help="Block from this session's resource only.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would end, and end nothing.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Take somebody's access away at once, and block them if asked to (operators)."""
    if sum(given is not None for given in (session_id, person, resource)) > 1:
        # A word too many, of a reason without quotes, is taken for the ID: it is said which.
        named = f"ID ({shorten(clean(session_id), 40)})" if session_id else "ID"
        way_out = "put a text with spaces into quotes"
        message = f"give one of {named}, --person and --resource; {way_out}"
        raise typer.BadParameter(message)
    _refuse_name(session_id)
    order = revoking.Order(
        reason=reason,
        block_seconds=_block_seconds(block, until_lifted=until_lifted),
        one_resource=one_resource,
    )
    if one_resource and order.block_seconds is None:
        message = "--this-resource-only needs --block or --block-until-lifted"
        raise typer.BadParameter(message)
    api = invocation.api()
    if person is None and resource is None:
        _one(invocation, api, session_id, order, dry_run=dry_run, yes=yes)
        return
    many = revoking.Many(person=person, resource=resource)
    revoking.revoke_many(invocation, api, many, order, dry_run=dry_run, yes=yes)


def _refuse_name(typed: str | None) -> None:
    """Who is in a hurry gives a name for the ID; whose or what it is has to be said."""
    if typed is None or typed == typed_ids.LAST or not typed_ids.is_name(typed.lower()):
        return
    if len(typed_ids.digits(typed) or "") >= typed_ids.SHORTEST:
        return
    message = (
        f"{typed} is no session's id; for all that a person has open: --person {typed}; "
        f"for all that is open of a resource: --resource {typed}"
    )
    raise typer.BadParameter(message, param_hint="ID")


def _block_seconds(block: str | None, *, until_lifted: bool) -> int | None:
    if block is not None and until_lifted:
        message = "--block and --block-until-lifted exclude each other"
        raise typer.BadParameter(message)
    return 0 if until_lifted else durations.seconds(block)


def _one(
    invocation: Invocation,
    api: "Api",
    typed: str | None,
    order: revoking.Order,
    *,
    dry_run: bool,
    yes: bool,
) -> None:
    found = which.others(
        api, typed, which.REVOKE, yes=yes or dry_run, question=f"Take it away{order.also}?"
    )
    if dry_run:
        document = found.document or api.get(session_path(found.session_id))
        invocation.emit(document, lambda: _report_dry(Session.parse(document), order))
        return
    document = api.post("/pam/revoke", order.body(found.session_id))
    invocation.emit(document, lambda: _report(api, Session.parse(document), order))


def _report_dry(session: Session, order: revoking.Order) -> None:
    render.put(render.headline(session), f"a dry run: it would be taken away{order.would_also}")


def _report(api: "Api", session: Session, order: revoking.Order) -> None:
    render.put(render.headline(session), render.outcome(session, now=clock.now()))
    if order.block_seconds is not None:
        for line in revoking.told_of_block(api, session, order):
            render.put(line)
