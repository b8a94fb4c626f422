"""Who is set going or told: the workflow, other functions, people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pam.domain.pictures import Picture
from pam.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution of the approval workflow as Step Functions itself describes it: nobody can claim
    these. `input` is what it was started with, as JSON.
    """

    arn: str
    started_at: datetime
    input: str
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an execution cannot go on, by its own history."""

    error: str
    cause: str


class Waiting(Protocol):
    """A workflow that waits for its answer. A token that is used up already is no error."""

    def approved(self, token: str) -> None:
        """Lets it go on."""

    def refused(self, token: str, *, error: str, cause: str) -> None:
        """Ends it."""


class Workflow(Waiting, Protocol):
    """The state machine that carries a session from request to end."""

    def execution_arn(self, session_id: str) -> str: ...

    def start(self, session: Session) -> None:
        """Raises IssuerUnavailable, or TryAgain, if it could not be started. Twice is harmless."""

    def stop(self, session: Session, *, error: str, cause: str) -> None:
        """Ends the workflow wherever it is. One that is over already is no error."""

    def waits(self, token: str) -> bool:
        """Whether a task of this workflow waits for its token at this moment."""


class Executions(Protocol):
    """What Step Functions says of executions of the approval workflow; no message can say it."""

    def describe(self, execution_arn: str) -> Execution:
        """Raises NoSuchExecution if there is none of this workflow, or none yet."""

    def failure(self, execution_arn: str) -> Failure | None:
        """What brought the execution into the closing state that it is in; None if it is in none.
        Raises NoSuchExecution.
        """


class Notifier(Protocol):
    def show(self, picture: Picture) -> None:
        """Shows it to those who listen. Raises if it could not be sent."""


class Messenger(Protocol):
    """Asks the function that sends notices to look at a session; `tick` itself tells nobody."""

    def tell(self, session_id: str) -> None: ...


class Closer(Protocol):
    """Who does the end of a session that is decided. A door decides, and can itself end nothing."""

    def end_decided(self, session_id: str) -> None:
        """Waits for it, though not for long. Raises IssuerUnavailable if it is not known to be
        done: the store says how far it came, and the tick goes on.
        """
