"""An operator takes a person off the blocklist."""

from dataclasses import replace

from pam.domain.audit_record import RecordType
from pam.domain.block import Block, Blocklist
from pam.domain.errors import NotEligible, NotFound
from pam.operations.call import Call
from pam.operations.change_blocklist import change_blocklist, check_operator, check_unblocked
from pam.policy.cedar import CedarPolicy


def lift_block(principal: str, resource: str | None, reason: str, call: Call) -> list[Block]:
    """Takes a person off the list, or off one resource's. Raises NotEligible, Blocked, NotFound.

    The person may be named by what the list says, so that one who is nobody any more can be named.
    """
    operator = check_operator(call)
    lifted: list[Block] = []

    def decide(listed: Blocklist) -> Block | None:
        check_unblocked(operator, listed, call.now)
        person = _name(principal, listed, call.policy)
        if person == operator.name:
            message = "nobody lifts a block of their own"
            raise NotEligible(message)
        for found in listed.blocks:
            wanted = found.person == person and resource in {None, found.resource}
            if wanted and found.stands(call.now):
                return replace(
                    found, lifted_at=call.now, lifted_by=call.caller.principal, lift_reason=reason
                )
        return None

    while one := change_blocklist(RecordType.UNBLOCKED, decide, call):
        lifted.append(one)
    if not lifted:
        message = f"{principal} is not blocked" + (f" on {resource}" if resource else "")
        raise NotFound(message, recorded="whoever was named is not blocked there")
    return lifted


def _name(principal: str, listed: Blocklist, policy: CedarPolicy) -> str:
    for found in listed.blocks:
        if principal in {found.person, found.principal}:
            return found.person
    return policy.identities.named(principal) or principal
