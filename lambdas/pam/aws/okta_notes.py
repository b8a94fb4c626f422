"""What PAM keeps of sessions at Okta: one item a session, and one a group and user. Only the two
functions that speak to Okta write the table.
"""

from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.aws.table_keys import epoch
from pam.aws.transactions import LOST_RACE
from pam.domain import timestamps
from pam.domain.errors import TryAgain
from pam.domain.session import Session
from pam.names import OF_SESSION
from pam.ports.okta_notes import Mark, Note

_KEPT = timedelta(days=90)
"""A note of a session by which there is no membership: not made, or seen gone."""
_GROUP, _USER, _NOTE = "GROUP#", "USER#", "NOTE"


class DynamoDbOktaNotes:
    """Implements `ports.okta_notes.OktaNotes`."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def note(self, session_id: str) -> Note | None:
        item = self._get(_note_key(session_id))
        return None if item is None else _note_in(item)

    def found(self, session: Session, user_id: str, now: datetime) -> Note:
        names = session.target.names
        return self._updated(
            session.session_id,
            "SET session_id = :me, user_id = if_not_exists(user_id, :user), "
            "organisation = if_not_exists(organisation, :organisation), "
            "#group = if_not_exists(#group, :group), "
            "end_sessions = if_not_exists(end_sessions, :ends), #ttl = if_not_exists(#ttl, :ttl)",
            {
                ":me": session.session_id,
                ":user": user_id,
                ":organisation": names["organisation"],
                ":group": names["group"],
                ":ends": session.target.settings.get("end_sessions") == "true",
                ":ttl": epoch(now + _KEPT),
            },
            {"#group": "group", "#ttl": "ttl"},
        )

    def will_make(self, note: Note, now: datetime) -> str | None:
        me = {":me": note.session_id}
        made = self._update_of(
            _note_key(note.session_id),
            "SET made = :yes REMOVE #ttl",
            {":yes": True, ":user": note.user_id},
            {"#ttl": "ttl"},
            # Whom it is about is what was noted; and an end forbids it before it looks.
            "user_id = :user AND attribute_not_exists(stopped)",
        )
        mine = {
            "TableName": self._table,
            "Item": to_item(
                {
                    **_mark_key(note.organisation, note.group, note.user_id),
                    "session_id": note.session_id,
                    "marked_at": timestamps.render(now),
                }
            ),
            # Two people of PAM's may be one user there, by mistake: the second comes too late.
            "ConditionExpression": "attribute_not_exists(pk) OR attribute_exists(gone_at) "
            "OR session_id = :me",
            "ExpressionAttributeValues": to_item(me),
        }
        try:
            self._client.transact_write_items(TransactItems=[{"Update": made}, {"Put": mine}])
        except ClientError as error:
            return self._why_not(error, note)
        return None

    def _why_not(self, error: ClientError, note: Note) -> str:
        reasons = error.response.get("CancellationReasons") or []
        codes = [reason.get("Code") for reason in reasons]
        if not set(codes) & LOST_RACE:
            raise error
        if codes[0] == "ConditionalCheckFailed":
            return note.session_id
        mark = self.mark(note.organisation, note.group, note.user_id)
        if codes[1] == "ConditionalCheckFailed" and mark is not None and mark.gone_at is None:
            return mark.session_id
        message = "another call writes this very note"
        raise TryAgain(message) from None

    def stop(self, session_id: str) -> Note:
        return self._updated(
            session_id,
            "SET session_id = :me, stopped = :yes",
            {":me": session_id, ":yes": True},
            {},
        )

    def gone(self, note: Note, evidence: str, now: datetime) -> None:
        self._updated(
            note.session_id,
            "SET gone_at = if_not_exists(gone_at, :now), "
            "evidence = if_not_exists(evidence, :evidence), #ttl = :ttl",
            {
                ":now": timestamps.render(now),
                ":evidence": evidence,
                ":ttl": epoch(now + _KEPT),
            },
            {"#ttl": "ttl"},
        )
        try:
            self._client.update_item(
                **self._update_of(
                    _mark_key(note.organisation, note.group, note.user_id),
                    "SET gone_at = if_not_exists(gone_at, :now)",
                    {":now": timestamps.render(now), ":me": note.session_id},
                    {},
                    # Only one's own: the next session may have it by now.
                    "session_id = :me",
                )
            )
        except ClientError as error:
            _raise_unless_lost(error)

    def mark(self, organisation: str, group: str, user_id: str) -> Mark | None:
        item = self._get(_mark_key(organisation, group, user_id))
        return None if item is None else _mark_in(item)

    def marks(self, organisation: str, group: str) -> list[Mark]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": _group_key(organisation, group)}),
            ConsistentRead=True,
        )
        return [_mark_in(from_item(item)) for page in pages for item in page["Items"]]

    def forget(self, organisation: str, group: str, mark: Mark) -> None:
        try:
            self._client.delete_item(
                TableName=self._table,
                Key=to_item(_mark_key(organisation, group, mark.user_id)),
                ConditionExpression="session_id = :me AND attribute_exists(gone_at)",
                ExpressionAttributeValues=to_item({":me": mark.session_id}),
            )
        except ClientError as error:
            _raise_unless_lost(error)

    def _updated(
        self,
        session_id: str,
        change: str,
        values: dict[str, Any],
        names: dict[str, str],
    ) -> Note:
        """The note, as it is then."""
        answer = self._client.update_item(
            **self._update_of(_note_key(session_id), change, values, names),
            ReturnValues="ALL_NEW",
        )
        return _note_in(from_item(answer["Attributes"]))

    def _update_of(
        self,
        key: dict[str, str],
        change: str,
        values: dict[str, Any],
        names: dict[str, str],
        condition: str = "",
    ) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": to_item(key),
            "UpdateExpression": change,
            "ExpressionAttributeValues": to_item(values),
            **({"ExpressionAttributeNames": names} if names else {}),
            **({"ConditionExpression": condition} if condition else {}),
        }

    def _get(self, key: dict[str, str]) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=to_item(key), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else from_item(item)


def _note_in(item: dict[str, Any]) -> Note:
    gone_at = item.get("gone_at")
    return Note(
        session_id=item["session_id"],
        organisation=item.get("organisation", ""),
        group=item.get("group", ""),
        user_id=item.get("user_id", ""),
        end_sessions=bool(item.get("end_sessions", False)),
        made=bool(item.get("made", False)),
        stopped=bool(item.get("stopped", False)),
        gone_at=timestamps.parse(gone_at) if gone_at else None,
        evidence=item.get("evidence", ""),
    )


def _mark_in(item: dict[str, Any]) -> Mark:
    gone_at = item.get("gone_at")
    return Mark(
        user_id=str(item["sk"]).removeprefix(_USER),
        session_id=item["session_id"],
        gone_at=timestamps.parse(gone_at) if gone_at else None,
    )


def _raise_unless_lost(error: ClientError) -> None:
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error


def _note_key(session_id: str) -> dict[str, str]:
    return {"pk": f"{OF_SESSION}{session_id}", "sk": _NOTE}


def _group_key(organisation: str, group: str) -> str:
    return f"{_GROUP}{organisation}#{group}"


def _mark_key(organisation: str, group: str, user_id: str) -> dict[str, str]:
    return {"pk": _group_key(organisation, group), "sk": f"{_USER}{user_id}"}
