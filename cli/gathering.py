"""Which sessions a list is of, and the calls that find them: one state a call, page after page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from cli.problems import Failure
from cli.wording import alike
from pam.domain.lifecycle import CLOSED, Status

if TYPE_CHECKING:
    from cli.api import Api

PAGE = 100
"""The most that the API gives at once."""
WORDS: Mapping[str, tuple[Status, ...]] = {
    **{status.lower(): (status,) for status in Status},
    "pending": (Status.PENDING_APPROVAL,),
    "open": tuple(status for status in Status if status not in CLOSED),
    "closed": tuple(status for status in Status if status in CLOSED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`query` goes to the API as it is. `limit` None: one page, as long as the API likes; `every`:
    all pages. Of several `statuses` there is no cursor, and a PAGE of each if nothing else is said.
    """

    statuses: tuple[Status, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    every: bool = False
    cursor: str | None = None


def statuses_of(text: str) -> tuple[Status, ...]:
    """`pending,active` as states, each once. Raises BadParameter for what is none."""
    found: dict[Status, None] = {}
    for word in text.split(","):
        named = WORDS.get(word.strip().lower())
        if named is None:
            near = alike(word.strip(), WORDS)
            hint = f"did you mean {near}? " if near else ""
            message = f"{word!r} is none of {', '.join(Status)}, pending, open, closed; {hint}"
            raise typer.BadParameter(message.rstrip("; "), param_hint="--status")
        found.update(dict.fromkeys(named))
    return tuple(found)


def gather(api: "Api", wanted: Wanted) -> dict[str, Any]:
    """The API's page, or one document of the same form made of several, newest first.

    `more` is true where several states were asked for, and there are more than these.
    """
    if len(wanted.statuses) <= 1:
        status = {"status": wanted.statuses[0].value} if wanted.statuses else {}
        return _pages(api, {**status, **wanted.query}, wanted, wanted.cursor)
    lists = [
        _pages(api, {"status": each.value, **wanted.query}, _with_limit(wanted), None)
        for each in wanted.statuses
    ]
    # One that changed its state between two calls stands in two lists.
    items = {str(item.get("session_id")): item for each in lists for item in items_of(each)}
    newest = sorted(items.values(), key=lambda item: str(item.get("session_id")), reverse=True)
    most = len(newest) if wanted.every else _with_limit(wanted).limit
    more = any(each.get("cursor") for each in lists) or len(newest) > (most or 0)
    return {"items": newest[:most], "cursor": None, "more": more}


def first_of(document: dict[str, Any], most: int | None) -> dict[str, Any]:
    """A list that the API gives whole, no longer than `most`; `more` is true if it was longer."""
    items = items_of(document)
    if most is None:
        return document
    return {**document, "items": items[:most], "more": len(items) > most}


def items_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = document.get("items")
    if not isinstance(items, list):
        message = "the API's answer is not a list of sessions; is this pam older than the API?"
        raise Failure(message)
    return items


def _with_limit(wanted: Wanted) -> Wanted:
    return Wanted(limit=None if wanted.every else wanted.limit or PAGE, every=wanted.every)


def _pages(
    api: "Api", query: Mapping[str, str], wanted: Wanted, cursor: str | None
) -> dict[str, Any]:
    """One page as it came, or as many as `limit` or `every` takes, as one document."""
    if not wanted.every and wanted.limit is None:
        return api.get("/pam/sessions", {**query, **queried({"cursor": cursor})})
    gathered: list[dict[str, Any]] = []
    seen: set[str] = set()
    while True:
        size = PAGE if wanted.limit is None else min(PAGE, wanted.limit - len(gathered))
        more = queried({"limit": str(size), "cursor": cursor})
        document = api.get("/pam/sessions", {**query, **more})
        gathered += items_of(document)
        cursor = document.get("cursor")
        if not cursor or (wanted.limit is not None and len(gathered) >= wanted.limit):
            return {**document, "items": gathered}
        if cursor in seen:
            message = "the API gives the same page again and again; give --limit"
            raise Failure(message)
        seen.add(cursor)


def queried(given: Mapping[str, str | None]) -> dict[str, str]:
    """What was given of it."""
    return {name: value for name, value in given.items() if value}


def fingerprint(items: Iterable[Mapping[str, Any]]) -> tuple[object, ...]:
    """What is news when it changes: which sessions there are, their states and votes."""
    return tuple(
        (item.get("session_id"), item.get("status"), str(item.get("approvals"))) for item in items
    )
