"""A standing kind whose vendor's power lies in two functions of its own: one makes access, the
other takes it.

Asked and waited for, once: Lambda repeats no call that is waited for. A message says which session,
or which target; what is to be done for it the function reads in the store. To make access it takes
a proof besides, by the one key that the activator alone may sign with, of this very call: it is
void when the call is over.
"""

import json
from datetime import datetime
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

from pam.aws import vendor_answers
from pam.aws.vendor_answers import Plain
from pam.domain import messages, proofs, timestamps
from pam.domain.errors import IssuerUnavailable, TryAgain, Unreached
from pam.domain.kinds import Kind
from pam.domain.messages import TargetAct
from pam.domain.resource import Target
from pam.domain.session import Session
from pam.domain.standing import LONGEST_CALL
from pam.names import VendorPower, vendor_function_name
from pam.ports.proofs import Signer
from pam.ports.targets import Receipt

_NOTHING_RAN = frozenset({"AccessDeniedException", "ResourceNotFoundException"})


class VendorFunctions:
    """Implements `ports.targets.StandingTarget`. `there`: whether this deployment has the vendor's
    functions. `signer` is the activator's; None: this function makes no access.
    """

    def __init__(
        self, client: Any, *, kind: Kind, env_name: str, there: bool, signer: Signer | None
    ) -> None:
        self._client = client
        self._kind = kind
        self._env_name = env_name
        self._there = there
        self._signer = signer

    def stands(self, session: Session) -> bool:
        """Asked before access is made, and by nobody else."""
        message = messages.SeeAccess(session_id=session.session_id)
        return self._ask(VendorPower.ISSUE, message, session.session_id) is True

    def make(self, session: Session, now: datetime) -> datetime | None:
        if self._signer is None:
            message = "this function makes no access"
            raise Unreached(message)
        until = now + LONGEST_CALL
        message_of_call = messages.MakeAccess(
            session_id=session.session_id,
            until=timestamps.render(until),
            proof=self._signer.sign(proofs.of_making(session, until)),
        )
        done = self._ask(VendorPower.ISSUE, message_of_call, session.session_id)
        return vendor_answers.instant(done)

    def unmake(self, session: Session, now: datetime) -> Receipt:
        del now
        message = messages.UnmakeAccess(session_id=session.session_id)
        done = self._settled(VendorPower.REVOKE, message, session.session_id)
        return vendor_answers.receipt(done)

    def clear_traces(self, session: Session, now: datetime) -> None:
        del now
        message = messages.ClearAccess(session_id=session.session_id)
        self._settled(VendorPower.REVOKE, message, session.session_id)

    def sessions_at(self, target: Target) -> list[str]:
        return vendor_answers.texts(self._at_target(TargetAct.SESSIONS, target))

    def standing_at(self, target: Target) -> list[str]:
        return vendor_answers.texts(self._at_target(TargetAct.STANDING, target))

    def tidy(self, target: Target, now: datetime) -> None:
        del now
        self._at_target(TargetAct.TIDY, target)

    def keep(self, target: Target, now: datetime) -> dict[str, datetime]:
        del now
        return vendor_answers.instants(self._at_target(TargetAct.KEEP, target))

    def undone_at(self, target: Target) -> dict[str, datetime]:
        return vendor_answers.instants(self._at_target(TargetAct.UNDONE, target))

    def strangers(self, target: Target, now: datetime) -> list[str]:
        del now
        return vendor_answers.texts(self._at_target(TargetAct.STRANGERS, target))

    def _at_target(self, act: TargetAct, target: Target) -> Plain:
        message = messages.AtTarget(act=act.value, target=target.label)
        return self._settled(VendorPower.REVOKE, message)

    def _settled(self, power: VendorPower, message: Any, session_id: str = "") -> Plain:
        """Of what nobody waits to be tried again: what is not done now failed."""
        try:
            return self._ask(power, message, session_id)
        except TryAgain as busy:
            raise IssuerUnavailable(str(busy)) from busy

    def _ask(self, power: VendorPower, message: Any, session_id: str = "") -> Plain:
        if not self._there:
            raise self._not_there()
        payload = json.dumps(messages.event_of(message)).encode()
        function = vendor_function_name(self._env_name, self._kind.name, power)
        try:
            answer = self._client.invoke(FunctionName=function, Payload=payload)
            document = json.loads(answer["Payload"].read())
        except TryAgain:
            # Lambda had no room for the call: nothing of it ran.
            raise
        except (ClientError, BotoCoreError, ValueError) as error:
            raise _unanswered(function, error) from error
        if answer.get("FunctionError"):
            text = f"{function} failed; its own log says why"
            raise IssuerUnavailable(text)
        return vendor_answers.read(document, session_id)

    def _not_there(self) -> Unreached:
        vendor = self._kind.vendor
        message = (
            f"this deployment has no functions for {self._kind.name}: whoever deploys PAM adds "
            f'"{vendor}" to its environment in cdk.json, and deploys'
        )
        return Unreached(message)


def _unanswered(function: str, error: Exception) -> IssuerUnavailable:
    """Unreached where nothing can have run, and so nothing was asked of the vendor."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    never = (
        isinstance(error, (ConnectTimeoutError, EndpointConnectionError)) or code in _NOTHING_RAN
    )
    text = f"{function} did not answer: {code or type(error).__name__}"
    return Unreached(text) if never else IssuerUnavailable(text)
