"""Operators and auditors see who is blocked."""

from datetime import datetime

from pam.domain.block import Block
from pam.domain.errors import NotEligible
from pam.domain.people import Caller
from pam.policy.cedar import CedarPolicy
from pam.ports.sessions import SessionStore


def list_blocks(
    *, caller: Caller, now: datetime, store: SessionStore, policy: CedarPolicy
) -> list[Block]:
    """Those in force, by name. Raises NotEligible."""
    if caller.person is None or not policy.may_inspect(caller.person).allowed:
        message = "no policy lets this principal see who is blocked"
        raise NotEligible(message)
    return [block for block in store.blocklist().blocks if block.stands(now)]
