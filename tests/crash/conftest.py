"""The real issuers, against targets in memory, without their pauses."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from hypothesis.internal.cache import LRUCache
from hypothesis.internal.conjecture import providers

from pam import side_by_side
from pam.domain.people import Person
from pam.policy.cedar import CedarPolicy, Decision
from pam.postgres import secret_issuer, user_issuer
from tests.crash.scene import PEOPLE, POLICY
from tests.fakes import story
from tests.fakes.chance import chance_is_known
from tests.fakes.targets import FakeServer, LentAccounts, SessionUsers


class Patience:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds


class OneAfterTheOther(Executor):
    """So that a crash is at the same call each time."""

    def __init__(self, workers: int) -> None:
        assert workers

    def submit(self, act: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        doing: Future[Any] = Future()
        try:
            doing.set_result(act(*given, **named))
        except BaseException as error:  # noqa: BLE001
            doing.set_exception(error)
        return doing


DECIDE = CedarPolicy._decide
DECIDED: dict[str, Decision] = {}


def remembered(
    policy: CedarPolicy,
    action: str,
    person: Person,
    resource: dict[str, Any],
    context: Mapping[str, object] | None = None,
) -> Decision:
    """The policies see no id of a session, so the same question has the same answer."""
    known = resource | {"uid": resource["uid"]["type"]}
    asked = [action, person.name, person.domain, sorted(person.roles), known, dict(context or {})]
    key = json.dumps(asked)
    if key not in DECIDED:
        DECIDED[key] = DECIDE(policy, action, person, resource, context)
    return DECIDED[key]


@pytest.fixture(autouse=True, scope="module")
def targets_in_memory() -> Iterator[None]:
    with chance_is_known(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(story, "COMPILED", PEOPLE)
        patch.setattr(story, "POLICY", POLICY)
        patch.setattr(CedarPolicy, "_decide", remembered)
        patch.setattr(user_issuer, "session_user", SessionUsers)
        patch.setattr(user_issuer, "check_powers", lambda *_: None)
        for issuer in (user_issuer, secret_issuer):
            patch.setattr(issuer, "check_room", lambda *_, **__: None)
        patch.setattr(secret_issuer, "lent_account", LentAccounts)
        patch.setattr(user_issuer, "verifier", lambda _server, _user, password: password)
        patch.setattr(secret_issuer, "set_password", FakeServer.set_password)
        patch.setattr(secret_issuer, "time", Patience())
        patch.setattr(side_by_side, "ThreadPoolExecutor", OneAfterTheOther)
        patch.setattr(time, "sleep", lambda _: None)
        yield


@pytest.fixture(autouse=True, scope="module")
def examples_hang_on_nothing_else() -> Iterator[None]:
    """Else Hypothesis tries constants of all modules that are loaded, so that which courses of
    events are gone through would change with every file that is added anywhere.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(providers, "CONSTANTS_CACHE", LRUCache(1024))
        patch.setattr(providers.HypothesisProvider, "_local_constants", providers.Constants())
        yield
