"""Who may write what, tried with each function's own role; and what a forgery comes to.

Every role tries every way to write on every kind of item. Where IAM lets one through, because the
table is one that all transitions write, the forgery gives no lease and is told.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest

from local.cast import Cast, NotSeenError, Person, until
from pam.aws import session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.domain.messages import Activate, event_of
from pam.names import Table
from tests.e2e.function_calls import BESIDE, TABLE, Do, Hands, Place, call, denied

ACTIVATOR = "activate_session"
"""The function that makes access."""
STEPS = {
    "activate_session",
    "admit_request",
    "ask_approvers",
    "issue_credentials",
    "record_activity",
    "request_api",
    "revoke_session",
    "send_notices",
    "slack_door",
}
FINDERS = {"find_dark_calls", "watch_store"}
"""Who puts records of no session, and what is told once. A condition on the keys says so, which AWS
does not promise to apply to a transaction, and so whatever they put in one counts as let through.
"""
FORGERS = [*sorted(STEPS | FINDERS), "root"]
GIVERS, ENDERS = {"activate_session"}, {"request_api", "revoke_session", "slack_door"}
BORROWERS = {"activate_session", "revoke_session"}
BLOCKERS = {"request_api"}
AT_IDENTITY_CENTER = {"issue_identity_center", "revoke_identity_center"}
AT_OKTA = {"issue_okta_group", "revoke_okta_group"}
AUDITOR, SEALER = {"audit_session"}, {"checkpoint_log"}


@dataclass(frozen=True)
class Kind:
    """A kind of item, by its keys; who may put, update and delete one."""

    table: Any
    pk: str
    sk: str
    put: set[str]
    update: set[str] | None = None
    delete: set[str] | None = None

    @property
    def put_together(self) -> set[str]:
        """Who may put one in a transaction."""
        return self.put | FINDERS if self.table is TABLE else self.put

    @property
    def key(self) -> dict[str, Any]:
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


KINDS = {
    "a session": Kind(TABLE, "SESSION#tried", "SESSION", STEPS),
    "a record": Kind(TABLE, "SESSION#tried", "RECORD#00000001", STEPS),
    "a lone record": Kind(TABLE, "SESSION#NONE#tried", "RECORD#00000000", STEPS | FINDERS),
    "a task token": Kind(TABLE, "SESSION#tried", "TASK_TOKEN", STEPS),
    "an idempotency key": Kind(TABLE, "IDEMPOTENCY#tried", "k", STEPS),
    "a review that is owed": Kind(TABLE, "REVIEW#tried", "s", STEPS),
    "what a session counts as": Kind(TABLE, "OPEN#tried", "s", STEPS),
    "the version of what a person has": Kind(TABLE, "OPEN#tried", "#HEAD", STEPS),
    "an act in an office": Kind(TABLE, "PERSON#tried", "ACT#tried", STEPS),
    "a thing done once": Kind(TABLE, "ACTIVITY#tried", "ACTIVITY", STEPS | FINDERS),
    "a grant": Kind(BESIDE[Table.GRANTS], "GRANT#alice#tried", "s", GIVERS, delete=ENDERS),
    "a checkout": Kind(
        BESIDE[Table.CHECKOUTS], "CHECKOUT#tried", "CHECKOUT", BORROWERS, update=BORROWERS
    ),
    "the receipt of a checkout": Kind(
        BESIDE[Table.CHECKOUTS], "SESSION#tried", "CHECKOUT#tried", BORROWERS, update=BORROWERS
    ),
    "a block": Kind(BESIDE[Table.BLOCKS], "BLOCKS", "tried#", BLOCKERS),
    "the blocklist's head": Kind(BESIDE[Table.BLOCKS], "BLOCKS", "#HEAD", BLOCKERS),
    "a mark of delivery": Kind(
        BESIDE[Table.DELIVERED], "SESSION#tried", "DELIVERED", set(), update=AUDITOR
    ),
    "an unsealed record": Kind(BESIDE[Table.UNSEALED], "UNSEALED", "tried", AUDITOR, delete=SEALER),
    "what is known of a permission set": Kind(
        BESIDE[Table.IDENTITY_CENTER],
        "SET#tried",
        "STATE",
        AT_IDENTITY_CENTER,
        update=AT_IDENTITY_CENTER,
        delete=AT_IDENTITY_CENTER,
    ),
    "by which session somebody is in a group": Kind(
        BESIDE[Table.OKTA], "GROUP#tried", "USER#tried", AT_OKTA, update=AT_OKTA, delete=AT_OKTA
    ),
    "the log's head": Kind(BESIDE[Table.LOG_HEAD], "LOG", "HEAD", SEALER),
}
NEVER = {"ConditionExpression": "attribute_exists(never)"}
TOUCH = {"UpdateExpression": "SET tried = pk", **NEVER}


def put(kind: Kind) -> dict[str, Any]:
    return {"Item": {**kind.key, "tried": {"S": "yes"}}, **NEVER}


def in_batch(request: Callable[[Kind], dict[str, Any]]) -> Callable[[Kind], Do]:
    def do(kind: Kind) -> Do:
        def items(place: Place) -> dict[str, Any]:
            return {_name(kind, place): [request(kind)]}

        return call("dynamodb", "batch_write_item", RequestItems=items)

    return do


def in_transaction(verb: str, fields: Callable[[Kind], dict[str, Any]]) -> Callable[[Kind], Do]:
    def do(kind: Kind) -> Do:
        def items(place: Place) -> list[dict[str, Any]]:
            return [{verb: {"TableName": _name(kind, place), **fields(kind)}}]

        return call("dynamodb", "transact_write_items", TransactItems=items)

    return do


def in_words(words: str) -> Callable[[Kind], Do]:
    def do(kind: Kind) -> Do:
        def statement(place: Place) -> str:
            return words.format(table=_name(kind, place), pk=kind.pk, sk=kind.sk)

        return call("dynamodb", "execute_statement", Statement=statement)

    return do


def singly(operation: str, fields: Callable[[Kind], dict[str, Any]]) -> Callable[[Kind], Do]:
    return lambda kind: call("dynamodb", operation, TableName=kind.table, **fields(kind))


def _name(kind: Kind, place: Place) -> str:
    return str(kind.table(place) if callable(kind.table) else kind.table)


def _key(kind: Kind) -> dict[str, Any]:
    return {"Key": kind.key}


def _deleting(kind: Kind) -> dict[str, Any]:
    return {"Key": kind.key, **NEVER}


def _touching(kind: Kind) -> dict[str, Any]:
    return {"Key": kind.key, **TOUCH}


WAYS: dict[str, tuple[Callable[[Kind], Do], str]] = {
    "puts": (singly("put_item", put), "put"),
    "puts in a transaction": (in_transaction("Put", put), "put_together"),
    "updates": (singly("update_item", _touching), "update"),
    "updates in a transaction": (in_transaction("Update", _touching), "update"),
    "deletes": (singly("delete_item", _deleting), "delete"),
    "deletes in a transaction": (in_transaction("Delete", _deleting), "delete"),
    "puts in a batch": (
        in_batch(lambda kind: {"PutRequest": {"Item": {**kind.key, "tried": {"S": "yes"}}}}),
        "",
    ),
    "deletes in a batch": (in_batch(lambda kind: {"DeleteRequest": _key(kind)}), ""),
    "inserts by PartiQL": (
        in_words("INSERT INTO \"{table}\" VALUE {{'pk': '{pk}', 'sk': '{sk}'}}"),
        "",
    ),
    "deletes by PartiQL": (
        in_words("DELETE FROM \"{table}\" WHERE pk = '{pk}' AND sk = '{sk}'"),
        "",
    ),
}
"""How, and which right of a kind lets it through; empty: none does."""


@pytest.mark.guarantee("G11")
@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_each_kind_of_item_is_written_by_those_whose_business_it_is(
    hands: dict[str, Hands], way: str, what: str
) -> None:
    make, right = WAYS[way]
    do = make(KINDS[what])
    able = {name for name, its in hands.items() if not denied(do, its)}
    assert able == ((getattr(KINDS[what], right) if right else None) or set())


# What a forgery comes to.


@dataclass
class Forger:
    """Somebody with a client for the tables; root, or the role of a function."""

    place: Place
    client: Any

    def read(self, key: dict[str, Any], table: str = "") -> dict[str, Any]:
        root = self.place.root("dynamodb")
        item = root.get_item(TableName=table or self.place.table, Key=key)["Item"]
        return dict(item)

    def write(self, item: dict[str, Any]) -> None:
        """In a transaction, which lets the most roles through."""
        put = {"TableName": self.place.table, "Item": item}
        self.client.transact_write_items(TransactItems=[{"Put": put}])

    def session(self, session_id: str) -> dict[str, Any]:
        return self.read(to_item(dict(table_keys.session_key(session_id))))

    @contextmanager
    def forged(self, session_id: str, changed: dict[str, Any]) -> Iterator[None]:
        """The session's item says otherwise, with all that the indexes need; put back at last."""
        before = self.session(session_id)
        document = from_item(before)["document"] | changed
        session = session_codec.decode(document)
        forged = to_item(table_keys.session_item(session))
        self.write(forged)
        try:
            yield
        finally:
            root = self.place.root("dynamodb")
            root.put_item(TableName=self.place.table, Item=before)


def told(place: Place, what: str, where: str) -> str:
    """The finding, within a minute."""

    def found() -> str | None:
        pages = place.root("dynamodb").get_paginator("scan").paginate(TableName=place.table)
        for page in pages:
            for item in page["Items"]:
                record = item.get("record", {}).get("S", "")
                if '"type":"Drift"' in record and what in record and where in record:
                    return str(record)
        return None

    return until(found, f"a finding of {what} at {where}", 60)


def is_refused(answer: Any) -> bool:
    return bool(answer.status == HTTPStatus.FORBIDDEN and answer.code == "NOT_ELIGIBLE")


def _forger(place: Place, hands: dict[str, Hands], who: str) -> Forger:
    if who == "root":
        return Forger(place, place.root("dynamodb"))
    return Forger(place, hands[who].client("dynamodb"))


ACTIVE = {
    "status": "ACTIVE",
    "approved_at": "2026-01-01T00:00:00.000Z",
    "activating_at": "2026-01-01T00:00:00.000Z",
    "activated_at": "2026-01-01T00:00:00.000Z",
    "expires_at": "2099-01-01T00:00:00.000Z",
}


@pytest.fixture
def pending(place: Place, dave: Person) -> Iterator[str]:
    """Its workflow waits for votes: so nothing but a vote moves it on. And what is on record is
    delivered: so nobody carries into the log what a test writes in its place.
    """
    session_id = str(dave.request("core-ledger-admin")["session_id"])
    root, delivered = place.root("dynamodb"), BESIDE[Table.DELIVERED]
    token = to_item(dict(table_keys.token_key(session_id)))
    mark = to_item(dict(table_keys.delivered_key(session_id)))
    until(lambda: root.get_item(TableName=place.table, Key=token).get("Item"), "its token")
    until(
        lambda: root.get_item(TableName=delivered, Key=mark).get("Item", {}).get("sequence"),
        "its record to be delivered",
    )
    yield session_id
    dave.post("/pam/end", {"session_id": session_id})


@pytest.mark.guarantee("G1")
@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("who", FORGERS)
def test_one_write_that_says_active_gives_no_lease_and_is_told(
    place: Place, hands: dict[str, Hands], dave: Person, pending: str, who: str
) -> None:
    with _forger(place, hands, who).forged(pending, ACTIVE):
        answer = dave.post(f"/pam/sessions/{pending}/credentials")
        assert is_refused(answer), answer
    assert told(place, "a session went from PENDING_APPROVAL to ACTIVE", pending)
    assert told(place, "unproven: nothing is given by this session", pending)


def _votes(principals: dict[str, str], session: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "principal": principal,
            "domain": "bank-core",
            "decision": "approve",
            "comment": "",
            "at": session["created_at"],
            "duration": None,
            "surface": "api",
            "auth": "sigv4",
            "proof": session["proof"],
        }
        for name, principal in principals.items()
    ]


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("who", FORGERS)
def test_votes_that_nobody_cast_make_no_access_and_are_told(
    cast: Cast, place: Place, hands: dict[str, Hands], pending: str, who: str
) -> None:
    forger = _forger(place, hands, who)
    approvers = {name: cast.person(name).principal for name in ("bob", "carol")}
    document = from_item(forger.session(pending))["document"]
    votes = _votes(approvers, document)
    approved = {"status": "APPROVED", "approved_at": document["created_at"], "votes": votes}
    with (
        forger.forged(pending, approved),
        pytest.raises(NotSeenError, match=r"NotEligible|Unproven"),
    ):
        cast.invoke(ACTIVATOR, event_of(Activate(session_id=pending)))
    assert told(place, "a session says APPROVED and is not proven", pending)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("who", ["send_notices", "root"])
@pytest.mark.parametrize(
    "changed",
    [{"requester": "arn:aws:iam::000000000000:user/kim"}, {"break_glass": True}, {"ticket": "X"}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_request_that_was_changed_after_its_votes_gives_no_lease_and_is_told(
    cast: Cast,
    place: Place,
    hands: dict[str, Hands],
    alice: Person,
    changed: dict[str, Any],
    who: str,
) -> None:
    session_id = str(alice.request("core-sandbox-admin")["session_id"])
    alice.wait_for(session_id, "ACTIVE")
    assert alice.lease(session_id)
    with _forger(place, hands, who).forged(session_id, changed):
        caller = cast.person("kim") if "requester" in changed else alice
        answer = caller.post(f"/pam/sessions/{session_id}/credentials")
        assert is_refused(answer), answer
        assert told(place, "a session was made one of something else", session_id)
    alice.post("/pam/end", {"session_id": session_id})


@pytest.mark.guarantee("G5")
@pytest.mark.parametrize("who", ["record_activity", "root"])
def test_a_session_that_was_ended_and_put_back_gives_no_lease_and_is_told(
    place: Place, hands: dict[str, Hands], alice: Person, who: str
) -> None:
    session_id = str(alice.request("core-sandbox-admin")["session_id"])
    alice.wait_for(session_id, "ACTIVE")
    forger = _forger(place, hands, who)
    active = from_item(forger.session(session_id))["document"]
    alice.post("/pam/end", {"session_id": session_id})
    alice.wait_for(session_id, "ENDED")
    over = from_item(forger.session(session_id))["document"]
    kept = {name: over[name] for name in ("sequence", "last_hash")}
    with forger.forged(session_id, active | kept):
        answer = alice.post(f"/pam/sessions/{session_id}/credentials")
        assert is_refused(answer), answer
    assert told(place, "a session went from ENDED to ACTIVE", session_id)


@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("who", FORGERS)
def test_a_record_that_is_overwritten_is_told(
    place: Place, hands: dict[str, Hands], pending: str, who: str
) -> None:
    forger = _forger(place, hands, who)
    key = to_item(dict(table_keys.record_key(pending, 1)))
    before = forger.read(key)
    record = json.loads(before["record"]["S"])
    forged = {**before, "record": {"S": json.dumps(record | {"requester": "somebody else"})}}
    forger.write(forged)
    place.root("dynamodb").put_item(TableName=place.table, Item=before)
    assert told(place, f"a record was overwritten; it was Requested {record['event_id']}", pending)


@pytest.mark.guarantee("G7")
def test_a_record_that_is_removed_is_told(place: Place, pending: str) -> None:
    key = to_item(dict(table_keys.record_key(pending, 1)))
    root = place.root("dynamodb")
    before = Forger(place, root).read(key)
    root.delete_item(TableName=place.table, Key=key)
    root.put_item(TableName=place.table, Item=before)
    event_id = json.loads(before["record"]["S"])["event_id"]
    assert told(place, f"a record was removed; it was Requested {event_id}", pending)


@pytest.mark.guarantee("G14")
@pytest.mark.parametrize("how", ["removed", "lifted"])
def test_a_block_that_goes_by_somebodys_hand_is_told(
    place: Place, sam: Person, dave: Person, pending: str, how: str
) -> None:
    body = {"session_id": pending, "reason": "laptop stolen", "block_seconds": 600}
    assert sam.post("/pam/revoke", body).status == HTTPStatus.OK
    table, root = BESIDE[Table.BLOCKS], place.root("dynamodb")
    key = to_item({"pk": "BLOCKS", "sk": "dave#"})
    before = Forger(place, root).read(key, table)
    if how == "removed":
        root.delete_item(TableName=table, Key=key)
        expected = "a block was removed"
    else:
        lifted = {"lifted_at": {"S": "2026-01-01T00:00:00.000Z"}}
        root.put_item(TableName=table, Item=before | lifted)
        expected = "a block was overwritten with what is none"
    try:
        assert told(place, expected, "dave#")
    finally:
        root.put_item(TableName=table, Item=before)
        assert (
            sam.call("DELETE", "/pam/blocklist/dave?reason=found%20again").status == HTTPStatus.OK
        )


@pytest.mark.guarantee("G13")
def test_a_log_that_is_turned_back_is_told_and_goes_on(cast: Cast, place: Place) -> None:
    cast.checkpoint()
    cast.checkpoint()
    table, root = BESIDE[Table.LOG_HEAD], place.root("dynamodb")
    key = to_item(dict(table_keys.HEAD_KEY))

    def turned_back() -> int | None:
        """From which number; None if the schedule has just moved it on."""
        before = Forger(place, root).read(key, table)
        number = int(before["number"]["N"])
        with suppress(root.exceptions.ConditionalCheckFailedException):
            root.put_item(
                TableName=table,
                Item=before | {"number": {"N": str(number - 1)}},
                ConditionExpression="#number = :number",
                ExpressionAttributeNames={"#number": "number"},
                ExpressionAttributeValues={":number": before["number"]},
            )
            root.put_item(TableName=table, Item=before)
            return number
        return None

    number = until(turned_back, "the head to stand still")
    assert told(place, f"the log's head went from {number} to {number - 1}", "LOG/HEAD")
    assert cast.checkpoint()["number"] > number
