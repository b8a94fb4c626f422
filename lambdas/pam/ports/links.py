"""Links between a person and their principals on other surfaces, and the codes that make them."""

from datetime import datetime
from typing import Protocol

from pam.domain.audit_record import Record
from pam.domain.links import Link, ShownCode


class ShownCodes(Protocol):
    """Codes, kept by the surface that shows them."""

    def shown(self, digest: str) -> ShownCode | None:
        """The code with that hash, if its principal was shown no newer one; over or not."""


class KnownLinks(Protocol):
    """The links that people made, as whoever acts on them may believe them: whatever else lies in
    the table is none. Raises IssuerUnavailable if that cannot be told now.
    """

    def of_principal(self, principal: str) -> Link | None: ...

    def of_person(self, person: str) -> list[Link]: ...


class CodeKeeper(Protocol):
    def show(self, code: ShownCode) -> None:
        """Keeps the code, and voids any other of its principal."""


class Links(Protocol):
    """Every read is consistent."""

    def of_principal(self, principal: str) -> Link | None: ...

    def of_person(self, person: str) -> list[Link]: ...

    def is_used(self, code: ShownCode) -> bool: ...

    def add(self, link: Link, code: ShownCode, record: Record) -> None:
        """With its record, and the code used up. Raises StaleSession if the code is used already,
        if the principal is another person's, or if the person has another principal of its place.
        """

    def remove(self, link: Link, record: Record) -> None:
        """With its record. Raises StaleSession if the link is no longer what it was."""

    def is_undone(self, event_id: str) -> bool:
        """Whether there is a record of that id: of a link's end, which says that it was undone."""

    def wrong_codes(self, person: str, since: datetime) -> int:
        """How many this person has handed in since then."""

    def note_wrong_code(self, person: str, try_id: str) -> None:
        """`try_id`: a ULID of now."""
