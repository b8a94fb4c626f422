"""`pam audit show`: a session's trail as a timeline, its chain checked."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cli import clock, render, which
from cli.arguments import SessionId, session_path
from cli.invocation import Invocation, command
from cli.problems import Failure, Outcome
from cli.text import clean, short_principal
from cli.trail.chain import Fault, faults_of
from pam.domain.free_text import ERASED, PREFIX

if TYPE_CHECKING:
    from cli.api import Api

_COMMITMENT = re.compile(PREFIX + r"[0-9a-f]{64}")


@command
def show(invocation: Invocation, session_id: SessionId) -> None:
    """Show the audit trail of a session, and check its chain (exit 1 if it is broken)."""
    api = invocation.api()
    session_id = which.by_id(api, session_id).session_id
    document = _whole_trail(api, session_id)
    items, texts = document["items"], document.get("texts")
    known = texts if isinstance(texts, Mapping) else {}
    faults = faults_of(items, session_id=session_id)
    invocation.emit(document, lambda: _timeline(items, faults, known))
    if faults:
        message = f"the audit chain is broken: {'; '.join(clean(str(fault)) for fault in faults)}"
        raise Outcome(message)


def _whole_trail(api: "Api", session_id: str) -> dict[str, Any]:
    """All its pages as one: the records, and the texts that they commit to."""
    path = f"{session_path(session_id)}/audit"
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
            *(Text(clean(_explained(cell, texts))) for cell in _cells(record, now=now)),
            style="bold red" if position in broken else "",
        )
    if records:
        reason = _explained(str(records[0].get("reason") or ""), texts)
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


def _explained(said: str, texts: Mapping[str, Any]) -> str:
    """With each commitment replaced by the text that it is to."""
    return _COMMITMENT.sub(lambda found: str(texts.get(found[0], ERASED)), said)


def _who(actor: object) -> str:
    if not isinstance(actor, Mapping):
        return ""
    return short_principal(str(actor.get("principal") or actor.get("kind") or ""))
