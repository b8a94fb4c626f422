"""AWS clients with bounds: every call ends, and is retried a bounded number of times.

Of botocore alone: boto3 would add its resources and file transfers, which no function uses, to
every start.

What AWS still throttles after that becomes `TryAgain`, and the function's caller tries again later:
the workflow by its retries, people after a 429.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from threading import Lock
from typing import Any

from botocore import __version__
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import ClientError
from botocore.session import Session

from pam.domain.errors import TryAgain

_SAYS = f"Botocore/{__version__} app/mod046-pam"
"""Who calls. Made here once: put together anew by botocore for each call, it takes a third of the
processor time of a read.
"""
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    # At most 7 s of pauses a call, so that a function answers within API Gateway's 29 s.
    retries={"mode": "standard", "total_max_attempts": 4},
    user_agent=_SAYS,
)
ONE_TRY = Config(
    connect_timeout=2,
    read_timeout=14,
    retries={"total_max_attempts": 1},
    max_pool_connections=32,
    user_agent=_SAYS,
)
"""For what somebody waits for who must be answered within 20 s, done or not."""
PATIENT = Config(
    connect_timeout=2,
    # Longer than any function runs that a function waits for (pam.domain.kinds.VENDOR_CALL).
    read_timeout=25,
    retries={"total_max_attempts": 1},
    user_agent=_SAYS,
)
"""For a call that another function makes at a vendor: what became of it, its answer alone says."""
FOR_VENDORS = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"total_max_attempts": 1},
    user_agent=_SAYS,
)
"""For calls that change something at a vendor, and must not land long after they were given up."""
_HURRIED = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
    user_agent=_SAYS,
)
_PACE: ContextVar[Config] = ContextVar("pace", default=_CONFIG)
_MAKING = Lock()
"""Clients may be shared by threads; making two of them at once is what a session does not bear."""
_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_THROTTLED_ITEMS = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})


class AwsThrottled(ClientError, TryAgain):  # type: ignore[misc]
    """Adapters see a ClientError like any other; everybody else sees that nobody is at fault.
    The workflow retries by the name of this class (`names.THROTTLED`).
    """


@contextmanager
def hurried() -> Iterator[None]:
    """Clients that are made within give up soon: for a door whose callers wait for three seconds,
    and would rather press again.
    """
    before = _PACE.set(_HURRIED)
    try:
        yield
    finally:
        _PACE.reset(before)


def client(service: str, *, config: Config | None = None, **kwargs: Any) -> Any:
    """A client of the function's own role; made when it is first needed, not at import."""
    with _MAKING:
        made = _session().create_client(service, config=config or _PACE.get(), **kwargs)
    made.meta.events.register_first("needs-retry.dynamodb", _name_throttled_transaction)
    made.meta.events.register_last("after-call", _raise_throttled)
    return made


def client_in_role(role_arn: str, service: str, *, config: Config, **kwargs: Any) -> Any:
    """The same in another role, which is taken anew in time; empty: in the function's own."""
    if not role_arn:
        return client(service, config=config, **kwargs)
    fetcher = AssumeRoleCredentialFetcher(
        client_creator=_session().create_client,
        source_credentials=credentials(),
        role_arn=role_arn,
        extra_args={"RoleSessionName": "mod046-pam"},
    )
    with _MAKING:
        taken = Session()
        taken._credentials = DeferredRefreshableCredentials(  # noqa: SLF001 - as botocore does it
            refresh_using=fetcher.fetch_credentials, method="assume-role"
        )
        made = taken.create_client(service, config=config, **kwargs)
    made.meta.events.register_last("after-call", _raise_throttled)
    return made


def credentials() -> Any:
    """The credentials of the function's own role, for what is signed without a client."""
    return _session().get_credentials()


@cache
def _session() -> Session:
    """What all clients have in common: the function's credentials and the service models."""
    return Session()


def _name_throttled_transaction(response: Any, **_: Any) -> None:
    """DynamoDB cancels a transaction of which one item is throttled, and boto3 retries no cancelled
    one. By its proper name it does; a condition that does not hold is still told as such.
    """
    parsed: dict[str, Any] = response[1] if response else {}
    reasons = {reason.get("Code", "None") for reason in parsed.get("CancellationReasons", [])}
    if reasons & _THROTTLED_ITEMS and reasons <= _THROTTLED_ITEMS | {"None"}:
        parsed["Error"]["Code"] = "ThrottlingException"


def _raise_throttled(parsed: Any, model: Any, **_: Any) -> None:
    if parsed.get("Error", {}).get("Code") in _THROTTLES:
        raise AwsThrottled(parsed, model.name)
