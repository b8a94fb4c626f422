"""`pam audit`: the trail shown, exported, and proven on this machine."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import clock, render
from cli.audit_chain import Fault, faults_of
from cli.invocation import Invocation, command, print_json
from cli.problems import Failure
from cli.text import clean, short_principal
from cli.vote import SessionId
from cli.watch import session_path
from pam.domain.free_text import ERASED, PREFIX
from pam.domain.ids import is_ulid, opened_at

_COMMITMENT = re.compile(PREFIX + r"[0-9a-f]{64}")


@command
def show(invocation: Invocation, session_id: SessionId) -> None:
    """Show the audit trail of a session, and check its chain (exit 1 if it is broken)."""
    document = _whole_trail(invocation, session_id)
    items, texts = document["items"], document.get("texts")
    known = texts if isinstance(texts, Mapping) else {}
    faults = faults_of(items, session_id=session_id)
    invocation.emit(document, lambda: _timeline(items, faults, known))
    if faults:
        message = f"the audit chain is broken: {'; '.join(clean(str(fault)) for fault in faults)}"
        raise Failure(message)


def _whole_trail(invocation: Invocation, session_id: str) -> dict[str, Any]:
    """All its pages as one: the records, and the texts that they commit to."""
    api, path = invocation.api(), f"{session_path(session_id)}/audit"
    whole = page = _page_of(api.get(path))
    while isinstance(page.get("cursor"), str) and page["items"]:
        page = _page_of(api.get(path, {"cursor": page["cursor"]}))
        whole = {
            **page,
            "items": [*whole["items"], *page["items"]],
            "texts": {**(whole.get("texts") or {}), **(page.get("texts") or {})},
        }
    return whole


def _page_of(document: dict[str, Any]) -> dict[str, Any]:
    items = document.get("items")
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        message = "the API's answer is not an audit trail; is this pam older than the API?"
        raise Failure(message)
    return document


Since = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="2026-01-31, or with a time: 2026-01-31T09:15Z."),
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

    Needs the managed policy pam-ENV-audit-reader. With --format ocsf the directory also has
    ocsf.jsonl: the same records as OCSF events.
    """
    from cli import ocsf, trail
    from cli.trail_export import Wanted, export_trail

    wanted = Wanted(
        session_id=_known_id(session_id) if session_id else "",
        since=_beginning(since, session_id),
        until=_instant(until, "--to") if until else clock.now(),
    )
    if wanted.since >= wanted.until:
        message = "--from must lie before --to"
        raise typer.BadParameter(message, param_hint="--from")
    manifest = export_trail(invocation.stores(), wanted, folder, now=clock.now())
    if form is Format.OCSF:
        events = folder / "ocsf.jsonl"
        with (folder / trail.RECORDS).open("rb") as lines, events.open("wb") as output:
            for line in lines:
                event = ocsf.event_of(json.loads(line))
                if event is not None:
                    output.write(json.dumps(event).encode() + b"\n")
    written = sum(1 for _ in (folder / trail.RECORDS).open("rb"))
    document = {**asdict(manifest), "records": written, "directory": str(folder)}
    invocation.emit(
        document,
        lambda: render.put(
            f"{written} records under checkpoints {manifest.first} to {manifest.last}, "
            f"in {clean(str(folder))}",
            f"prove them anywhere, without AWS: pam audit verify {clean(str(folder))}",
        ),
    )


@command
def verify(
    invocation: Invocation,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="An exported trail; without it, the live stores."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="SHA256", help="Fingerprint of the log's key you trust."),
    ] = None,
    witness_key: Annotated[
        Path | None,
        typer.Option("--witness-key", metavar="FILE", help="The witness's public key, PEM or DER."),
    ] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Prove an exported trail offline (exit 0), or name the first thing that is wrong (exit 1).

    Without DIR, the live stores are compared with each other: table, log group, archive.
    """
    if folder is None:
        _verify_stores(invocation, since, until)
        return
    from cli.trail_check import Disproof, Trusted, check_trail

    if not folder.is_dir():
        message = f"{clean(str(folder))} is not a directory"
        raise typer.BadParameter(message, param_hint="DIR")
    trusted = Trusted(
        log_fingerprint=(key or "").lower(),
        witness_key=_witness_key(witness_key) if witness_key else b"",
    )
    try:
        proof = check_trail(folder, trusted)
    except Disproof as wrong:
        document = {"proven": False, "where": wrong.where, "why": wrong.why}
        if invocation.json:
            print_json(document)
        message = f"NOT PROVEN: {clean(str(wrong))}"
        raise Failure(message) from wrong
    invocation.emit(_proof_document(proof), lambda: _tell_proof(proof, trusted))


def _verify_stores(invocation: Invocation, since: str | None, until: str | None) -> None:
    from cli.trail_live import compare_stores

    now = clock.now()
    beginning = _instant(since, "--from") if since else now - timedelta(days=1)
    end = _instant(until, "--to") if until else now
    found = compare_stores(invocation.stores(), since=beginning, until=end, now=now)
    document = {
        "proven": not found.faults,
        "sessions": found.sessions,
        "records": found.records,
        "waiting": found.waiting,
        "faults": list(found.faults),
    }
    invocation.emit(
        document,
        lambda: render.put(
            f"{found.records} records of {found.sessions} sessions: table, log group and archive "
            f"compared; {found.waiting} of them not sealed by a checkpoint yet",
            *(clean(fault) for fault in found.faults),
        ),
    )
    if found.faults:
        message = f"the stores do not agree: {len(found.faults)} fault(s)"
        raise Failure(message)


def _proof_document(proof: Any) -> dict[str, Any]:
    return {"proven": True, **asdict(proof)}


def _tell_proof(proof: Any, trusted: Any) -> None:
    manifest = proof.manifest
    of = f" of session {manifest.session_id}" if manifest.session_id else ""
    lines = [
        f"PROVEN: {proof.records} records{of}, {proof.sessions} session(s)",
        f"nothing missing, changed, moved or added between checkpoint {manifest.first} "
        f"({proof.since}) and {manifest.last} ({proof.until}) of {clean(manifest.origin)}",
        f"signed by the key SHA256:{proof.key_fingerprint}",
    ]
    if not trusted.log_fingerprint:
        lines.append("is it the bank's key? say so with --key, from a source you trust")
    if trusted.witness_key:
        waiting = f", the last {proof.unwitnessed} not yet" if proof.unwitnessed else ""
        lines.append(f"cosigned by the witness: {proof.cosigned} checkpoints{waiting}")
    render.put(*lines)


def _witness_key(path: Path) -> bytes:
    """32 bytes of Ed25519, from what `aws kms get-public-key` gives or from PEM."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import (
        load_der_public_key,
        load_pem_public_key,
    )

    raw = path.read_bytes()
    try:
        key = (load_pem_public_key if raw.startswith(b"-----") else load_der_public_key)(raw)
    except ValueError as error:
        message = f"{clean(str(path))} is no public key"
        raise typer.BadParameter(message, param_hint="--witness-key") from error
    if not isinstance(key, Ed25519PublicKey):
        message = "the witness's key is an Ed25519 key; this is another kind"
        raise typer.BadParameter(message, param_hint="--witness-key")
    return key.public_bytes_raw()


def _known_id(session_id: str) -> str:
    try:
        made = opened_at(session_id) if is_ulid(session_id) else None
    except ValueError:
        made = None
    if made is None:
        message = "not a session id: 26 letters and digits, as `pam list` shows them"
        raise typer.BadParameter(message, param_hint="--session")
    return session_id


def _beginning(since: str | None, session_id: str | None) -> datetime:
    """Of a session nothing was sealed before its id was made."""
    if since:
        return _instant(since, "--from")
    if session_id:
        return opened_at(session_id)
    message = "say since when with --from, or which session with --session"
    raise typer.BadParameter(message, param_hint="--from")


def _instant(text: str, option: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{clean(text)} is no time: write 2026-01-31, or 2026-01-31T09:15Z"
        raise typer.BadParameter(message, param_hint=option) from error
    # A day, or a time without a zone, is meant in UTC, as the records have it.
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _timeline(
    records: Sequence[Mapping[str, Any]], faults: Sequence[Fault], texts: Mapping[str, Any]
) -> None:
    from rich.table import Table
    from rich.text import Text

    now = clock.now()
    broken = {fault.position for fault in faults}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("#", "WHEN", "WHAT", "WHO", "DETAIL"):
        table.add_column(heading, overflow="fold")
    for position, record in enumerate(records):
        table.add_row(
            *(Text(clean(_told(cell, texts))) for cell in _cells(record, now=now)),
            style="bold red" if position in broken else "",
        )
    if records:
        reason = _told(str(records[0].get("reason") or ""), texts)
        render.put(f"reason: {clean(reason)}")
    render.put(table)
    if not faults:
        render.put(f"chain checked: {len(records)} records, every hash fits")


def _cells(record: Mapping[str, Any], *, now: datetime) -> tuple[str, ...]:
    at, outcome = clock.parse(record.get("at")), record.get("outcome")
    detail = str(record.get("detail") or "")
    if record.get("access_key_id"):
        detail += f" (access key {record['access_key_id']})"
    return (
        str(record.get("sequence", "?")),
        clock.local(at, now=now) if at else str(record.get("at")),
        f"{record.get('type')}{'' if outcome == 'success' else f' [{outcome}]'}",
        _who(record.get("actor")),
        detail.strip(),
    )


def _told(said: str, texts: Mapping[str, Any]) -> str:
    """With each commitment replaced by the text that it is to."""
    return _COMMITMENT.sub(lambda found: str(texts.get(found[0], ERASED)), said)


def _who(actor: object) -> str:
    if not isinstance(actor, Mapping):
        return ""
    return short_principal(str(actor.get("principal") or actor.get("kind") or ""))
