"""Blocks as operators put and lift them, and operators whom the local policy does not have."""

from dataclasses import replace
from datetime import timedelta

from pam.domain.block import EVERYTHING, Block
from pam.domain.people import Caller, Person
from pam.domain.session import Session
from pam.operations.add_block import BlockOrder, add_block
from pam.operations.block_person import BlockTerms, block_requester
from pam.operations.lift_block import lift_block
from tests.fakes.story import Story, arn, caller

HOUR = timedelta(hours=1)


def operator(name: str, *more: str) -> Caller:
    """A second operator, or a person of several roles; the local people have one each."""
    person = Person(
        name=name,
        principal=arn(name),
        domain="bank-core",
        groups=(),
        roles=frozenset({"operators", *more}),
    )
    return replace(caller("sam"), principal=arn(name), person=person)


def put_block(
    story: Story,
    person: str = "alice",
    resource: str = EVERYTHING,
    length: timedelta | None = HOUR,
    by: Caller | None = None,
) -> Block:
    """On the list alone: what the person has open is not ended."""
    order = BlockOrder(
        person=person,
        principal=arn(person),
        resource=resource,
        until=None if length is None else story.now + length,
        reason="laptop stolen",
    )
    return add_block(
        order,
        story.call(by or caller("sam")),
    )


def block(
    story: Story,
    session_id: str,
    *,
    length: timedelta | None = HOUR,
    one_resource: bool = False,
    by: Caller | None = None,
) -> Session:
    return block_requester(
        session_id,
        BlockTerms(length=length, one_resource=one_resource, reason="laptop stolen"),
        story.call(by or caller("sam")),
        closer=story.closer,
        notifier=story.notifier,
    )


def lift(
    story: Story, who: str = "alice", resource: str | None = None, by: Caller | None = None
) -> list[Block]:
    return lift_block(
        who,
        resource,
        "laptop found",
        story.call(by or caller("sam")),
    )
