"""Whatever several people send, signed, the API answers as its description says, never with a
fault of its own, and no session changes for somebody without a right to it.
"""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.cast import Cast, Person
from local.state import ROOT

EXAMPLES = 10
"""For each person and each call: input that is right by the description, and input that is not."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
AIMED: Mapping[str, str] = {
    # Across domains for alice, who asks here: whatever else she sends, it stays pending.
    "resource": "kyc-documents-read",
    "reason": "long enough a reason",
    "comment": "",
    "ticket": "",
}
"""What a call is given that shall get past the reading of it."""

MAY_CHANGE: Mapping[str, frozenset[str]] = {
    "alice": frozenset(),
    "bob": frozenset({"dave's ledger"}),
    "sam": frozenset({"dave's ledger", "dave's sandbox", "kim's documents"}),
    "ada": frozenset(),
    "runbook": frozenset(),
}
"""Whose sessions each of them has a right to act upon: by a vote, or as an operator."""

DESCRIPTION: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
OPERATIONS = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations()
}


@pytest.fixture
def sessions(dave: Person, kim: Person) -> dict[str, str]:
    """Of people who send nothing here themselves."""
    found = {
        "dave's ledger": dave.request("core-ledger-admin")["session_id"],
        "dave's sandbox": dave.request("core-sandbox-admin")["session_id"],
        "kim's documents": kim.request("kyc-documents-read")["session_id"],
    }
    dave.wait_for(found["dave's sandbox"], "ACTIVE")
    return found


def cases(operation: Any, ids: list[str]) -> SearchStrategy[tuple[Any, str, bool]]:
    """A call, the session that it is aimed at if it names one, and whether to aim it at all."""
    made = [operation.as_strategy(generation_mode=GenerationMode.POSITIVE)]
    if operation.body or list(operation.iter_parameters()):
        made.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    return st.tuples(st.one_of(made), st.sampled_from(ids), st.booleans())


def aim(case: Any, session_id: str) -> None:
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict) and "session_id" in place:
            place["session_id"] = session_id
    if isinstance(case.body, dict):
        case.body |= {name: value for name, value in AIMED.items() if name in case.body}


def send(case: Any, person: Person, web: requests.Session) -> requests.Response:
    about = person.cast.about
    wanted = requests.Request(**case.as_transport_kwargs(base_url=about["api_url"])).prepare()
    signed = AWSRequest(wanted.method, wanted.url, data=wanted.body or b"")
    SigV4Auth(person.credentials, "execute-api", about["region"]).add_auth(signed)
    wanted.headers.update(dict(signed.headers))
    return web.send(wanted, timeout=30)


@pytest.mark.parametrize("name", MAY_CHANGE)
def test_whatever_is_sent_is_answered_as_described_and_changes_nothing_without_a_right(
    cast: Cast, ada: Person, sessions: dict[str, str], name: str
) -> None:
    before = {what: ada.session(session_id) for what, session_id in sessions.items()}
    web, person, answered = requests.Session(), cast.person(name), Counter[int]()

    def probe(operation: Any) -> None:
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(cases(operation, list(sessions.values())))
        def holds(drawn: tuple[Any, str, bool]) -> None:
            case, session_id, aimed = drawn
            if aimed:
                aim(case, session_id)
            answer = send(case, person, web)
            answered[answer.status_code] += 1
            case.validate_response(answer, checks=CHECKS)

        holds()

    for operation in OPERATIONS.values():
        probe(operation)
    after = {what: ada.session(session_id) for what, session_id in sessions.items()}
    changed = {what for what in sessions if after[what] != before[what]}
    assert changed <= MAY_CHANGE[name]
    assert (200 in answered) == (name != "runbook"), answered
