"""The notices that are about a person, and about no session."""

from pam.domain import timestamps
from pam.domain.block import Block
from pam.domain.links import Link
from pam.domain.pictures import Occasion, Picture
from pam.domain.relative_times import shown


def operator_blocked(block: Block) -> Picture:
    """To be sent when the block is made."""
    where = f" on {block.resource}" if block.resource else ""
    until = "lifted" if block.until is None else shown(block.until, block.since)
    return Picture(
        occasion=Occasion.OPERATOR_BLOCKED,
        subject=f"TIER 1: operator {block.person} is blocked",
        headline=(
            f"{block.person} is blocked{where} until {until}, by {block.by}.",
            "Until then this person can revoke, block and erase nothing. If it was not meant, "
            "another operator lifts it.",
        ),
        commands=(
            ("blocklist", "list"),
            ("blocklist", "lift", block.person, "--reason", "blocked by mistake"),
        ),
        facts={
            "person": block.person,
            "blocked_by": block.by,
            "resource": block.resource,
            "until": timestamps.render(block.until) if block.until else None,
        },
    )


def principal_linked(link: Link, display: str, team: str) -> Picture:
    """For the person, and for operators; to be sent when the link is made."""
    place = f" ({display} of {team})" if display and team else ""
    return Picture(
        occasion=Occasion.PRINCIPAL_LINKED,
        subject=f"{link.principal} is {link.person}'s from now on",
        headline=(
            f"{link.accepted_by} has linked {link.principal}{place} to {link.person}.",
            f"It votes from {shown(link.votes_from, link.linked_at)}. "
            "If it was not meant, undo it.",
        ),
        commands=(("unlink", link.principal),),
        facts={
            "person": link.person,
            "principal": link.principal,
            "linked_by": link.accepted_by,
            "votes_from": timestamps.render(link.votes_from),
        },
        to=link.person,
    )
