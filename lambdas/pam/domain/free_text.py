"""What people write, kept out of what can never be changed.

Reasons and comments may hold personal data, and an audit record stands for years. So a record holds
a commitment to the text, keyed by a secret of its session, and the text stays with the session. It
can be shown that a text is the one that was written; and once the session's key is forgotten, the
commitment says nothing about it any more, while the chain goes on holding.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator

PREFIX = "hmac-sha256:"
ERASED = "[erased]"
"""In place of a text that was, and of a commitment that can no longer be made."""


def commitment(key: str, text: str) -> str:
    """`hmac-sha256:` and 64 hex digits; empty for no text. `key` is hex; empty once forgotten."""
    if not text:
        return ""
    if not key:
        return ERASED
    return PREFIX + hmac.new(bytes.fromhex(key), text.encode(), hashlib.sha256).hexdigest()


def commitments_in(*said: str) -> Iterator[str]:
    """Those that stand at the end of a record's reason or detail."""
    for text in said:
        at = text.find(PREFIX)
        if at >= 0:
            yield text[at:]


def opened(key: str, texts: Iterable[str]) -> dict[str, str]:
    """Each commitment that these texts explain, and the text."""
    return {commitment(key, text): text for text in texts if key and text}
