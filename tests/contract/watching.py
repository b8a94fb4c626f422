"""The tables with their streams, for those who look at what happens in them."""

import json
from dataclasses import astuple
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from ulid import ULID

from pam.aws import session_codec, table_keys
from pam.aws.attribute_values import from_item, to_item
from pam.aws.checkpoint_items import DynamoDbCheckpoints
from pam.aws.stream_changes import change_of
from pam.domain.checkpoint import Head
from pam.domain.merkle import Frontier
from pam.names import Tables
from pam.operations.watch_store import watch_store
from tests.crash.scene import Scene
from tests.fakes.story import Story

Item = dict[str, Any]
TTL = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


WRITES = ("DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem")


class Watched:
    """The tables, and a stream of what happens in them: one change for each item of each write."""

    def __init__(self, client: Any, story: Story, tables: Tables) -> None:
        self.client = client
        self.tables = tables
        self.story = story
        self.session_id = "SESSION#"
        self.stream: list[dict[str, Any]] = []
        self._seen = self.items()
        for write in WRITES:
            client.meta.events.register(f"after-call.dynamodb.{write}", self._note)

    def items(self) -> dict[tuple[str, str, str], Item]:
        """What scans of the tables find, from where moto has it: they are looked at after each
        write, and a scan takes ten times as long.
        """
        kept = dynamodb_backends[DEFAULT_ACCOUNT_ID][self.client.meta.region_name].tables
        found = {}
        for table in astuple(self.tables):
            for item in kept[table].all_items():
                # A copy: what lies there changes in place.
                raw = json.loads(json.dumps(item.to_json()["Attributes"]))
                found[table, raw["pk"]["S"], raw["sk"]["S"]] = raw
        return found

    def of_kind(self, kind: str) -> tuple[tuple[str, str, str], Item]:
        """The last one; of the session in question, if there is one."""
        found = [pair for pair in self.items().items() if pair[1]["kind"]["S"] == kind]
        return max(found, key=lambda pair: (self.session_id in pair[0][1], pair[0]))

    def put(self, key: tuple[str, str, str], item: Item) -> None:
        self.client.put_item(TableName=key[0], Item=item)

    def remove(self, key: tuple[str, str, str]) -> None:
        keys = {"pk": {"S": key[1]}, "sk": {"S": key[2]}}
        self.client.delete_item(TableName=key[0], Key=keys)

    def found(self, identity: dict[str, str] | None = None) -> list[str]:
        """What the watch says of everything that happened since the last look."""
        wrong = []
        while self.stream:
            said = self.judged(self.stream.pop(0) | {"userIdentity": identity})
            wrong += [said] if said else []
        return wrong

    def judged(self, stream_record: dict[str, Any]) -> str | None:
        change = change_of(stream_record)
        if change is None:
            return None
        return watch_store(
            change, now=self.story.now, store=self.story.store, verifier=self.story.keys
        )

    def _note(self, **_: Any) -> None:
        before, self._seen = self._seen, self.items()
        for key in sorted({*before, *self._seen}):
            was, now = before.get(key), self._seen.get(key)
            if was == now:
                continue
            images = {"OldImage": was, "NewImage": now}
            told = {name: image for name, image in images.items() if image is not None}
            keys = {"pk": {"S": key[1]}, "sk": {"S": key[2]}}
            change_id = str(ULID())
            self.stream.append({"eventID": change_id, "dynamodb": {"Keys": keys, **told}})


def drifts(watched: Watched) -> list[str]:
    records = [from_item(item) for item in watched.items().values() if "record" in item]
    return [each["record"] for each in records if '"type":"Drift"' in each["record"]]


def sealed(scene: Scene, watched: Watched) -> None:
    log = DynamoDbCheckpoints(watched.client, watched.tables)
    before = Head()
    for number in (1, 2):
        after = Head(number=number, frontier=Frontier(0, ()), at=scene.now, hashed=str(number))
        log.advance(before, after)
        assert watched.found() == []
        before = after


def another(item: Item, **changed: Any) -> Item:
    return {**item, **to_item(changed)}


def rewritten(w: Watched, **changed: Any) -> None:
    """With all that an index needs, as somebody would who knows the table well."""
    key, item = w.of_kind("SESSION")
    session = session_codec.decode(from_item(item)["document"] | changed)
    w.put(key, to_item(table_keys.session_item(session)))
