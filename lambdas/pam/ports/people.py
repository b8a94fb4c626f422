"""Who is set going or told: the workflow, other functions, people."""

from typing import Protocol

from pam.domain.block import Block
from pam.domain.session import Session


class Workflow(Protocol):
    """The state machine that carries a session from request to end."""

    def execution_arn(self, session_id: str) -> str: ...

    def start(self, session: Session) -> None:
        """Raises IssuerUnavailable, or TryAgain, if it could not be started. Twice is harmless."""

    def approved(self, token: str) -> None:
        """Lets the waiting workflow go on. A token that is used up already is no error."""

    def refused(self, token: str, *, error: str, cause: str) -> None:
        """Ends the waiting workflow. A token that is used up already is no error."""

    def stop(self, session: Session, *, error: str, cause: str) -> None:
        """Ends the workflow wherever it is. One that is over already is no error."""


class Notifier(Protocol):
    def approval_needed(self, session: Session, resource_title: str) -> None: ...

    def break_glass(self, session: Session, resource_title: str) -> None: ...

    def confirmation_needed(self, session: Session, resource_title: str) -> None: ...

    def still_waiting(self, session: Session, resource_title: str) -> None: ...

    def ending_soon(self, session: Session, resource_title: str) -> None: ...

    def review_overdue(self, session: Session, resource_title: str) -> None: ...

    def operator_blocked(self, block: Block) -> None: ...


class Messenger(Protocol):
    """Asks the function that sends notices to look at a session; `tick` itself tells nobody."""

    def tell(self, session_id: str) -> None: ...


class Closer(Protocol):
    """Asks the revocation function to look at a session (least privilege: `tick` cannot revoke)."""

    def look_at(self, session_id: str) -> None: ...
