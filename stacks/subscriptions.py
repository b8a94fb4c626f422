"""Who is subscribed to PAM's topics, as `notify` in cdk.json says it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

from pam.domain.pictures import About, Occasion
from pam.domain.resource import Resource

ATTRIBUTES = frozenset({"occasion", *(field.name for field in fields(About))})
"""Of messages, by which a subscription may be filtered."""
_PROTOCOLS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "https": re.compile(r"https://\S+"),
    "sqs": re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:[0-9]{12}:\S+"),
    "lambda": re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:\S+"),
}
"""By the form of an endpoint. Nothing else is taken: not plain http, and no text message, whose
readers SNS does not ask whether they want it."""
_OF_THE_CATALOGUE = ("environment", "domain", "resource", "kind")
_LISTS = "a filter is an object of lists of texts, as in {'domain': ['bank-core']}"


class Audience(StrEnum):
    """A topic, by who listens to it."""

    APPROVERS = "approvers"
    REQUESTERS = "requesters"
    TIER1 = "tier1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`filter`: by attribute, the values of which a message must have one; empty for every message.

    An alarm of CloudWatch has no attributes, so a filtered subscription never hears of one.
    """

    topic: Audience
    endpoint: str
    filter: Mapping[str, list[str]]

    @property
    def protocol(self) -> str:
        return next(name for name, form in _PROTOCOLS.items() if form.fullmatch(self.endpoint))

    @classmethod
    def of(cls, entry: object) -> Self:
        """Raises ValueError, in one line."""
        if not isinstance(entry, Mapping) or not {"topic", "endpoint"} <= set(entry):
            message = f"each is an object with topic and endpoint (and filter), not {entry!r}"
            raise ValueError(message)
        if unknown := sorted(set(entry) - {"topic", "endpoint", "filter"}):
            message = f"unknown key {unknown[0]!r} (known: topic, endpoint, filter)"
            raise ValueError(message)
        if entry["topic"] not in list(Audience):
            message = f"topic must be one of {', '.join(Audience)}, not {entry['topic']!r}"
            raise ValueError(message)
        endpoint = entry["endpoint"]
        if not any(form.fullmatch(str(endpoint)) for form in _PROTOCOLS.values()):
            message = (
                "endpoint must be a mail address, an https URL, or the ARN of a queue or function, "
                f"not {endpoint!r}"
            )
            raise ValueError(message)
        return cls(
            topic=Audience(entry["topic"]),
            endpoint=str(endpoint),
            filter=_filter(entry.get("filter", {})),
        )


def _filter(given: Any) -> dict[str, list[str]]:
    if not isinstance(given, Mapping):
        raise ValueError(_LISTS)  # noqa: TRY004 - a fault of a file, told like the others
    for name, values in given.items():
        if name not in ATTRIBUTES:
            message = f"filter: no message has {name!r} (known: {', '.join(sorted(ATTRIBUTES))})"
            raise ValueError(message)
        if not isinstance(values, list) or not values or not all(type(v) is str for v in values):
            raise ValueError(_LISTS)
    return dict(given)


def check_alarms_are_heard(subscriptions: tuple[Subscription, ...]) -> None:
    """Raises ValueError if all who listen to the Tier-1 topic filter, so that none hears alarms."""
    tier1 = [each for each in subscriptions if each.topic is Audience.TIER1]
    if tier1 and all(each.filter for each in tier1):
        message = (
            "every subscription of tier1 has a filter, and alarms have no attributes: one without "
            "a filter is needed, or nobody hears an alarm"
        )
        raise ValueError(message)


def check_values(subscriptions: tuple[Subscription, ...], resources: Iterable[Resource]) -> None:
    """Raises ValueError for a filter by a value that no message has: nobody would be told."""
    there: dict[str, set[str]] = {name: set() for name in _OF_THE_CATALOGUE}
    for resource in resources:
        for name, value in zip(_OF_THE_CATALOGUE, _values(resource), strict=True):
            there[name].add(value)
    there["occasion"] = set(Occasion)
    for each in subscriptions:
        for name, values in each.filter.items():
            unknown = sorted(set(values) - there[name]) if name in there else []
            if unknown:
                known = ", ".join(sorted(there[name]))
                message = f"filter: {name} {unknown[0]!r} is in no message (known: {known})"
                raise ValueError(message)


def _values(resource: Resource) -> tuple[str, ...]:
    return (
        resource.environment.value,
        resource.domain,
        resource.resource_id,
        resource.issuer_kind,
    )
