"""Stream records of the tables, as changes that an operation can judge."""

import json
from collections.abc import Mapping
from typing import Any

from pam.aws import block_items, session_codec, table_keys
from pam.aws.attribute_values import from_item
from pam.domain.store_change import UNREADABLE, Change, Content, Item, ListedBlock
from pam.names import BLOCKS_PARTITION, RECORD_PLACE, SESSION_PLACE

_DYNAMODB = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def change_of(stream_record: Mapping[str, Any]) -> Change | None:
    """None for an item that nobody watches. What cannot be read has no content, and is a change."""
    told = stream_record["dynamodb"]
    before, after = _image(told, "OldImage"), _image(told, "NewImage")
    keys = from_item(told["Keys"])
    item = _item(str(keys["pk"]), str(keys["sk"]))
    if item is None:
        return None
    identity = stream_record.get("userIdentity") or {}
    return Change(
        change_id=str(stream_record["eventID"]),
        item=item,
        place=f"{keys['pk']}/{keys['sk']}",
        before=before,
        after=after,
        was=_content(item, before),
        now=_content(item, after),
        by_time_to_live={name: identity.get(name) for name in _DYNAMODB} == _DYNAMODB,
    )


def _item(pk: str, sk: str) -> Item | None:
    """By its keys: these nobody can change. What an item says that it is may be another's word."""
    if pk == BLOCKS_PARTITION:
        return Item.BLOCKS if sk == block_items.HEAD_KEY["sk"] else Item.BLOCK
    if {"pk": pk, "sk": sk} == table_keys.HEAD_KEY:
        return Item.LOG_HEAD
    if sk.startswith(RECORD_PLACE):
        return Item.RECORD
    return Item.SESSION if sk == SESSION_PLACE else None


def _image(told: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    return from_item(told[name]) if told.get(name) else None


def _content(item: Item, image: dict[str, Any] | None) -> Content:
    if image is None:
        return None
    try:
        return _read(item, image)
    except UNREADABLE:
        return None


def _read(item: Item, image: dict[str, Any]) -> Content:
    match item:
        case Item.RECORD:
            record: dict[str, Any] = json.loads(image["record"])
            # That it lies in its place is asked by whoever knows which that is.
            here = {name: image[name] for name in ("pk", "sk")}
            _check_whole(image, table_keys.record_item(record) | here)
            return record
        case Item.SESSION:
            session = session_codec.decode(image["document"])
            _check_whole(image, table_keys.session_item(session))
            return session
        case Item.BLOCK:
            listed = ListedBlock(block=block_items.block_of(image), event_id=str(image["event_id"]))
            _check_whole(image, block_items.block_item(listed.block, listed.event_id))
            return listed
        case Item.BLOCKS:
            version = int(image["version"])
            _check_whole(image, block_items.head_item(version))
            return version
        case Item.LOG_HEAD:
            return int(image["number"])


def _check_whole(image: dict[str, Any], written: dict[str, Any]) -> None:
    """Raises ValueError unless PAM itself would write just this: a session that its index does not
    find, a record that its reader does not, or a block that expires, is as good as removed.
    """
    if image != written:
        message = "this is not how it is written"
        raise ValueError(message)
