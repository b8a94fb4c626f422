"""Where a list goes on. A cursor names the last item that was shown, and the query it belongs to.

It is no secret and keeps none. A caller who makes one up can name only what they may read anyway:
an operation that takes a cursor has to ask that. It is bound to its query, so that nobody uses it
with another by mistake.
"""

import base64
import binascii
import hashlib
import json

_DIGEST = 16


def cursor_after(place: str, *query: str) -> str:
    """`place` names the last item shown; ASCII, without a dot."""
    text = f"{place}.{_digest(place, query)}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str, *query: str) -> str | None:
    """None for what is not a cursor of this query."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    place, _, _ = text.partition(".")
    # In its one form: what decodes to the same is not what was given.
    return place if cursor == cursor_after(place, *query) else None


def _digest(place: str, query: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps([place, *query]).encode()).hexdigest()[:_DIGEST]
