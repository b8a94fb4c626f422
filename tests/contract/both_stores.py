"""For suites that run twice: on the store that operations are tested with and on the deployed one,
so that the stand-in cannot drift from the real one. They import the fixture.
"""

import pytest

from pam.aws.dynamodb_sessions import DynamoDbSessions
from pam.ports.sessions import SessionStore
from tests.contract.conftest import TABLES
from tests.fakes.world import FakeStore


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> SessionStore:
    if request.param == "fake":
        return FakeStore()
    return DynamoDbSessions(request.getfixturevalue("table"), TABLES)
