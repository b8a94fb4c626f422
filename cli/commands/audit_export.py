"""`pam audit export`: the trail taken away, into a directory that proves itself."""

import json
import shlex
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import clock, render, which
from cli.invocation import Invocation, command
from cli.text import clean
from pam.domain import durations, timestamps
from pam.domain.ids import is_ulid, opened_at

Since = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        help="2026-01-31, or with a time: 2026-01-31T09:15Z, or an age: 24h.",
    ),
]
Until = Annotated[str | None, typer.Option("--to", metavar="TIME", help="As --from [now].")]


class Format(StrEnum):
    TRAIL = "trail"
    OCSF = "ocsf"


@command
def export(
    invocation: Invocation,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty directory.")],
    since: Since = None,
    until: Until = None,
    session_id: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="Only this session's records.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="`trail` can be proven; `ocsf` is for a SIEM.")
    ] = Format.TRAIL,
) -> None:
    """Write the trail of a time, or of one session, into a directory that proves itself.

    For your eyes alone (0600 in 0700). Needs the managed policy pam-ENV-audit-reader. With
    --format ocsf the directory also has ocsf.jsonl: the same records as OCSF events.
    """
    from cli.trail.export import Wanted, beginning_of, export_trail

    if session_id and not is_ulid(session_id):
        session_id = which.by_id(invocation.api(), session_id).session_id
    source, now = invocation.stores(), clock.now()
    if session_id:
        supposed = _supposed(session_id)
        beginning = (
            typed_instant(since, "--from") if since else beginning_of(source, session_id, supposed)
        )
    else:
        beginning = _beginning(since)
    wanted = Wanted(
        session_id=session_id or "",
        since=beginning,
        # What is still to come is claimed by no export: no checkpoint could ever cover it.
        until=min(typed_instant(until, "--to"), now) if until else now,
    )
    if wanted.since >= wanted.until:
        message = "--from must lie before --to"
        raise typer.BadParameter(message, param_hint="--from")
    exported = export_trail(source, wanted, folder, now=now)
    if form is Format.OCSF:
        _write_ocsf(folder)
    manifest, key = exported.manifest, exported.key_fingerprint
    document = {
        **asdict(manifest),
        "records": exported.records,
        "directory": str(folder),
        "key_fingerprint": key,
        "sealed_until": timestamps.render(exported.sealed_until),
    }
    invocation.emit(
        document,
        lambda: render.put(
            f"{exported.records} records under checkpoints {manifest.first} to {manifest.last}, "
            f"in {clean(str(folder))}",
            f"since {manifest.since}: the log has no earlier beginning"
            if typed_instant(manifest.since, "--from") > wanted.since
            else f"since {manifest.since}",
            *unsealed(exported.sealed_until, wanted.until),
            f"keep this apart from them: the log's key is SHA256:{key}",
            f"prove them anywhere, without AWS: pam audit verify "
            f"{clean(shlex.quote(str(folder)))} --key {key}",
        ),
    )


def unsealed(sealed_until: datetime, until: datetime) -> list[str]:
    """What to say where no checkpoint had sealed the end of a time yet; nothing otherwise."""
    if sealed_until >= until:
        return []
    sealed = timestamps.render(sealed_until)
    return [f"sealed until {sealed}: what was recorded after that is not in it yet"]


def _supposed(session_id: str) -> datetime | None:
    """The time in a session's id, which may have been chosen; None if it lies in no year."""
    try:
        return opened_at(session_id)
    except ValueError:
        return None


def _beginning(since: str | None) -> datetime:
    if since:
        return typed_instant(since, "--from")
    message = "say since when with --from, or which session with --session"
    raise typer.BadParameter(message, param_hint="--from")


def typed_instant(text: str, option: str) -> datetime:
    """What somebody typed after `option`: a time, or an age. Raises BadParameter."""
    try:
        instant = datetime.fromisoformat(text)
        # A day, or a time without a zone, is meant in UTC, as the records have it.
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        try:
            return clock.now() - durations.parse(text)
        except ValueError:
            message = (
                f"{clean(text)} is no time: write 2026-01-31, or 2026-01-31T09:15Z, or an age: 24h"
            )
            raise typer.BadParameter(message, param_hint=option) from error


def _write_ocsf(folder: Path) -> None:
    """Of the records that were exported, those that are an event to a SIEM."""
    from cli.trail import layout, ocsf
    from cli.trail.files import create_private

    with (
        (folder / layout.RECORDS).open("rb") as lines,
        create_private(folder / "ocsf.jsonl") as output,
    ):
        for line in lines:
            event = ocsf.event_of(json.loads(line))
            if event is not None:
                output.write(json.dumps(event).encode() + b"\n")
