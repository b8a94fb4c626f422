"""PAM in Slack: what is typed, pressed and sent off there, by HTTP or by the socket's host.

Trigger: the API of its own, and nothing else: calls that Slack has signed, and the route that only
the role of the socket's host may call. May touch: the session table, the codes of links (show them;
links themselves it reads), the calls that it notes, what PAM remembers of Slack, the queue of what
is told there, Slack (who somebody is; open a modal), the approval workflow (start it, answer its
token), and the revocation (have it do an end that is decided). It reviews, blocks, revokes, links
and confirms nothing. A retry is safe: a delivery is known by its key, and what it does is done
once.
"""

from functools import cache, partial
from typing import Any

from pam import clock, wiring
from pam.domain.proofs import Maker
from pam.operations.open_session import Home
from pam.settings import SlackDoorSettings
from pam.slack.clicker import Workspaces
from pam.slack.shown import shown
from pam.slack_edge.front import Front
from pam.slack_edge.gateway import Entrance
from pam.slack_edge.serve import serve
from pam.slack_edge.signing import SecretVerifier


@cache
def settings() -> SlackDoorSettings:
    return SlackDoorSettings.from_env()


@cache
def entrance() -> Entrance:
    """Raises EmptySecret where calls come by HTTP and there is nothing to tell them by."""
    name = settings().slack_signing_secret
    verifier = SecretVerifier(wiring.slack_secret(name), read_at=clock.now()) if name else None
    return Entrance(verifier=verifier, socket_role=settings().slack_socket_role)


@cache
def front() -> Front:
    """Its clients give up soon: Slack waits three seconds."""
    own = settings()
    with wiring.hurried():
        # Its client; it is read when Slack is first called.
        wiring.slack_secret(own.slack_bot_token)
        return Front(
            entrance=entrance(),
            workspaces=Workspaces(
                team_ids=_several(own.slack_team_ids),
                enterprise_ids=_several(own.slack_enterprise_ids),
            ),
            commands=tuple(own.slack_commands.split(",")),
            reactions=own.slack_reactions == "on",
            home=Home(account=own.account, region=own.region),
            store=wiring.sessions(own.tables),
            policy=wiring.policy(),
            links=partial(wiring.proven_links, own.tables, own.door_key_arn),
            codes=wiring.link_codes(own.tables),
            signer=wiring.signer(Maker.SLACK, own.slack_key_arn),
            workflow=wiring.workflow(own.state_machine_arn),
            closer=wiring.starter(own.revoke_function),
            calls=wiring.calls(own.calls_table),
            noted=wiring.noted_acts(),
            facts=wiring.slack_facts(own.slack_table),
            deliveries=wiring.slack_deliveries(own.slack_table),
            cards=wiring.slack_cards(own.slack_table),
            queue=wiring.slack_queue(own.slack_queue_url),
            slack=partial(wiring.slack_web, own.slack_api_url, own.slack_bot_token),
            shown=shown,
            clock=clock.now,
        )


def _several(listed: str) -> frozenset[str]:
    return frozenset(filter(None, listed.split(",")))


def handler(event: object, context: Any) -> dict[str, Any]:
    return serve(front(), event)
