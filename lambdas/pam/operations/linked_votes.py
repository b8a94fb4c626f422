"""Whether a principal that somebody linked may vote: not at once, and not for ever."""

from datetime import timedelta

from pam.domain import timestamps
from pam.domain.approval import Ballot
from pam.domain.errors import StepUp
from pam.domain.links import Link
from pam.domain.principals import is_permission_set
from pam.operations.call import Call


def check_link_votes(link: Link, ballot: Ballot, session_id: str, call: Call) -> None:
    """Raises StepUp while the link is new; and for an approval, where the link goes back to a
    permission set that has not signed a call for `links.proof_days`: whether somebody still has one
    only Identity Center knows, and it shows only in a signed call.
    """
    if call.now < link.votes_from:
        message = (
            f"{link.principal} was linked just now and votes from "
            f"{timestamps.render(link.votes_from)} on; vote by `pam approve {session_id}`"
        )
        raise StepUp(message, session_id=session_id, step_up_command=f"pam approve {session_id}")
    if ballot is Ballot.DENY or not is_permission_set(link.accepted_by):
        return
    days = call.policy.links.proof_days
    since = call.now - timedelta(days=days)
    acts = call.store.acts_of(link.person)
    if not any(act.principal == link.accepted_by and act.at >= since for act in acts):
        message = (
            f"{link.accepted_by} has signed no call for {days} days; sign one with it, by "
            "`pam whoami`, and vote again"
        )
        raise StepUp(message, session_id=session_id, step_up_command="pam whoami")
