"""Puts the parts together, as the process has them."""

import random
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace

import botocore.session

from slack_socket.address import Addresses
from slack_socket.connection import SlackConnection
from slack_socket.forwarding import AT_ONCE
from slack_socket.health import HealthFile
from slack_socket.host import Host
from slack_socket.keeper import Keeper, Slack
from slack_socket.recovery import Recovery
from slack_socket.route import Route
from slack_socket.settings import Settings
from slack_socket.timing import Timing

_TIMING = Timing()


class Unusable(Exception):
    """What the host needs is not there."""


def build(settings: Settings, timing: Timing = _TIMING) -> Host:
    """Raises Unusable."""
    credentials = botocore.session.get_session().get_credentials()
    if credentials is None:
        message = "there are no credentials of AWS"
        raise Unusable(message)
    clock = time.monotonic
    if settings.stagger is not None:
        timing = replace(timing, stagger=settings.stagger)
    route = Route(
        url=settings.socket_url,
        region=settings.region,
        credentials=credentials,
        answer_within=timing.answer_within,
        clock=clock,
        at_once=AT_ONCE,
    )
    tls = ssl.create_default_context()
    addresses = Addresses(settings, tls)
    # What a jitter is drawn from is no secret; a generator of the process's own all the same.
    chance = random.SystemRandom().random

    def keepers(host: Host) -> Sequence[Keeper]:
        # Connections of one process come one after another, and processes that begin together
        # do not open their first ones together.
        first_after = timing.stagger * chance()

        def connection(url: str) -> SlackConnection:
            return SlackConnection(
                url,
                heard=host.heard,
                clock=clock,
                ping_interval=timing.ping_interval,
                tls=tls,
            )

        def keeper(number: int) -> Keeper:
            begins_after = first_after + number * timing.stagger
            recovery = Recovery(timing, now=clock() + begins_after, chance=chance)
            return Keeper(
                number,
                Slack(next_address=addresses.next, connection=connection),
                timing=timing,
                recovery=recovery,
                clock=clock,
                finish=host.finish,
                begins_after=begins_after,
            )

        return [keeper(number) for number in range(settings.connections)]

    return Host(
        route,
        keepers=keepers,
        health=HealthFile(settings.health_file),
        timing=timing,
        clock=clock,
    )
