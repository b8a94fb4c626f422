"""`kind: door-badge` in the catalogue."""

from typing import Literal

from pam.policy.fields import IssuerEntry, Name


class Entry(IssuerEntry):
    kind: Literal["door-badge"]
    site: Name
    door: Name
    portal: str = ""

    def fault(self) -> str | None:
        return "a site has no door to itself" if self.door == self.site else None
