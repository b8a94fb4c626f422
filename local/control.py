"""The control API of a fake beside the stack, as its clients call it: `POST CONTROL_URL/VERB` with
a JSON object of the verb's arguments, and the control token as bearer.
"""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

Json = dict[str, Any]

_ANSWERS_WITHIN = 30.0


class ControlError(Exception):
    """The control API refused: nobody could do this, or there is no such verb."""


class Control:
    def __init__(self, control_url: str, control_token: str) -> None:
        self._url, self._token = control_url, control_token

    @classmethod
    def of(cls, port_file: Path) -> Self:
        """Of the fake that wrote this file."""
        about = json.loads(port_file.read_text(encoding="utf-8"))
        return cls(about["control_url"], about["control_token"])

    def call(self, verb: str, /, **arguments: Any) -> Json:
        """Raises ControlError."""
        request = urllib.request.Request(  # noqa: S310 - a loopback address of our own
            f"{self._url}{verb}",
            data=json.dumps(arguments).encode(),
            headers={"Authorization": f"Bearer {self._token}"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN) as answer:  # noqa: S310
                found: Json = json.loads(answer.read())
                return found
        except urllib.error.HTTPError as error:
            with error:
                told = json.loads(error.read() or b"{}").get("error", error.reason)
            raise ControlError(told) from None
