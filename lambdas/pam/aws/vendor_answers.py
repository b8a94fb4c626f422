"""What a vendor's function answers to the function that asked it: the outcome as data.

An error goes by the name of its class, so that it is the same error on the other side. One that is
not named here is a fault, and Lambda tells it as such.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain import timestamps
from pam.domain.ending import read_receipt
from pam.domain.errors import (
    Conflict,
    ForeignAccess,
    IssuerUnavailable,
    NotEligible,
    NotFound,
    NotYet,
    Refusal,
    TryAgain,
    Unproven,
    Unreached,
)
from pam.ports.targets import Receipt

LONGEST_TEXT = 500
_TOLD: Mapping[str, type[Refusal]] = {
    kind.__name__: kind
    for kind in (Conflict, ForeignAccess, IssuerUnavailable, NotEligible, NotFound, Unproven)
} | {Unreached.__name__: Unreached}
Plain = None | bool | str | list[str] | dict[str, Any]


Done = datetime | Receipt | bool | list[str] | dict[str, datetime] | None
"""What an act comes to."""


def answer(act: Callable[[], Done]) -> dict[str, Any]:
    """What came of the act, as it is sent."""
    try:
        return {"done": _plain(act())}
    except TryAgain as error:
        return _fault(TryAgain.__name__, str(error))
    except NotYet as error:
        return _fault(IssuerUnavailable.__name__, str(error))
    except Refusal as error:
        known = type(error).__name__ if type(error).__name__ in _TOLD else "IssuerUnavailable"
        return _fault(known, error.detail)
    except (ClientError, BotoCoreError) as error:
        # By its class alone: the text may have what was sent.
        return _fault(IssuerUnavailable.__name__, f"AWS did not answer: {_word(error)}")


def read(document: object, session_id: str = "") -> Plain:
    """What was done. Raises what was raised there; IssuerUnavailable for what is no answer."""
    if not isinstance(document, dict):
        message = "the vendor's function gave no answer"
        raise IssuerUnavailable(message)
    if "done" in document:
        done: Plain = document["done"]
        return done
    name, text = str(document.get("error")), str(document.get("detail", ""))[:LONGEST_TEXT]
    if name == TryAgain.__name__:
        raise TryAgain(text)
    raise _TOLD.get(name, IssuerUnavailable)(text, session_id=session_id)


def instant(done: Plain) -> datetime | None:
    return timestamps.parse(done) if isinstance(done, str) else None


def texts(done: Plain) -> list[str]:
    return [str(each)[:LONGEST_TEXT] for each in done] if isinstance(done, list) else []


def instants(done: Plain) -> dict[str, datetime]:
    """By session."""
    found = done if isinstance(done, dict) else {}
    return {name: at for name, text in found.items() if (at := instant(text)) is not None}


def receipt(done: Plain) -> Receipt:
    """Raises IssuerUnavailable for what is none: no end is reported without."""
    try:
        assert isinstance(done, dict)  # noqa: S101 - caught right below
        method, evidence = read_receipt(done["method"], str(done["evidence"]))
        until = done["traces_until"]
        return Receipt(
            method=method,
            evidence=evidence,
            traces_until=timestamps.parse(until) if until else None,
            left=tuple(texts(done["left"])),
            proven=done["proven"] is True,
            seen_at=timestamps.parse(seen) if (seen := done["seen_at"]) else None,
            on_time=done["on_time"] is True,
        )
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        message = "the vendor's function gave no receipt"
        raise IssuerUnavailable(message) from error


def _plain(outcome: Done) -> Plain:
    if isinstance(outcome, datetime):
        return timestamps.render(outcome)
    if isinstance(outcome, dict):
        return {name: timestamps.render(each) for name, each in outcome.items()}
    if isinstance(outcome, Receipt):
        until = outcome.traces_until
        return {
            "method": outcome.method.value,
            "evidence": outcome.evidence,
            "traces_until": None if until is None else timestamps.render(until),
            "left": list(outcome.left),
            "proven": outcome.proven,
            "seen_at": None if outcome.seen_at is None else timestamps.render(outcome.seen_at),
            "on_time": outcome.on_time,
        }
    return outcome


def _fault(name: str, detail: str) -> dict[str, Any]:
    return {"error": name, "detail": detail[:LONGEST_TEXT]}


def _word(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return type(error).__name__
