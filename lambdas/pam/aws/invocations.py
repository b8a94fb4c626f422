"""Functions that ask another function for what they may not do themselves."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain.errors import IssuerUnavailable, WitnessRefused
from pam.domain.session import Session


class AuditorFunction:
    """Implements `ports.audit.AuditLog` by the one function that may write to the log group."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def settle(self, session: Session) -> None:
        try:
            answer = self._client.invoke(
                FunctionName=self._function,
                Payload=json.dumps({"settle": session.session_id}),
            )
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
    """Implements `ports.people.Closer`."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def look_at(self, session_id: str) -> None:
        self._client.invoke(
            FunctionName=self._function,
            InvocationType="Event",
            Payload=json.dumps({"session_id": session_id, "by": "tick"}),
        )


class NoticeFunction:
    """Implements `ports.people.Messenger`."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def tell(self, session_id: str) -> None:
        self._client.invoke(
            FunctionName=self._function,
            InvocationType="Event",
            Payload=json.dumps({"session_id": session_id}),
        )


def _not_written() -> IssuerUnavailable:
    message = "the audit log could not be written, so no credential is given (DT-002); try again"
    return IssuerUnavailable(message)
