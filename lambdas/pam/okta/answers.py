"""What an answer says, if it is one of Okta's."""

import json
import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from pam.okta.errors import Gone, Refused, Unanswered
from pam.okta.transport import Reply

_NEXT = re.compile(r'<([^<>]{1,4096})>\s*;\s*rel="next"')
_CODE = re.compile(r"E[0-9]{7}", re.ASCII)
"""As Okta names its errors."""


def document_of(reply: Reply) -> Any:
    """None where the body is no JSON, or nobody calls it that: a page of somebody in between."""
    if "json" not in reply.headers.get("content-type", "").partition(";")[0].lower():
        return None
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def check(reply: Reply, what: str) -> None:
    """`what` PAM wanted to do. Raises Gone, Refused, Unanswered; never with Okta's own text, which
    may quote what people wrote.
    """
    if reply.status in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
        return
    document = document_of(reply)
    if not isinstance(document, dict) and "www-authenticate" in reply.headers:
        message = f"Okta takes no proof of PAM's to {what}: status {reply.status}"
        raise Refused(message)
    if not isinstance(document, dict):
        message = f"somebody who is not Okta answered {what}: status {reply.status}"
        raise Unanswered(message)
    said = document.get("errorCode")
    code = f" {said}" if isinstance(said, str) and _CODE.fullmatch(said) else ""
    if reply.status == HTTPStatus.NOT_FOUND:
        message = f"Okta knows nothing there to {what}"
        raise Gone(message)
    message = f"Okta does not let PAM {what}: status {reply.status}{code}"
    raise Refused(message)


def next_page(reply: Reply, url: str) -> str | None:
    """Where the list goes on. Raises Unanswered if that is anywhere but at the list itself."""
    found = _NEXT.search(reply.headers.get("link", ""))
    if found is None:
        return None
    told, own = urlsplit(found[1]), urlsplit(url)
    if (told.scheme, told.netloc, told.path) != (own.scheme, own.netloc, own.path):
        message = "Okta's list goes on elsewhere"
        raise Unanswered(message)
    return told.geturl()
