"""What each function may load of others' packages, at its import and by its first answer.

Held as data, so that nobody gives the tick a web framework by an import in a module that it shares
with the door. The functions run from their own bundles, each in a process of its own; what they
answer is looked at, too (`local/bench/cold_functions.py`).
"""

from collections.abc import Iterator

import pytest

from local.bench.cold_functions import Act, ColdFunctions, Run, acts
from local.bench.cold_starts import Shipped
from local.bench.small_aws import SmallAws
from stacks.bundle_contents import NEEDS

pytestmark = pytest.mark.enable_socket

ALWAYS = {"aws_lambda_powertools", "botocore", "dateutil", "jmespath", "six", "typing_extensions"}
ALWAYS |= {"ulid", "urllib3"}
AT_IMPORT: dict[str, set[str]] = {
    "admit_request": {"pydantic_core"},
    "issue_credentials": {"pydantic_core"},
    "request_api": {"pydantic_core"},
    "slack_door": {"pydantic_core"},
    "witness_log": {"cryptography", "_cffi_backend"},
}
"""By handler, beside what all may load; one that is not here loads no more."""
BY_THE_FIRST_ANSWER: dict[str, set[str]] = {
    "activate_session": {"cedarpy"},
    "issue_credentials": {"cedarpy"},
    "issue_okta_group": {"cryptography", "_cffi_backend"},
    "revoke_okta_group": {"cryptography", "_cffi_backend"},
    "request API: poll of a session": {"cedarpy"},
    "request API: request": {"cedarpy"},
    "rotate_secret": {"psycopg", "psycopg_binary"},
    # Slack's client only where Slack is to be asked.
    "slack_door": {"cedarpy"},
}
"""By act, beside that."""


@pytest.fixture(scope="module")
def aws() -> Iterator[SmallAws]:
    with SmallAws().open() as aws:
        yield aws


@pytest.fixture(scope="module")
def night(aws: SmallAws, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Act, Run]]:
    functions = ColdFunctions(aws, Shipped(tmp_path_factory.mktemp("shipped")).folder)
    runs = {}
    for name, act in acts(functions, aws).items():
        with aws.holding(act.kept):
            runs[name] = (act, functions.run(act))
    return runs


def test_a_start_loads_no_more_of_others_than_its_function_needs(
    night: dict[str, tuple[Act, Run]], aws: SmallAws
) -> None:
    assert {act.handler for act, _ in night.values()} == set(NEEDS)
    for name, (act, run) in night.items():
        at_import = ALWAYS | AT_IMPORT.get(act.handler, set())
        assert run.packages_at_import <= at_import, name
        assert run.packages <= at_import | BY_THE_FIRST_ANSWER.get(name, set()), name
