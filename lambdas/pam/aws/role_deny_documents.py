"""The denies that PAM writes on a lent role: their names and their exact text.

A session's own deny is named after it. A pack, or a deny of all credentials of before an instant,
is named after when it has done its time.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pam.domain import timestamps
from pam.names import SESSION_TAG

_TAG = f"aws:PrincipalTag/{SESSION_TAG}"
SINGLE = re.compile(r"pam-revoke-([0-9A-Z]{26})", re.ASCII)
_UNTIL = re.compile(r"pam-revoke-(?:pack|older)-([0-9]{10})(?:-[0-9a-f]{16})?", re.ASCII)


def name_of(session_id: str) -> str:
    return f"pam-revoke-{session_id}"


def is_ours(name: str) -> bool:
    return SINGLE.fullmatch(name) is not None or until_of(name) is not None


def is_genuine(name: str, document: dict[str, Any], until: datetime) -> bool:
    """Whether this is a deny of PAM's by its name and by what it says. `until`: the latest that one
    of now can stand; a name that says more was made up, and would keep its room for too long.
    """
    own = until_of(name)
    return is_ours(name) and (own is None or own <= until) and _reads_as_ours(document)


def _reads_as_ours(document: dict[str, Any]) -> bool:
    try:
        tags = document["Statement"][0]["Condition"]["StringEquals"][_TAG]
        return document == deny_of([tags] if isinstance(tags, str) else tags)
    except (LookupError, TypeError):
        return issued_before(document) is not None


def denied_by(document: dict[str, Any], ended: Mapping[str, datetime]) -> set[str]:
    """Those of the sessions that this document denies, if it is one of PAM's to the letter."""
    try:
        condition = document["Statement"][0]["Condition"]
        if "StringEquals" in condition:
            ids = condition["StringEquals"][_TAG]
            pack = isinstance(ids, list) and document == deny_of(ids)
            return set(ended) & set(ids) if pack else set()
    except (LookupError, TypeError):
        return set()
    before = issued_before(document)
    # No lease is given once an end is decided.
    return {each for each, decided_at in ended.items() if before and decided_at < before}


def issued_before(document: Mapping[str, Any]) -> datetime | None:
    """Before when a credential was issued if this denies it; None if it is no such deny, to the
    letter.
    """
    try:
        condition = document["Statement"][0]["Condition"]
        before = timestamps.parse(condition["DateLessThan"]["aws:TokenIssueTime"])
    except (LookupError, TypeError, ValueError):
        return None
    return before if document == denial_of_older(before) else None


def deny_of(session_ids: Iterable[str]) -> dict[str, Any]:
    """Ends these sessions and no others, whatever credentials they hold."""
    ids = sorted(session_ids)
    if len(ids) > 1:
        return _denying({"StringEquals": {_TAG: ids}})
    # The Sid says to the role's owner what this is. It also makes the document so much longer than
    # `denial_of_older` that in the place of four there is room for a fifth.
    return _denying({"StringEquals": {_TAG: ids[0]}}, Sid="PamEndedThisSession")


def denial_of_older(before: datetime) -> dict[str, Any]:
    """Ends every credential of the role issued before then; issue times are whole seconds."""
    instant = timestamps.whole_second_at_or_before(before)
    return _denying({"DateLessThan": {"aws:TokenIssueTime": instant}})


def _denying(condition: dict[str, Any], **more: str) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [{**more, **statement}]}


def until_of(name: str) -> datetime | None:
    """How long a pack, or a deny of all that is older, has to stay. None for a single deny."""
    found = _UNTIL.fullmatch(name)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def outlasts(name: str, until: datetime) -> bool:
    """Whether another's clock, ahead of this one, wrote it: it may cover more than this can."""
    own = until_of(name)
    return own is not None and own > until
