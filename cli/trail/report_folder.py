"""A report from an exported trail, offline: proven first, by the rule of `check_trail`, then told.

What could not be proven is told all the same, as far as it can be read, and the head says so.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from cli.trail import layout
from cli.trail.check import Span, check_trail
from cli.trail.checkpoints import Disproof, Trusted
from cli.trail.files import Folder, Unreadable
from cli.trail.layout import Manifest
from cli.trail.records import is_record
from cli.trail.report import Asked, Head, Lines, judged
from cli.trail.report_line import lies_in, line_of
from pam.domain import timestamps
from pam.domain.audit_record import Record
from pam.domain.checkpoint import Interval
from pam.domain.free_text import opened
from pam.domain.signed_note import Malformed

_POLICY_SETS_AT_HAND = 32


def report_folder(path: Path, asked: Asked, trusted: Trusted, lines: Lines) -> Head:
    """Fills `lines`, by session id, and gives their head."""
    head = Head(asked=asked, source=path.name or str(path))
    head.anchored = bool(trusted.log_fingerprint)
    head.key_by = "--key" if trusted.log_fingerprint else "this trail alone"
    _prove(path, head, trusted)
    folder = Folder(path)
    texts, policy_text = _texts(folder), _policy_texts(folder)
    with closing(_Sessions()) as sessions:
        with suppress(Unreadable):
            for name in (layout.EARLIER, layout.RECORDS):
                for text, record in _records(folder, name):
                    if record["session_id"]:
                        sessions.add(record["session_id"], text)
                    else:
                        head.count_alone(record)
        for records in sessions:
            if not lies_in(records, asked.since, asked.until):
                continue
            told, unlawful = judged(records, policy_text)
            known = texts.get(records[0]["session_id"], {})
            line = line_of(records, known, told, fault=unlawful)
            if asked.concerns(line):
                head.count(line, records)
                lines.add(line)
    return head


def _prove(path: Path, head: Head, trusted: Trusted) -> None:
    asked = head.asked
    with suppress(Unreadable):
        _tell_manifest(Folder(path), head)
    try:
        proof = check_trail(path, trusted, Span(since=asked.since, until=asked.until))
    except Disproof as wrong:
        head.add(str(wrong))
        return
    head.records, head.key_fingerprint = proof.records, proof.key_fingerprint
    head.sealed_since, head.sealed_until = proof.since, proof.until
    if trusted.witness_key:
        head.cosigned, head.unwitnessed = proof.cosigned, proof.unwitnessed
        head.witness_age_seconds = proof.witness_age_seconds


def _tell_manifest(folder: Folder, head: Head) -> None:
    """Raises Unreadable."""
    manifest = Manifest.read(folder)
    head.origin = manifest.origin
    head.first_checkpoint, head.last_checkpoint = manifest.first, manifest.last
    if manifest.session_id:
        head.complete = False
        head.why_incomplete = f"this is the trail of session {manifest.session_id} alone"
    head.key_fingerprint = layout.fingerprint(folder.public_key(layout.PUBLIC_KEY))
    if manifest.first == 1:
        with suppress(Malformed, ValueError):
            first = Interval.decode(folder.text(layout.checkpoint_name(1))).checkpoint
            head.log_begins = timestamps.render(first.begins)


def _records(folder: Folder, name: str) -> Iterator[tuple[str, Record]]:
    """Those that can be read, in their order. Raises Unreadable."""
    if not folder.has(name):
        return
    for _, line in folder.lines(name):
        try:
            text = line.decode("utf-8")
            record = json.loads(text)
        except (RecursionError, ValueError):
            continue
        if is_record(record):
            yield text, record


def _texts(folder: Folder) -> Mapping[str, Mapping[str, str]]:
    """By session, each text by its commitment: no more is believed than commitments bear out."""
    try:
        raw: Any = folder.json(layout.TEXTS) if folder.has(layout.TEXTS) else {}
        return {owner: opened(entry["key"], entry["texts"]) for owner, entry in raw.items()}
    except (AttributeError, LookupError, TypeError, Unreadable, ValueError):
        return {}


def _policy_texts(folder: Folder) -> Any:
    @lru_cache(maxsize=_POLICY_SETS_AT_HAND)
    def policy_text(digest: str) -> str | None:
        name = layout.policy_name(digest)
        try:
            return folder.text(name) if folder.has(name) else None
        except Unreadable:
            return None

    return policy_text


class _Sessions:
    """Records by session, on disk: a quarter of them has no room in memory, and they come mixed."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(
            "CREATE TABLE records (place INTEGER PRIMARY KEY, session_id TEXT, record TEXT);"
            "CREATE INDEX of_session ON records (session_id);"
        )

    def close(self) -> None:
        self._database.close()

    def add(self, session_id: str, text: str) -> None:
        values = (session_id, text)
        self._database.execute("INSERT INTO records (session_id, record) VALUES (?, ?)", values)

    def __iter__(self) -> Iterator[list[Record]]:
        """The records of each session, in the order in which they came."""
        owners = self._database.execute("SELECT DISTINCT session_id FROM records ORDER BY 1")
        for (owner,) in owners:
            rows = self._database.execute(
                "SELECT record FROM records WHERE session_id = ? ORDER BY place", (owner,)
            )
            yield [json.loads(row) for (row,) in rows]
