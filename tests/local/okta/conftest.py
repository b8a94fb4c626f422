"""An Okta for each test, with a clock that stands still, and a caller that is signed in."""

import pytest

from local.okta.service import Okta
from tests.local.okta.calling import Caller, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def okta(clock: Clock) -> Okta:
    return Okta(clock)


@pytest.fixture
def caller(okta: Okta) -> Caller:
    return Caller(okta=okta).sign_in()
