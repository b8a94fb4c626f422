"""Links as items of a table that only the request API writes, and the codes that make them, in one
that only the surface writes which shows them.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from pam.aws import table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.transactions import transact
from pam.domain import ids, links, timestamps
from pam.domain.audit_record import Record
from pam.domain.links import Link, ShownCode
from pam.names import Tables

_KEPT = timedelta(days=1)
"""How long codes, used or not, and wrong ones are kept beyond the time in which they count."""


class DynamoDbLinks:
    """Implements `ports.links.Links`. A link is two items: one by its principal, one by its person
    and place, so that neither can be taken twice.
    """

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._table = tables.links
        self._sessions = tables.sessions

    def of_principal(self, principal: str) -> Link | None:
        item = self._get(_link_key(principal))
        return None if item is None else _link_in(item, principal)

    def of_person(self, person: str) -> list[Link]:
        places = self._query(_person_key(person))
        found = (self.of_principal(item["principal"]) for item in places)
        return [link for link in found if link is not None and link.person == person]

    def is_used(self, code: ShownCode) -> bool:
        return self._get(_used_key(code)) is not None

    def add(self, link: Link, code: ShownCode, record: Record) -> None:
        place = {**_person_key(link.person), "sk": links.place_of(link.principal)}
        free = "attribute_not_exists(pk)"
        writes = [
            self._put(_link_item(link), f"{free} OR person = :own", link.person),
            self._put(
                {**place, "kind": "PLACE", "principal": link.principal},
                f"{free} OR principal = :own",
                link.principal,
            ),
            self._put({**_used_key(code), "kind": "USED", "ttl": _later(code.until)}, free),
            self._record(record),
        ]
        transact(self._client, writes)

    def remove(self, link: Link, record: Record) -> None:
        place = {**_person_key(link.person), "sk": links.place_of(link.principal)}
        writes = [
            # What lies there without a proof, or without its other half, nobody made; whoever may
            # undo links clears it away.
            self._delete(
                _link_key(link.principal),
                "attribute_exists(pk) AND (proof = :own OR attribute_not_exists(proof))",
                link.proof,
            ),
            self._delete(place, "attribute_not_exists(pk) OR principal = :own", link.principal),
            self._record(record),
        ]
        transact(self._client, writes)

    def is_undone(self, event_id: str) -> bool:
        return _read(self._client, self._sessions, table_keys.lone_record_key(event_id)) is not None

    def wrong_codes(self, person: str, since: datetime) -> int:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk > :since",
            ExpressionAttributeValues=to_item(
                {":pk": _wrong_key(person), ":since": ids.bounds(since, since)[1]}
            ),
            ConsistentRead=True,
            Select="COUNT",
        )
        return int(answer["Count"])

    def note_wrong_code(self, person: str, try_id: str) -> None:
        item = {
            "pk": _wrong_key(person),
            "sk": try_id,
            "kind": "WRONG",
            "ttl": _later(ids.opened_at(try_id) + links.COUNTED_FOR),
        }
        self._client.put_item(TableName=self._table, Item=to_item(item))

    def _put(self, plain: dict[str, Any], condition: str, own: str = "") -> dict[str, Any]:
        values = {"ExpressionAttributeValues": to_item({":own": own})} if own else {}
        return {
            "Put": {
                "TableName": self._table,
                "Item": to_item(plain),
                "ConditionExpression": condition,
                **values,
            }
        }

    def _delete(self, key: dict[str, str], condition: str, own: str) -> dict[str, Any]:
        return {
            "Delete": {
                "TableName": self._table,
                "Key": to_item(dict(key)),
                "ConditionExpression": condition,
                "ExpressionAttributeValues": to_item({":own": own}),
            }
        }

    def _record(self, record: Record) -> dict[str, Any]:
        return {
            "Put": {
                "TableName": self._sessions,
                "Item": to_item(table_keys.record_item(record)),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        return _read(self._client, self._table, key)

    def _query(self, key: dict[str, str]) -> list[dict[str, Any]]:
        answer = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": key["pk"]}),
            ConsistentRead=True,
        )
        return [from_item(item) for item in answer["Items"]]


class DynamoDbLinkCodes:
    """Implements `ports.links.ShownCodes` and `CodeKeeper`."""

    def __init__(self, client: Any, tables: Tables) -> None:
        self._client = client
        self._table = tables.link_codes

    def show(self, code: ShownCode) -> None:
        newest = {**_newest_key(code.principal), "kind": "NEWEST", "digest": code.digest}
        item = {
            **_code_key(code.digest),
            "kind": "CODE",
            "principal": code.principal,
            "display": code.display,
            "team": code.team,
            "basis": code.basis,
            "until": timestamps.render(code.until),
        }
        ttl = {"ttl": _later(code.until)}
        self._client.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": self._table, "Item": to_item(each | ttl)}}
                for each in (newest, item)
            ]
        )

    def shown(self, digest: str) -> ShownCode | None:
        item = _read(self._client, self._table, _code_key(digest))
        if item is None:
            return None
        newest = _read(self._client, self._table, _newest_key(item["principal"]))
        if newest is None or newest["digest"] != digest:
            return None
        return ShownCode(
            digest=digest,
            principal=item["principal"],
            display=item["display"],
            team=item["team"],
            basis=item["basis"],
            until=timestamps.parse(item["until"]),
        )


def _read(client: Any, table: str, key: dict[str, str]) -> dict[str, Any] | None:
    answer = client.get_item(TableName=table, Key=to_item(dict(key)), ConsistentRead=True)
    item = answer.get("Item")
    return None if item is None else from_item(item)


def _link_item(link: Link) -> dict[str, Any]:
    return {
        **_link_key(link.principal),
        "kind": "LINK",
        "principal": link.principal,
        "person": link.person,
        "accepted_by": link.accepted_by,
        "linked_at": timestamps.render(link.linked_at),
        "basis": link.basis,
        "proof": link.proof,
    }


def _link_in(item: dict[str, Any], principal: str) -> Link:
    """As it lies there: others may write the table. What it lacks is empty, and proves nothing; of
    which principal it is, its key says.
    """
    try:
        linked_at = timestamps.parse(item["linked_at"])
    except (LookupError, TypeError, ValueError):
        linked_at = datetime.fromtimestamp(0, UTC)
    texts = {name: str(item.get(name, "")) for name in ("person", "accepted_by", "basis", "proof")}
    return Link(principal=principal, linked_at=linked_at, **texts)


def _link_key(principal: str) -> dict[str, str]:
    return {"pk": f"LINK#{principal}", "sk": "LINK"}


def _person_key(person: str) -> dict[str, str]:
    return {"pk": f"PERSON#{person}"}


def _used_key(code: ShownCode) -> dict[str, str]:
    return {"pk": f"USED#{code.digest}", "sk": "USED"}


def _wrong_key(person: str) -> str:
    return f"WRONG#{person}"


def _code_key(digest: str) -> dict[str, str]:
    return {"pk": f"CODE#{digest}", "sk": "CODE"}


def _newest_key(principal: str) -> dict[str, str]:
    return {"pk": f"NEWEST#{principal}", "sk": "NEWEST"}


def _later(until: datetime) -> int:
    return table_keys.epoch(until + _KEPT)
