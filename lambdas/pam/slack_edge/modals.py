"""A modal that opens at once, and is filled afterwards.

Slack takes the click's trigger for three seconds, and once. So the view that says "Loading…" is
opened while Slack is asked who clicked: it holds nothing yet that is for anybody.
"""

from functools import partial

from pam.side_by_side import side_by_side
from pam.slack import modal
from pam.slack.clicker import Clicker
from pam.slack_edge.budget import OutOfTime
from pam.slack_edge.front import Asker, Handling
from pam.slack_edge.gates import ask_in, check_team
from pam.slack_web.errors import SlackFailed

_LONGEST_OPENING = 1.8
"""Seconds."""
_SPARE = 0.2


class NotOpened(Exception):
    """Slack did not open it. Nothing was done; the person can press again."""


def open_and_ask(
    clicker: Clicker,
    handling: Handling,
    trigger_id: str,
    callback_id: str,
    *,
    channel: str = "",
    session_id: str = "",
) -> Asker:
    """Raises Unheard; NotOpened if there is no modal to tell anything in."""
    check_team(clicker, handling)
    opening = partial(_opened, handling, trigger_id, callback_id, session_id)
    asking = partial(ask_in, clicker, handling, channel=channel, session_id=session_id)
    _, asker = side_by_side(opening, asking)
    if not handling.view_id:
        raise NotOpened
    return asker


def _opened(handling: Handling, trigger_id: str, callback_id: str, session_id: str) -> None:
    """Without a view there is nothing to fill, and whoever asked says so."""
    view = modal.loading(callback_id, session_id)
    try:
        timeout = min(handling.budget.left(spare=_SPARE), _LONGEST_OPENING)
        answer = handling.front.slack().call(
            "views.open", {"trigger_id": trigger_id, "view": view.body}, timeout=timeout
        )
    except (SlackFailed, OutOfTime):
        return
    opened = answer.get("view")
    view_id = opened.get("id") if isinstance(opened, dict) else None
    handling.view_id = view_id if isinstance(view_id, str) else ""
