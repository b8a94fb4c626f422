"""Every way PAM says no. `docs/interface.md` has the codes; the edge makes HTTP answers of them."""

from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    VALIDATION = "VALIDATION"
    NOT_ELIGIBLE = "NOT_ELIGIBLE"
    SELF_APPROVAL = "SELF_APPROVAL"
    BLOCKED = "BLOCKED"
    STEP_UP = "STEP_UP"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    LIMIT = "LIMIT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    THROTTLED = "THROTTLED"
    ISSUER_UNAVAILABLE = "ISSUER_UNAVAILABLE"


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    message: str


class Refusal(Exception):
    """An act that is not done, with a stable code and a sentence a person can act upon.

    `session_id` is set where the refused act was aimed at an existing session, so that the refusal
    is recorded in that session's own trail. `policy_ids` names the policies that decided, if any;
    `sessions` those that are in the way. `recorded` is what the audit record says instead of
    `detail`, where that repeats what the caller sent: records stand for years. `step_up_command` is
    the command of `pam` by which the same person can do it with a stronger proof.
    """

    code: Code

    def __init__(
        self,
        detail: str,
        *,
        session_id: str | None = None,
        policy_ids: tuple[str, ...] = (),
        errors: tuple[FieldError, ...] = (),
        sessions: tuple[str, ...] = (),
        recorded: str = "",
        step_up_command: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.recorded = recorded or detail
        self.sessions = sessions
        self.session_id = session_id
        self.policy_ids = policy_ids
        self.errors = errors
        self.step_up_command = step_up_command


class Invalid(Refusal):
    code = Code.VALIDATION

    @classmethod
    def field(cls, field: str, message: str) -> "Invalid":
        return cls(f"{field}: {message}", errors=(FieldError(field, message),))


class NotEligible(Refusal):
    code = Code.NOT_ELIGIBLE


class Unproven(NotEligible):
    """What the store says of a session is not what the makers of its proofs signed."""


class SelfApproval(Refusal):
    code = Code.SELF_APPROVAL


class Blocked(Refusal):
    code = Code.BLOCKED


class StepUp(Refusal):
    """The same person may do it, by a stronger proof of who they are."""

    code = Code.STEP_UP


class NotFound(Refusal):
    code = Code.NOT_FOUND


class Conflict(Refusal):
    code = Code.CONFLICT


class ForeignAccess(Conflict):
    """The very access stands at the target already, and PAM has not made it: nothing was made."""


class LimitReached(Refusal):
    """One more than a person may have; `sessions` names those that they have."""

    code = Code.LIMIT


class IdempotencyMismatch(Refusal):
    code = Code.IDEMPOTENCY_MISMATCH


class Throttled(Refusal):
    code = Code.THROTTLED


class IssuerUnavailable(Refusal):
    """The target did not do what was asked, or did not answer. Nothing was granted by this call."""

    code = Code.ISSUER_UNAVAILABLE


class Unreached(IssuerUnavailable):
    """The same, and certain: nothing was sent to the target, so there is nothing to unmake."""


def code_of(error: str) -> Code | None:
    """The code of a Refusal by the name of its class, which is all that a workflow hears of it."""
    kinds = [
        *Refusal.__subclasses__(),
        *NotEligible.__subclasses__(),
        *Conflict.__subclasses__(),
        *IssuerUnavailable.__subclasses__(),
    ]
    return next((kind.code for kind in kinds if kind.__name__ == error), None)


class IllegalTransition(Exception):
    """A bug, not a refusal: code asked for a step that the life of a session does not have."""


class NotTheirs(Exception):
    """A bug, not a refusal: a key was to sign what its holder cannot vouch for."""


class StaleSession(Exception):
    """Someone else changed the session first: the conditional write was refused. Read again."""


class WitnessRefused(Exception):
    """The witness has seen another past of the log, or a later state of it. A person must look."""


class StaleHead(Exception):
    """Another call has sealed the log meanwhile; there is nothing left to do here."""


class NotYet(Exception):
    """The clock was asked to end a session before its time; the caller tries again later."""


class NoSuchExecution(Exception):
    """Step Functions knows no such execution of the approval workflow, or does not show it yet."""


class TryAgain(Exception):
    """Not done yet, and nobody's fault: the same call, made a little later, may go on."""
