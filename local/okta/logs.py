"""The call that reads the System Log."""

from datetime import datetime

from local.okta.answers import Answer, api_error
from local.okta.asked import Asked
from local.okta.system_log import BadFilter, filter_of


def list_events(asked: Asked) -> Answer:
    """Oldest first, from `since` and before `until`; what is newer than the lag is not told yet."""
    try:
        wanted = filter_of(asked.query.get("filter", ""))
        since = _time(asked.query.get("since"), 0.0)
        until = _time(asked.query.get("until"), asked.now + 1)
    except (BadFilter, ValueError) as error:
        raise api_error("E0000001", str(error)) from None
    told_until = asked.now - asked.faults.log_lag
    found = [
        event.content
        for event in asked.log.events
        if since <= event.at < until and event.at <= told_until and wanted(event.content)
    ]
    return asked.page(found, usual=100, most=1000)


def _time(said: str | None, usual: float) -> float:
    return usual if said is None else datetime.fromisoformat(said).timestamp()
