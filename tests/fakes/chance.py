"""Ids and secrets that are the same whenever the same is done from the same beginning."""

import base64
import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import pytest
from ulid import ULID


@dataclass
class Chance:
    began_with: str = ""
    drawn: int = 0

    def begin(self, what: str) -> None:
        """From here on as each time that `what` begins."""
        self.began_with, self.drawn = what, 0

    def bytes(self, count: int | None = None) -> bytes:
        self.drawn += 1
        return hashlib.sha512(f"{self.began_with}/{self.drawn}".encode()).digest()[: count or 32]

    def id(self, now: datetime) -> ULID:
        milliseconds = int(now.timestamp() * 1000)
        return ULID(milliseconds.to_bytes(6, "big") + self.bytes(10))

    def hex(self, count: int | None = None) -> str:
        return self.bytes(count).hex()

    def text(self, count: int | None = None) -> str:
        return base64.urlsafe_b64encode(self.bytes(count)).rstrip(b"=").decode()


CHANCE = Chance()


@contextmanager
def chance_is_known() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ULID, "from_datetime", CHANCE.id)
        patch.setattr(secrets, "token_bytes", CHANCE.bytes)
        patch.setattr(secrets, "token_hex", CHANCE.hex)
        patch.setattr(secrets, "token_urlsafe", CHANCE.text)
        yield
