"""Slack's tokens and its signing secret, in Secrets Manager: each a plain text, read once a process
and again when Slack takes it no more; never for each call.
"""

from threading import Lock
from typing import Any


class EmptySecret(ValueError):
    """Nobody has put anything in: with an empty secret everybody could sign."""


class SlackSecretText:
    """Implements `slack_web.client.Token`. May be shared by threads."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name
        self._reading = Lock()
        self._value = ""

    def value(self) -> str:
        """Raises EmptySecret."""
        with self._reading:
            if not self._value:
                self._value = self._read()
            return self._value

    def renewed(self) -> str:
        """As it is now. Raises EmptySecret."""
        with self._reading:
            self._value = self._read()
            return self._value

    def _read(self) -> str:
        answer = self._client.get_secret_value(SecretId=self._name)
        text = str(answer.get("SecretString") or "").strip()
        if not text:
            message = f"the secret {self._name} is empty"
            raise EmptySecret(message)
        return text
