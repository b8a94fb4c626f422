"""Every person, every call of the API, their own session and others': what is not in the table
`MAY` is refused. Default deny, on the deployed app.

An act that is allowed gets a session of its own; all refused ones are aimed at the same few, which
are as they were when everybody has tried.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from local.cast import Answer, Cast, Person
from local.state import ROOT
from tests.e2e import leftovers
from tests.e2e.people import CORE_APPROVERS, ENGINEERS, KYC_APPROVERS

LISTED = ENGINEERS | CORE_APPROVERS | KYC_APPROVERS | {"sam", "ada"}
NOT_LET_IN = frozenset({"runbook", "root"})
"""Whom no file lists; `root` is the account's. The gateway refuses them, whatever the call is."""
PEOPLE = sorted(LISTED | NOT_LET_IN)
LOOK_AFTER_ALL = frozenset({"sam", "ada"})

ASKED: Mapping[str, tuple[str, str]] = {
    "alice's ledger": ("alice", "core-ledger-admin"),
    "kim's documents": ("kim", "kyc-documents-read"),
    "alice's documents": ("alice", "kyc-documents-read"),
    "alice's sandbox": ("alice", "core-sandbox-admin"),
    "dave's withdrawn": ("dave", "core-ledger-admin"),
}
"""Whose session, and of what: pending but for the sandbox (active) and the one withdrawn."""

VOTERS = {
    "alice's ledger": CORE_APPROVERS,
    "kim's documents": KYC_APPROVERS,
    "alice's documents": CORE_APPROVERS | KYC_APPROVERS,
}
OWNERS = {what: frozenset({who}) for what, (who, _) in ASKED.items()}
READERS = {what: OWNERS[what] | LOOK_AFTER_ALL | VOTERS.get(what, CORE_APPROVERS) for what in ASKED}
OPERATORS = dict.fromkeys(ASKED, frozenset({"sam"}))

NOT_FOUND, NOT_ELIGIBLE = (404, "NOT_FOUND"), (403, "NOT_ELIGIBLE")
SELF_APPROVAL, CONFLICT = (403, "SELF_APPROVAL"), (409, "CONFLICT")
DONE = (200, "")


@dataclass(frozen=True)
class Act:
    """A call that names a session, who may make it, and what the others hear."""

    call: Callable[[Person, str], Answer]
    may: Mapping[str, frozenset[str]]
    refused: tuple[int, str] = NOT_ELIGIBLE
    refused_to_owner: tuple[int, str] = NOT_ELIGIBLE
    too: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Where the right is there and the session's state forbids it."""
    changes: bool = True


def posting(path: str, **fields: Any) -> Callable[[Person, str], Answer]:
    return lambda person, session_id: person.post(path, {"session_id": session_id, **fields})


OPEN_ONLY = dict.fromkeys(["dave's withdrawn"], CONFLICT)
NOT_PENDING = {what: CONFLICT for what in ASKED if what not in VOTERS}
ACTS: Mapping[str, Act] = {
    "GET /pam/sessions/{session_id}": Act(
        lambda person, session_id: person.get(f"/pam/sessions/{session_id}"),
        may=READERS,
        refused=NOT_FOUND,
        changes=False,
    ),
    "GET /pam/sessions/{session_id}/audit": Act(
        lambda person, session_id: person.get(f"/pam/sessions/{session_id}/audit"),
        may=READERS,
        refused=NOT_FOUND,
        changes=False,
    ),
    "POST /pam/approve": Act(
        posting("/pam/approve"),
        may={what: VOTERS.get(what, CORE_APPROVERS) for what in ASKED},
        refused_to_owner=SELF_APPROVAL,
        too=NOT_PENDING,
    ),
    "POST /pam/approve (deny)": Act(
        posting("/pam/approve", decision="deny"),
        may={what: VOTERS.get(what, CORE_APPROVERS) for what in ASKED},
        refused_to_owner=SELF_APPROVAL,
        too=NOT_PENDING,
    ),
    "POST /pam/sessions/{session_id}/credentials": Act(
        lambda person, session_id: person.post(f"/pam/sessions/{session_id}/credentials"),
        may=OWNERS,
        too={what: CONFLICT for what in ASKED if what != "alice's sandbox"},
        changes=False,
    ),
    "POST /pam/end": Act(posting("/pam/end"), may=OWNERS, too=OPEN_ONLY),
    "POST /pam/revoke": Act(
        posting("/pam/revoke", reason="the table says so"), may=OPERATORS, too=OPEN_ONLY
    ),
    "POST /pam/review": Act(
        posting("/pam/review", outcome="justified"),
        may={what: VOTERS.get(what, CORE_APPROVERS) for what in ASKED},
        refused_to_owner=SELF_APPROVAL,
        # None of these is a break-glass session.
        too=dict.fromkeys(ASKED, CONFLICT),
    ),
    "POST /pam/confirm": Act(
        posting("/pam/confirm"),
        may=OWNERS,
        # All of these were asked for in person.
        too=dict.fromkeys(ASKED, CONFLICT),
    ),
    "POST /pam/erase": Act(
        posting("/pam/erase"),
        may=OPERATORS,
        too={what: CONFLICT for what in ASKED if what != "dave's withdrawn"},
    ),
}

REASON = "to see who may ask for it"


@dataclass(frozen=True)
class Plain:
    """A call that names no session: what those who may hear, and who they are."""

    call: Callable[[Person], Answer]
    may: frozenset[str]
    status: int = 200
    code: str = ""


PLAIN: Mapping[str, Plain] = {
    "POST /pam/request": Plain(
        lambda person: person.post(
            "/pam/request", {"resource": "core-ledger-admin", "reason": REASON}
        ),
        may=ENGINEERS,
        status=202,
    ),
    "GET /pam/blocklist": Plain(lambda person: person.get("/pam/blocklist"), may=LOOK_AFTER_ALL),
    "DELETE /pam/blocklist/{principal}": Plain(
        lambda person: person.call("DELETE", "/pam/blocklist/kim?reason=mistake"),
        may=frozenset({"sam"}),
        status=404,
        code="NOT_FOUND",
    ),
    "POST /pam/block": Plain(
        lambda person: person.post(
            "/pam/block",
            {"person": "nobody-here", "reason": "the table says so", "seconds": 1, "unseen": True},
        ),
        may=frozenset({"sam"}),
    ),
    "GET /pam/sessions": Plain(lambda person: person.get("/pam/sessions?limit=1"), may=LISTED),
    "GET /pam/stuck": Plain(lambda person: person.get("/pam/stuck"), may=LISTED),
    "GET /pam/me": Plain(lambda person: person.get("/pam/me"), may=LISTED),
    "GET /pam/inbox": Plain(lambda person: person.get("/pam/inbox"), may=LISTED),
    "POST /pam/links": Plain(
        lambda person: person.post("/pam/links", {"surface": "slack", "code": "none"}),
        may=LISTED,
        status=400,
        code="VALIDATION",
    ),
    "DELETE /pam/links/{principal}": Plain(
        lambda person: person.call("DELETE", "/pam/links/slack%3AT0%2FU0"),
        may=LISTED,
        status=404,
        code="NOT_FOUND",
    ),
    "GET /pam/check": Plain(
        lambda person: person.get("/pam/check?resource=core-ledger-admin"), may=LISTED
    ),
    "GET /pam/check (another)": Plain(
        lambda person: person.get("/pam/check?resource=core-ledger-admin&principal=dave"),
        may=CORE_APPROVERS | KYC_APPROVERS | LOOK_AFTER_ALL | {"dave"},
    ),
}


def opened(cast: Cast, what: str) -> str:
    name, resource = ASKED[what]
    owner = cast.person(name)
    session_id = str(owner.request(resource)["session_id"])
    if what == "alice's sandbox":
        owner.wait_for(session_id, "ACTIVE")
    if what == "dave's withdrawn":
        owner.post("/pam/end", {"session_id": session_id})
    return session_id


@pytest.fixture(scope="module")
def shared(cast: Cast) -> Iterator[dict[str, str]]:
    began = datetime.now(UTC)
    yield {what: opened(cast, what) for what in ASKED}
    leftovers.close(cast, since=began)


def heard(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.code


def expected(act: Act, name: str, what: str) -> tuple[int, str]:
    if name in NOT_LET_IN:
        return NOT_ELIGIBLE
    if name in act.may[what]:
        return act.too.get(what, DONE)
    return act.refused_to_owner if name == ASKED[what][0] else act.refused


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("call", ACTS)
def test_what_the_table_does_not_allow_is_refused(
    cast: Cast, ada: Person, shared: dict[str, str], call: str
) -> None:
    act = ACTS[call]
    table = {(who, what): expected(act, who, what) for who in PEOPLE for what in ASKED}
    before = {what: ada.session(session_id) for what, session_id in shared.items()}
    found = {}
    for (who, what), wanted in table.items():
        spent = act.changes and wanted == DONE
        session_id = opened(cast, what) if spent else shared[what]
        found[who, what] = heard(act.call(cast.person(who), session_id))
        if spent:  # the next one would be one too many of its owner's
            cast.person(ASKED[what][0]).post("/pam/end", {"session_id": session_id})
    assert found == table
    assert {what: ada.session(session_id) for what, session_id in shared.items()} == before


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("call", PLAIN)
def test_what_names_no_session_is_refused_to_those_who_have_no_business(
    cast: Cast, call: str
) -> None:
    plain = PLAIN[call]
    table = {
        who: (plain.status, plain.code) if who in plain.may else NOT_ELIGIBLE for who in PEOPLE
    }
    assert {who: heard(plain.call(cast.person(who))) for who in PEOPLE} == table


@pytest.mark.guarantee("G10")
def test_everybody_is_shown_what_they_may_ask_for(cast: Cast) -> None:
    def shown(who: str) -> tuple[int, bool]:
        answer = cast.person(who).get("/pam/resources")
        return answer.status, bool(answer.body.get("items"))

    table = {who: (200, who in ENGINEERS) for who in LISTED}
    table |= dict.fromkeys(NOT_LET_IN, (403, False))
    assert {who: shown(who) for who in PEOPLE} == table


@pytest.mark.parametrize("who", sorted(LISTED))
def test_a_list_holds_what_its_reader_may_read(
    cast: Cast, shared: dict[str, str], who: str
) -> None:
    items = cast.person(who).get("/pam/sessions?limit=100").body["items"]
    seen = {item["session_id"] for item in items}
    hidden = {shared[what] for what in ASKED if who not in READERS[what]}
    assert not seen & hidden


def test_the_table_has_every_call_that_the_api_describes() -> None:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))["paths"]
    described = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
    assert described == {call.partition(" (")[0] for call in (*ACTS, *PLAIN)} | {
        "GET /pam/resources"
    }
