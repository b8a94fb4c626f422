"""How a function has another function do what it may not do itself."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain import messages
from pam.domain.errors import IssuerUnavailable, WitnessRefused
from pam.domain.session import Session


class AuditorFunction:
    """Implements `ports.audit.AuditLog` by the one function that may write to the log group."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def settle(self, session: Session) -> None:
        try:
            message = messages.Settle(session_id=session.session_id)
            answer = _send(self._client, self._function, message)
            settled = json.loads(answer["Payload"].read())
            delivered = int(settled["delivered"])
        except (ClientError, BotoCoreError, ValueError, TypeError, LookupError) as error:
            raise _not_written() from error
        if answer.get("FunctionError") or delivered < session.sequence:
            raise _not_written()


class WitnessFunction:
    """Implements `ports.audit.Witness` by a function that may be another account's."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def seen(self, origin: str) -> int:
        return int(self._ask({"seen": origin})["number"])

    def cosign(self, note: str, consistency: Sequence[bytes], public_key: bytes) -> str:
        answer = self._ask(
            {
                "note": note,
                "consistency": [base64.b64encode(node).decode() for node in consistency],
                "public_key": base64.b64encode(public_key).decode(),
            }
        )
        if "refused" in answer:
            raise WitnessRefused(str(answer["refused"]))
        return str(answer["line"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        answer = self._client.invoke(FunctionName=self._function, Payload=json.dumps(question))
        if answer.get("FunctionError"):
            message = "the witness failed; its own log says why"
            raise RuntimeError(message)
        document: dict[str, Any] = json.loads(answer["Payload"].read())
        return document


class RevocationFunction:
    """Implements `ports.people.Closer`. The client gives up in time for its caller to answer, and
    asks once: what it has set going goes on without it.
    """

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def sweep(self, session_id: str) -> None:
        """Has it look at a session, and waits for nothing."""
        message = messages.Sweep(session_id=session_id)
        _send(self._client, self._function, message, InvocationType="Event")

    def end_decided(self, session_id: str) -> None:
        message = messages.EndDecided(session_id=session_id)
        try:
            answer = _send(self._client, self._function, message)
        except (ClientError, BotoCoreError) as error:
            raise _not_ended() from error
        if answer.get("FunctionError"):
            raise _not_ended()


class RevocationStart:
    """Implements `ports.people.Closer` too, and waits for nothing: the end is begun."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def end_decided(self, session_id: str) -> None:
        message = messages.EndDecided(session_id=session_id)
        try:
            _send(self._client, self._function, message, InvocationType="Event")
        except (ClientError, BotoCoreError) as error:
            raise _not_ended() from error


class NoticeFunction:
    """Implements `ports.people.Messenger`."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def tell(self, session_id: str) -> None:
        message = messages.SendNotices(session_id=session_id)
        _send(self._client, self._function, message, InvocationType="Event")


def _send(client: Any, function: str, message: Any, **how: str) -> dict[str, Any]:
    payload = json.dumps(messages.event_of(message))
    answer: dict[str, Any] = client.invoke(FunctionName=function, Payload=payload, **how)
    return answer


def _not_ended() -> IssuerUnavailable:
    message = "the end is decided; that it is done was not seen yet"
    return IssuerUnavailable(message)


def _not_written() -> IssuerUnavailable:
    message = "the audit log could not be written, so no credential is given (DT-002); try again"
    return IssuerUnavailable(message)
