"""Whatever several people send, signed, the API answers as its description says, never with a
fault of its own, and each call changes what its sender has the right to change by it, or nothing.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, assume, given, settings
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
from tests.e2e.people import CORE_APPROVERS, ENGINEERS, KYC_APPROVERS

EXAMPLES = 6
"""For each person and each call: input that is right by the description, and input that is not."""
NEWEST = 20
"""Sessions on a page: those that are watched, and all that are asked for meanwhile."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
AIMED: Mapping[str, str | int] = {
    # Across domains for alice, who asks here: whatever else she sends, it stays pending.
    "resource": "kyc-documents-read",
    "reason": "long enough a reason",
    "comment": "",
    "ticket": "",
    "principal": "dave",
    "person": "dave",
    "seconds": 600,
    "duration_seconds": 600,
}
"""What a call is given that shall get past the reading of it."""

SENDERS = ("alice", "bob", "sam", "ada", "runbook")
LONGEST_FIRST_LINE = 8_000
WATCHED: Mapping[str, tuple[str, str]] = {
    "dave's ledger": ("dave", "core-ledger-admin"),
    "dave's sandbox": ("dave", "core-sandbox-admin"),
    "kim's documents": ("kim", "kyc-documents-read"),
}
"""Whose session, and of what: of people who send nothing here themselves."""
NEW, BLOCKS = "a session of their own", "the blocklist"
OPERATORS = frozenset({"sam"})
OWNERS = {what: frozenset({owner}) for what, (owner, _) in WATCHED.items()}
RIGHTS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "POST /pam/request": {NEW: ENGINEERS},
    "POST /pam/approve": {"dave's ledger": CORE_APPROVERS, "kim's documents": KYC_APPROVERS},
    "POST /pam/sessions/{session_id}/credentials": OWNERS,
    "POST /pam/end": OWNERS,
    "POST /pam/revoke": dict.fromkeys([*WATCHED, BLOCKS], OPERATORS),
    "POST /pam/block": dict.fromkeys([*WATCHED, BLOCKS], OPERATORS),
    "POST /pam/erase": dict.fromkeys(WATCHED, OPERATORS),
    "DELETE /pam/blocklist/{principal}": {BLOCKS: OPERATORS},
}
"""What a call may change, and for whom; any other call changes nothing for anybody."""

DESCRIPTION: dict[str, Any] = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
OPERATIONS = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in schemathesis.openapi.from_dict(DESCRIPTION).get_all_operations()
}


@dataclass
class Watch:
    """What an auditor sees, from one look to the next."""

    ada: Person
    sessions: Mapping[str, str]
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    blocks: list[Any] = field(default_factory=list)

    def changes(self) -> set[str]:
        """By name, since the last look; sessions that are new must be all of one's own."""
        listed = {s["session_id"]: s for s in self._items(f"sessions?limit={NEWEST}")}
        blocks = self._items("blocklist")
        found = {what for what, it in self.sessions.items() if listed[it] != self.listed.get(it)}
        found |= {
            f"a session of {listed[it]['requester']}" for it in set(listed) - set(self.listed)
        }
        # One whose time is over is gone by itself, and by no call.
        now = datetime.now(UTC)
        stood = [it for it in self.blocks if it in blocks or not _is_over(it, now)]
        found |= {BLOCKS} if blocks != stood else set()
        # A page of the newest: what was seen once is not new when it comes into view again.
        self.listed, self.blocks = self.listed | listed, blocks
        return found

    def _items(self, path: str) -> list[Any]:
        answer = self.ada.get(f"/pam/{path}")
        assert answer.status == 200, answer
        return list(answer.body["items"])


def _is_over(block: dict[str, Any], now: datetime) -> bool:
    return block["until"] is not None and datetime.fromisoformat(block["until"]) <= now


@pytest.fixture
def sessions(cast: Cast, sam: Person) -> Iterator[dict[str, str]]:
    asked = {
        what: str(cast.person(owner).request(resource)["session_id"])
        for what, (owner, resource) in WATCHED.items()
    }
    cast.person("dave").wait_for(asked["dave's sandbox"], "ACTIVE")
    yield asked
    for item in sam.get("/pam/blocklist").body["items"]:
        asked = {"reason": "mistake"} | ({"resource": item["resource"]} if item["resource"] else {})
        where = f"/pam/blocklist/{quote(item['person'], safe='')}?{urlencode(asked)}"
        assert sam.call("DELETE", where).status == HTTPStatus.OK


def cases(operation: Any) -> SearchStrategy[tuple[Any, bool]]:
    """A call, and whether to aim it at what there is."""
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    # The simplest of the first kind is always among those that are tried.
    kinds = [st.tuples(good, st.just(value=True)), st.tuples(good, st.just(value=False))]
    if operation.body or list(operation.iter_parameters()):
        bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
        kinds.append(st.tuples(bad, st.booleans()))
    return st.one_of(kinds)


def parts(case: Any) -> list[dict[str, Any]]:
    found = (case.path_parameters, case.query, case.body)
    return [part for part in found if isinstance(part, dict)]


def aim(case: Any, session_id: str) -> None:
    for part in parts(case):
        aimed = AIMED | {"session_id": session_id}
        part |= {name: value for name, value in aimed.items() if name in part}


def send(case: Any, person: Person, web: requests.Session) -> requests.Response:
    about = person.cast.about
    wanted = requests.Request(**case.as_transport_kwargs(base_url=about["api_url"])).prepare()
    # AWS's gateway takes no longer first line.
    assume(len(wanted.path_url.encode()) < LONGEST_FIRST_LINE)
    signed = AWSRequest(wanted.method, wanted.url, data=wanted.body or b"")
    SigV4Auth(person.credentials, "execute-api", about["region"]).add_auth(signed)
    wanted.headers.update(dict(signed.headers))
    return web.send(wanted, timeout=30)


def may_change(name: str, call: str, aimed_at: str | None, person: Person) -> set[str]:
    """A vote and the like change the session that they are aimed at; a block all of its owner's."""
    mine = {what for what, who in RIGHTS.get(call, {}).items() if name in who}
    owner = WATCHED[aimed_at][0] if aimed_at else None
    owner = str(AIMED["person"]) if call == "POST /pam/block" else owner
    others = {what for what, (theirs, _) in WATCHED.items() if theirs != owner}
    blocks = call in {"POST /pam/revoke", "POST /pam/block"}
    others |= set() if blocks else set(WATCHED) - {aimed_at}
    return {f"a session of {person.principal}" if what == NEW else what for what in mine - others}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("name", SENDERS)
def test_whatever_is_sent_is_answered_as_described_and_changes_nothing_without_a_right(
    cast: Cast, ada: Person, sessions: dict[str, str], name: str
) -> None:
    web, person, answered = requests.Session(), cast.person(name), Counter[int]()
    watch, changed = Watch(ada, sessions), set[str]()
    watch.changes()

    def probe(call: str, operation: Any) -> None:
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(cases(operation))
        def holds(drawn: tuple[Any, bool]) -> None:
            case, aimed = drawn
            named = aimed and any("session_id" in part for part in parts(case))
            for what in sessions if named else [None]:
                if aimed:
                    aim(case, sessions[what] if what else "")
                answer = send(case, person, web)
                answered[answer.status_code] += 1
                case.validate_response(answer, checks=CHECKS)
                changes = watch.changes()
                assert changes <= may_change(name, call, what, person)
                changed.update(changes)

        holds()

    for call, operation in OPERATIONS.items():
        probe(call, operation)
    assert (200 in answered) == (name != "runbook"), answered
    assert bool(changed) == (name in {"alice", "bob", "sam"}), changed
