"""Pages of a listing, as AWS cuts them."""

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from local.identity_center.errors import invalid

Json = dict[str, Any]
_T = TypeVar("_T")

_AT_MOST = 100


def page(
    params: Json,
    name: str,
    found: Sequence[_T],
    told: Callable[[_T], object],
    *,
    page_size: int | None,
) -> Json:
    """The page that `params` asks for, under `name`. Raises ServiceError."""
    begin = _begin(params.get("NextToken"))
    size = min(params.get("MaxResults", _AT_MOST), page_size or _AT_MOST)
    answer: Json = {name: [told(it) for it in found[begin : begin + size]]}
    if begin + size < len(found):
        answer["NextToken"] = base64.urlsafe_b64encode(f"at {begin + size}".encode()).decode()
    return answer


def _begin(token: str | None) -> int:
    if token is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(" ")
    except ValueError:
        word, number = "", ""
    if word != "at" or not number.isdigit():
        message = "Invalid NextToken"
        raise invalid(message)
    return int(number)
