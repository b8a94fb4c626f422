"""Functions that ask another function for what they may not do themselves."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.domain.errors import IssuerUnavailable
from pam.domain.session import Session


class AuditorFunction:
    """Implements `ports.AuditLog` by the one function that may write to the log group."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def settle(self, session: Session) -> None:
        try:
            answer = self._client.invoke(
                FunctionName=self._function,
                Payload=json.dumps({"settle": session.session_id}),
            )
            settled = json.loads(answer["Payload"].read() or b"null")
        except (ClientError, BotoCoreError, ValueError) as error:
            raise _not_written() from error
        if answer.get("FunctionError") or not isinstance(settled, dict):
            raise _not_written()
        if int(settled.get("delivered", 0)) < session.sequence:
            raise _not_written()


class RevocationFunction:
    """Implements `ports.Closer`."""

    def __init__(self, client: Any, function: str) -> None:
        self._client = client
        self._function = function

    def look_at(self, session_id: str) -> None:
        self._client.invoke(
            FunctionName=self._function,
            InvocationType="Event",
            Payload=json.dumps({"session_id": session_id, "by": "tick"}),
        )


def _not_written() -> IssuerUnavailable:
    message = "the audit log could not be written, so no credential is given (DT-002); try again"
    return IssuerUnavailable(message)
