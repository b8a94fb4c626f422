"""How Identity Center is called, whatever for.

What another operation is in the way of, what AWS throttles and what it failed at itself is asked
again, slower each time, for as long as the call has patience. Of a write whose answer was lost
nobody knows whether it was done: that is told apart (`Unclear`).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from pam.domain.errors import IssuerUnavailable
from pam.identity_center.patience import OutOfTime, Patience, Polls

_AGAIN = frozenset({"ConflictException", "ThrottlingException", "TooManyRequestsException"})
_ITS_FAULT = 500
_LONGEST_REASON = 200


_Seen = TypeVar("_Seen")


class NotThere(Exception):
    """Identity Center says that something that the call names does not exist."""


class Unclear(IssuerUnavailable):
    """The answer was lost: it may have been done, or be done yet."""


class Asking:
    """Raises IssuerUnavailable, NotThere and OutOfTime."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience

    def listed(self, call: Callable[..., Any], name: str, **asked: Any) -> list[Any]:
        """All of what the pages have under this name. As `ask`. An answer without it is no answer:
        what is not in it would be taken for gone.
        """
        found, seen, token = list[Any](), set[str](), ""
        while True:
            page = self.ask(call, **asked, **({"NextToken": token} if token else {}))
            if not isinstance(page.get(name), list):
                message = f"Identity Center gave half an answer: {name} is not in it"
                raise IssuerUnavailable(message)
            found += page[name]
            token = page.get("NextToken") or ""
            if not token:
                return found
            if token in seen:
                message = f"a list of Identity Center's goes on where it was: {name}"
                raise IssuerUnavailable(message)
            seen.add(token)
            self._patience.check()

    def ask(self, call: Callable[..., Any], **asked: Any) -> Any:
        """What changes nothing."""
        polls = self._patience.polls()
        while True:
            try:
                return call(**asked)
            except ClientError as error:
                if not (_is_busy(error) or _is_its_fault(error)):
                    raise _refusal(error) from error
                reason = _code(error)
            except BotoCoreError as error:
                reason = type(error).__name__
            _wait(polls, reason)

    def glance(self, look: Callable[[], _Seen]) -> _Seen | None:
        """What whoever looks can do without: asked once, None if there is no answer."""
        try:
            return look()
        except (ClientError, BotoCoreError):
            return None

    def change(
        self, call: Callable[..., Any], before_each: Callable[[], None] | None = None, **asked: Any
    ) -> Any:
        """What changes something, told as Unclear if nobody knows whether it did."""
        polls = self._patience.polls()
        while True:
            self._patience.check()
            if before_each is not None:
                before_each()
            try:
                return call(**asked)
            except ClientError as error:
                if _is_its_fault(error):
                    message = f"Identity Center failed: {_code(error)}"
                    raise Unclear(message) from error
                if not _is_busy(error):
                    raise _refusal(error) from error
                reason = _code(error)
            except (ConnectTimeoutError, EndpointConnectionError) as error:
                reason = type(error).__name__  # nothing was sent
            except BotoCoreError as error:
                message = "Identity Center's answer was lost"
                raise Unclear(message) from error
            _wait(polls, reason)


def _wait(polls: Polls, reason: str) -> None:
    try:
        polls.wait()
    except OutOfTime as over:
        raise OutOfTime(reason) from over


def _is_busy(error: ClientError) -> bool:
    return _code(error) in _AGAIN or (
        _code(error) == "ServiceQuotaExceededException"
        and error.operation_name == "CreateAccountAssignment"
    )


def _is_its_fault(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return bool(status >= _ITS_FAULT) or _code(error) == "InternalServerException"


def _refusal(error: ClientError) -> Exception:
    text = printable(error.response["Error"].get("Message", ""))
    if _code(error) == "ResourceNotFoundException":
        return NotThere(text)
    return IssuerUnavailable(
        f"Identity Center refused {error.operation_name}: {_code(error)}: {text}"
    )


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def printable(text: str) -> str:
    """For an error's text and a record."""
    return "".join(each if each.isprintable() else " " for each in text)[:_LONGEST_REASON]
