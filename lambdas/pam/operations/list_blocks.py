"""Operators and auditors see who is blocked."""

from pam.domain.block import Block
from pam.domain.errors import NotEligible
from pam.operations.call import Call


def list_blocks(call: Call) -> list[Block]:
    """Those in force, by name. Raises NotEligible."""
    person = call.person()
    if not call.policy.may_inspect(person).allowed:
        message = "no policy lets this principal see who is blocked"
        raise NotEligible(message)
    return [block for block in call.store.blocklist().blocks if block.stands(call.now)]
