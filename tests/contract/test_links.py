"""Links in memory, by which operations are tested, and in the tables that are deployed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.aws.link_items import DynamoDbLinkCodes, DynamoDbLinks
from pam.domain import audit_record, links, new_records
from pam.domain.audit_record import Entry, Record, RecordType
from pam.domain.errors import StaleSession
from pam.domain.links import Link, ShownCode
from pam.ids import new_id, new_link_code
from tests.contract.conftest import TABLES, everything_in
from tests.fakes.links import FakeLinks
from tests.fakes.story import NOON, arn, caller

BOB = "slack:T0BANK/U0BOB"
LINK = Link(
    principal=BOB,
    person="bob",
    accepted_by=arn("bob"),
    linked_at=NOON,
    basis="as it is",
    proof="a proof",
)


@pytest.fixture(params=["fake", "dynamodb"])
def known(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeLinks()
    return DynamoDbLinks(request.getfixturevalue("table"), TABLES)


@pytest.fixture
def codes(known: Any, request: pytest.FixtureRequest) -> Any:
    if isinstance(known, FakeLinks):
        return known
    return DynamoDbLinkCodes(request.getfixturevalue("table"), TABLES)


def code_of(principal: str = BOB) -> ShownCode:
    return ShownCode(
        digest=links.digest_of(new_link_code()),
        principal=principal,
        display="Bob B.",
        team="The Bank",
        basis="as it is",
        until=NOON + links.CODE_HOLDS,
    )


def record() -> Record:
    entry = Entry(type=RecordType.LINKED, actor=caller("bob").actor, detail="bob's")
    return new_records.about_person(
        entry=entry, requester=BOB, resource="", now=NOON, new_id=new_id
    )


def test_what_was_linked_is_found_by_its_principal_and_by_its_person(known: Any) -> None:
    assert known.of_principal(BOB) is None
    assert known.of_person("bob") == []
    known.add(LINK, code_of(), record())
    assert known.of_principal(BOB) == LINK
    assert known.of_person("bob") == [LINK]
    assert known.of_person("bo") == []


def test_a_code_is_used_once(known: Any) -> None:
    code = code_of()
    assert not known.is_used(code)
    known.add(LINK, code, record())
    assert known.is_used(code)
    with pytest.raises(StaleSession):
        known.add(replace(LINK, principal="slack:T0OTHER/U0BOB"), code, record())


TAKEN: dict[str, Link] = {
    "the principal is another's": replace(LINK, person="carol"),
    "the person has another of that place": replace(LINK, principal="slack:T0BANK/U0OTHER"),
}


@pytest.mark.parametrize("why", TAKEN)
def test_nothing_is_taken_twice(known: Any, why: str) -> None:
    known.add(LINK, code_of(), record())
    with pytest.raises(StaleSession):
        known.add(TAKEN[why], code_of(), record())
    assert known.of_person(TAKEN[why].person) == ([LINK] if TAKEN[why].person == "bob" else [])


def test_a_person_links_their_own_anew(known: Any) -> None:
    known.add(LINK, code_of(), record())
    later = replace(LINK, linked_at=NOON + timedelta(days=80), proof="another")
    known.add(later, code_of(), record())
    assert known.of_person("bob") == [later]


def test_what_was_unlinked_is_gone_and_can_be_linked_by_another(known: Any) -> None:
    known.add(LINK, code_of(), record())
    known.remove(LINK, record())
    assert known.of_principal(BOB) is None
    assert known.of_person("bob") == []
    with pytest.raises(StaleSession):
        known.remove(LINK, record())
    carols = replace(LINK, person="carol")
    known.add(carols, code_of(), record())
    assert known.of_principal(BOB) == carols


def test_a_link_that_was_made_anew_meanwhile_is_not_removed(known: Any) -> None:
    known.add(LINK, code_of(), record())
    later = replace(LINK, linked_at=NOON + timedelta(days=80), proof="another")
    known.add(later, code_of(), record())
    with pytest.raises(StaleSession):
        known.remove(LINK, record())
    assert known.of_principal(BOB) == later


FORGED: dict[str, dict[str, str]] = {
    "no proof": {"principal": BOB, "person": "carol", "linked_at": "2026-03-01T12:00:00.000Z"},
    "nothing at all": {},
    "no time": {"principal": BOB, "person": "carol", "proof": "x", "linked_at": "yesterday"},
    "another's": {"principal": "slack:T0BANK/U0CAROL", "person": "carol", "proof": "x"},
}


@pytest.mark.guarantee("G10")
@pytest.mark.parametrize("what", FORGED)
def test_what_somebody_wrote_there_is_read_as_it_lies_and_can_be_cleared_away(
    table: Any, what: str
) -> None:
    """Or it would keep the principal's own person from linking it."""
    known = DynamoDbLinks(table, TABLES)
    item = {"pk": f"LINK#{BOB}", "sk": "LINK", **FORGED[what]}
    table.put_item(TableName=TABLES.links, Item=to_item(item))
    found = known.of_principal(BOB)
    assert found is not None
    assert found.principal == BOB
    assert not found.holds(NOON) or not found.proof
    known.remove(found, record())
    assert known.of_principal(BOB) is None
    known.add(LINK, code_of(), record())
    assert known.of_person("bob") == [LINK]


def test_wrong_codes_are_counted_by_the_hour(known: Any) -> None:
    for minute in range(3):
        known.note_wrong_code("bob", new_id(NOON + timedelta(minutes=minute)))
    now = NOON + timedelta(minutes=2)
    assert known.wrong_codes("bob", now - links.COUNTED_FOR) == 3
    assert known.wrong_codes("bob", NOON + timedelta(minutes=1, seconds=30)) == 1
    assert known.wrong_codes("carol", now - links.COUNTED_FOR) == 0


def test_the_newest_code_of_a_principal_is_the_one_that_is_shown(known: Any, codes: Any) -> None:
    first, second, other = code_of(), code_of(), code_of("slack:T0BANK/U0CAROL")
    assert codes.shown(first.digest) is None
    for code in (first, other, second):
        codes.show(code)
    assert codes.shown(first.digest) is None
    assert codes.shown(second.digest) == second
    assert codes.shown(other.digest) == other


def test_that_it_is_undone_is_known_by_the_id_of_the_record(known: Any) -> None:
    undone = record()
    known.add(LINK, code_of(), record())
    assert not known.is_undone(undone["event_id"])
    known.remove(LINK, undone)
    assert known.is_undone(undone["event_id"])


def test_no_step_is_without_its_record(table: Any) -> None:
    known = DynamoDbLinks(table, TABLES)
    made, undone = record(), record()
    known.add(LINK, code_of(), made)
    known.remove(LINK, undone)
    kept = [item["record"] for item in everything_in(table) if item["kind"] == "RECORD"]
    assert sorted(kept) == sorted(map(audit_record.canonical_json, (made, undone)))


def test_no_code_stands_in_a_table(table: Any) -> None:
    code = new_link_code()
    codes, known = DynamoDbLinkCodes(table, TABLES), DynamoDbLinks(table, TABLES)
    shown = replace(code_of(), digest=links.digest_of(code))
    codes.show(shown)
    known.add(LINK, shown, record())
    spelled: list[Callable[[str], str]] = [str, str.lower, lambda text: text.replace("-", "")]
    text = str(
        [
            from_item(item)
            for name in (TABLES.links, TABLES.link_codes)
            for item in table.scan(TableName=name)["Items"]
        ]
    )
    assert not any(spell(code) in text for spell in spelled)


def test_whoever_writes_while_another_does_has_lost_and_looks_again() -> None:
    """DynamoDB says it of the whole call, or of one of its writes."""

    class Busy:
        def transact_write_items(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "TransactionConflictException"}}, "TransactWrite")

    known = DynamoDbLinks(Busy(), TABLES)
    with pytest.raises(StaleSession):
        known.add(LINK, code_of(), record())
    with pytest.raises(StaleSession):
        known.remove(LINK, record())
