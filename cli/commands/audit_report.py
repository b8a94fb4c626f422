"""`pam audit report`: a line a session, and how far that is proven."""

import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import clock, render
from cli.commands.audit_export import Since, Until, typed_instant, unsealed
from cli.commands.audit_verify import Key, WitnessKey, anchors, witnessed
from cli.invocation import Invocation, command, printing
from cli.problems import ExitCode, Outcome
from cli.text import clean

if TYPE_CHECKING:
    from cli.trail.report import Asked, Head, Lines


class Form(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@command
def report(
    invocation: Invocation,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="An exported trail; without it, the live stores."),
    ] = None,
    since: Since = None,
    until: Until = None,
    who: Annotated[
        str | None, typer.Option("--who", metavar="PERSON", help="A person, or a principal.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option("--resource", metavar="RESOURCE", help="One resource only.")
    ] = None,
    form: Annotated[
        Form, typer.Option("--format", help="`csv` has every column; its head goes to stderr.")
    ] = Form.TABLE,
    key: Key = None,
    witness_key: WitnessKey = None,
) -> None:
    """Report on a time, a line a session: who had what, who voted, how it ended.

    The head names the proof of the whole time, by the rule of `pam audit verify` and with its exit
    codes. Needs the managed policy pam-ENV-audit-reader; of a DIR neither AWS nor network.
    """
    from cli.trail.report import Lines

    asked = _asked(since, until, who, resource)
    tell = _source(invocation, folder, asked, key, witness_key)
    with closing(Lines()) as lines:
        head = tell(lines)
        _print(head, lines, Form.JSON if invocation.json else form)
    _conclude(head)


def _asked(since: str | None, until: str | None, who: str | None, resource: str | None) -> "Asked":
    from cli.trail.report import Asked

    if not since:
        message = "say since when with --from"
        raise typer.BadParameter(message, param_hint="--from")
    asked = Asked(
        since=typed_instant(since, "--from"),
        until=typed_instant(until, "--to") if until else clock.now(),
        who=who or "",
        resource=resource or "",
    )
    if asked.since >= asked.until:
        message = "--from must lie before --to"
        raise typer.BadParameter(message, param_hint="--from")
    return asked


def _source(
    invocation: Invocation,
    folder: Path | None,
    asked: "Asked",
    key: str | None,
    witness_key: Path | None,
) -> "Callable[[Lines], Head]":
    trusted = anchors(key, witness_key)
    if folder is None:
        from cli.trail.report_live import report_stores

        stores, now = invocation.stores(), clock.now()
        return lambda lines: report_stores(stores, asked, trusted, lines, now=now)
    if not folder.is_dir():
        message = f"{clean(str(folder))} is not a directory"
        raise typer.BadParameter(message, param_hint="DIR")
    from cli.trail.report_folder import report_folder

    return lambda lines: report_folder(folder, asked, trusted, lines)


def _print(head: "Head", lines: "Lines", form: Form) -> None:
    from cli.trail import report_forms

    if form is Form.JSON:
        _print_json(head, lines)
        return
    for text in _head(head):
        typer.echo(text, err=form is Form.CSV)
    if form is Form.CSV:
        report_forms.write_csv(lines, head.verdict, sys.stdout)
        return
    console = render.console()
    typer.echo("")
    for text in report_forms.table(
        lines, console.width if console.is_terminal else report_forms.UNBOUNDED
    ):
        typer.echo(text)


def _print_json(head: "Head", lines: "Lines") -> None:
    """One document, written as it is read: ASCII only, as `print_json` has it."""
    printing()
    typer.echo(f'{{"head": {json.dumps(head.document())}, "sessions": [')
    before = ""
    for line in lines:
        typer.echo(f"{before}{json.dumps(line)}", nl=False)
        before = ",\n"
    typer.echo("]}")


def _head(head: "Head") -> list[str]:
    asked = head.asked
    of = f" of {clean(asked.who)}" if asked.who else ""
    of += f" on {clean(asked.resource)}" if asked.resource else ""
    lines = [
        f"{_time(asked.since)} to {_time(asked.until)}: {head.sessions} session(s){of}, "
        f"{head.refusals} refusal(s), {head.break_glass} break-glass",
        "each with a record in that time, or open in it; as it was when the last of these "
        "checkpoints sealed it",
        f"the log begins at {head.log_begins}"
        if head.log_begins
        else "the log begins before this trail does, or the trail does not say when",
        f"bound by checkpoint {head.first_checkpoint} ({head.sealed_since or '-'}) and "
        f"{head.last_checkpoint} ({head.sealed_until or '-'}) of {clean(head.origin) or '-'}",
        *_unsealed(head),
        *_proof(head),
    ]
    if not head.complete:
        lines.append(f"NOT ALL: {clean(head.why_incomplete)}")
    return lines


def _unsealed(head: "Head") -> list[str]:
    from pam.domain import timestamps

    if not head.sealed_until:
        return []
    return unsealed(timestamps.parse(head.sealed_until), head.asked.until)


def _proof(head: "Head") -> list[str]:
    from cli.trail.report import Verdict

    if head.verdict is Verdict.NOT_PROVEN:
        lines = [f"NOT PROVEN: {clean(fault)}" for fault in head.faults]
        return [*lines, f"and {head.untold} more"] if head.untold else lines
    scope = "of that time" if head.complete else "of these sessions"
    lines = [
        f"{head.verdict.value}: {head.records} records {scope}, none missing, changed, moved or "
        "added, each step lawful under the policy set that its record names",
        f"signed by the key SHA256:{head.key_fingerprint}, which {_vouched(head.key_by)}",
    ]
    if head.cosigned is not None:
        lines.append(witnessed(head.cosigned, head.unwitnessed, head.witness_age_seconds))
    return lines


def _vouched(by: str) -> str:
    return {"--key": "is the one of --key", "KMS": "KMS has; --key holds it to what you know"}.get(
        by, "this trail alone vouches for"
    )


def _time(instant: datetime) -> str:
    from pam.domain import timestamps

    return timestamps.render(instant)


def _conclude(head: "Head") -> None:
    """Raises Failure for what is not proven."""
    from cli.trail.report import Verdict

    if head.verdict is Verdict.NOT_PROVEN:
        more = len(head.faults) + head.untold - 1
        also = f" (and {more} more)" if more else ""
        message = f"NOT PROVEN: {clean(head.faults[0])}{also}"
        raise Outcome(message)
    if head.verdict is Verdict.NOT_ANCHORED:
        message = (
            "NOT ANCHORED: the trail is whole, and signed by a key that only it vouches for; give "
            "--key with the fingerprint that `pam audit export` printed or KMS has"
        )
        raise Outcome(message, exit_code=ExitCode.UNANCHORED)
