"""One organisation: signed requests, each tried again above its signature, never below it. Okta
takes no proof twice, so whatever is sent once more is signed once more, with Okta's latest nonce.
"""

import random
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from pam.okta.budget import Budget
from pam.okta.errors import Limited, Unanswered
from pam.okta.limits import is_nearly_empty, seconds_to_wait
from pam.okta.signing import ProofKey
from pam.okta.transport import Reply, Transport

Clock = Callable[[], datetime]
_PAUSES = (1.0, 2.0)
"""Seconds between tries of what Okta did not answer, or answered by a fault of its own."""
_MOST_PROOFS = 2
"""How often a request is signed anew because Okta wants another proof: mostly for its nonce."""
_LONGEST_NONCE = 512
_OF_A_PROOF = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})


class Connection:
    """`leave`: which part of each of Okta's limits is left to others; the makers of access leave
    room for the ends.
    """

    def __init__(self, base: str, *, transport: Transport, clock: Clock, leave: float) -> None:
        self.base = base
        self.clock = clock
        self._transport = transport
        self._leave = leave
        self._key = ProofKey()
        self._nonce = ""
        self._resting: dict[str, datetime] = {}

    def __repr__(self) -> str:
        return f"Connection({self.base!r})"

    def send(
        self,
        method: str,
        url: str,
        budget: Budget,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        token: str = "",
    ) -> Reply:
        """One request with a proof of its own. Raises Unanswered."""
        seconds = budget.request
        if not seconds:
            message = "there is no time left to ask"
            raise Unanswered(message)
        proof = self._key.proof(method, url, self.clock(), nonce=self._nonce, token=token)
        signed = {**headers, "DPoP": proof, "Accept": "application/json"}
        if token:
            signed["Authorization"] = f"DPoP {token}"
        reply = self._transport.send(method, url, headers=signed, body=body, timeout=seconds)
        nonce = reply.headers.get("dpop-nonce", "")
        if nonce.isascii() and nonce.isprintable() and 0 < len(nonce) <= _LONGEST_NONCE:
            self._nonce = nonce
        return reply

    def tried(self, attempt: Callable[[], Reply], budget: Budget) -> Reply:
        """What `attempt` is answered, which signs and sends one request. Raises Limited,
        Unanswered.
        """
        pauses, proofs = iter(_PAUSES), _MOST_PROOFS
        while True:
            try:
                reply, says = attempt(), ""
            except Unanswered as fault:
                reply, says = None, fault.says
            if reply is not None and proofs and _wants_another_proof(reply):
                proofs -= 1
                continue
            if reply is not None and _is_the_answer(reply):
                return reply
            limited = reply is not None and reply.status == HTTPStatus.TOO_MANY_REQUESTS
            wait = seconds_to_wait(reply.headers) if reply and limited else next(pauses, None)
            if wait is None or not budget.wait(wait + random.random()):  # noqa: S311 - no secret
                raise _fault(reply, says)

    def leave_room(self, kind: str, budget: Budget) -> None:
        """Before a call of a kind of which what is left may be needed for ends: waits until Okta
        takes as many again. Raises Limited.
        """
        wait = (self._resting.get(kind, self.clock()) - self.clock()).total_seconds()
        if wait > 0 and not budget.wait(wait):
            message = "Okta's limit is nearly reached, and what is left of it is for ends"
            raise Limited(message)

    def take_note(self, kind: str, reply: Reply) -> None:
        """How much Okta takes of this kind yet."""
        if is_nearly_empty(reply.headers, self._leave):
            self._resting[kind] = self.clock() + timedelta(seconds=seconds_to_wait(reply.headers))


def _is_the_answer(reply: Reply) -> bool:
    """Whatever it says: it is Okta's word, and not that Okta has none just now."""
    limited = reply.status == HTTPStatus.TOO_MANY_REQUESTS
    return not limited and reply.status < HTTPStatus.INTERNAL_SERVER_ERROR


def _fault(reply: Reply | None, says: str) -> Limited | Unanswered:
    if reply is not None and reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Limited(f"Okta takes no call for another {seconds_to_wait(reply.headers):.0f} s")
    return Unanswered(f"Okta did not answer: {says or f'status {reply.status if reply else 0}'}")


_NOT_THIS_PROOF = re.compile(rb"\b(?:use_dpop_nonce|invalid_dpop_proof)\b")


def _wants_another_proof(reply: Reply) -> bool:
    """The token endpoint says so in its answer, the API in a header."""
    if reply.status not in _OF_A_PROOF:
        return False
    said = reply.headers.get("www-authenticate", "").encode(errors="replace")
    return any(_NOT_THIS_PROOF.search(text) is not None for text in (reply.body, said))
