"""Makes what stands in Slack right: cards, their threads, and direct messages to requesters.

Trigger: its queue, in which each channel has a line of its own. May touch: sessions and records
(read), links (read), its own items of Slack's table, its queue, Slack by the bot's token; it writes
nothing of PAM's. A retry is safe: what was said is written down, and the rest is said.
"""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from aws_lambda_powertools import Logger

from pam import clock, wiring
from pam.metrics import count
from pam.names import SLACK_CHANNEL_LOST, SLACK_NOT_PAINTED, SLACK_WAITING
from pam.painting.addresses import SlackAddresses
from pam.painting.channels import CheckedChannels
from pam.painting.find import wake_all_in
from pam.painting.kept import KeptCards, KeptPaces
from pam.painting.painter import Painter
from pam.painting.posting import Post
from pam.painting.work_off import Left, Line, Waiting
from pam.settings import SlackPaintSettings
from pam.slack.clicker import Workspaces
from pam.slack.jobs import NoJob, from_text, group_of, to_text
from pam.slack_web.errors import Unreachable

_TIME_FOR_A_STEP_MS = 25_000
"""A step makes a few calls, and Slack may be silent for as long as the next says."""
_SILENT_FOR = 8.0
"""Seconds."""
_TIME_FOR_A_CALL_MS = 12_000
"""A function that is stopped in a call leaves its jobs away for six minutes."""

logger = Logger()


@cache
def settings() -> SlackPaintSettings:
    return SlackPaintSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answers which jobs shall come again; of a line, no later one comes before them."""
    receipts: dict[str, str] = {}
    sent: dict[str, float] = {}
    lines: dict[str, list[Waiting]] = {}
    for message in event["Records"]:
        waiting = _waiting(message)
        if waiting is not None:
            receipts[waiting.message_id] = message["receiptHandle"]
            sent[waiting.message_id] = int(message["attributes"]["SentTimestamp"]) / 1000
            lines.setdefault(group_of(waiting.job), []).append(waiting)
    line = _line(context)
    again: list[str] = []
    for jobs in lines.values():
        again += _put_back(line.work_off(jobs), receipts)
    if again:
        # SQS leaves what was tried three times out of its own measure of age.
        oldest = min(sent[message_id] for message_id in again)
        count(SLACK_WAITING, settings().env_name, max(0.0, clock.now().timestamp() - oldest))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in again]}


def _waiting(message: Mapping[str, Any]) -> Waiting | None:
    try:
        job = from_text(message["body"])
    except NoJob:
        logger.exception("no job", extra={"message_id": message["messageId"]})
        count(SLACK_NOT_PAINTED, settings().env_name)
        return None
    times = int(message["attributes"]["ApproximateReceiveCount"])
    return Waiting(message_id=message["messageId"], job=job, times=times)


def _put_back(left: Left, receipts: Mapping[str, str]) -> list[str]:
    queue = wiring.slack_queue(settings().slack_queue_url)
    for each in left.to_the_end:
        once = f"{each.message_id} once more"
        queue.put(to_text(each.job), group=group_of(each.job), once=once)
    if left.faults:
        count(SLACK_NOT_PAINTED, settings().env_name, len(left.faults))
    again = [each.message_id for each in left.waiting]
    if again:
        queue.put_back([receipts[message_id] for message_id in again], left.seconds)
    return again


def _line(context: Any) -> Line:
    own = settings()
    # An empty secret stops the function, and not one job after another.
    wiring.slack_secret(own.slack_bot_token).value()
    web = partial(_call, own, context)
    shelf = wiring.slack_cards(own.slack_table)
    policy, queue = wiring.policy(), wiring.slack_queue(own.slack_queue_url)
    cards = KeptCards(shelf=shelf, clock=clock.now)
    painter = Painter(
        store=wiring.sessions(own.tables),
        policy=policy,
        post=Post(
            clock=clock.now,
            cards=cards,
            paces=KeptPaces(shelf=shelf),
            web=web,
            late=partial(count, SLACK_WAITING, own.env_name),
        ),
        wake_all_in=partial(wake_all_in, cards=cards, queue=queue, now=clock.now()),
        count_fault=partial(count, SLACK_NOT_PAINTED, own.env_name),
        channels=CheckedChannels(
            clock=clock.now,
            web=web,
            facts=wiring.slack_facts(own.slack_table),
            queue=queue,
            told=shelf,
            operators=policy.slack_operators,
            count=partial(count, SLACK_CHANNEL_LOST, own.env_name),
        ),
        addresses=SlackAddresses(
            clock=clock.now,
            identities=policy.identities,
            links=wiring.proven_links(own.tables, own.door_key_arn),
            workspaces=Workspaces(
                team_ids=_listed(own.slack_team_ids),
                enterprise_ids=_listed(own.slack_enterprise_ids),
            ),
        ),
    )
    has_time = partial(_has_time, context)
    return Line(painter=painter, web=web, clock=clock.now, has_time=has_time)


def _call(
    own: SlackPaintSettings, context: Any, method: str, arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    if context.get_remaining_time_in_millis() < _TIME_FOR_A_CALL_MS:
        message = "no time is left to ask"
        raise Unreachable(message)
    slack = wiring.slack_web(own.slack_api_url, own.slack_bot_token)
    return slack.call(method, arguments, timeout=_SILENT_FOR)


def _has_time(context: Any) -> bool:
    return bool(context.get_remaining_time_in_millis() >= _TIME_FOR_A_STEP_MS)


def _listed(ids: str) -> frozenset[str]:
    return frozenset(ids.split(",")) if ids else frozenset()
