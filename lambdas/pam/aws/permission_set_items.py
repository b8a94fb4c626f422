"""What PAM knows of its access at Identity Center: one item for each thing, changed by one
conditional write of the whole. Only the functions that speak to Identity Center write the table.
"""

import random
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pam.aws.attribute_values import from_item, to_item
from pam.domain.errors import IssuerUnavailable

_TRIES = 40
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.5
"""Seconds, at most: many sessions may change the item of one permission set at once."""
_PLACE = "STATE"


class PermissionSetItems:
    """Texts by name. Raises IssuerUnavailable if the table does not answer, or does not let it
    write, and AwsThrottled.
    """

    def __init__(self, client: Any, table: str, pause: Callable[[float], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause

    def read(self, name: str) -> str:
        """Empty if there is no such item."""
        return self._get(name)[0]

    def change(self, name: str, decide: Callable[[str], str | None]) -> str:
        """Writes what `decide` makes of the text that stands there; nothing if that is None.
        Returns what stands there then. `decide` is asked again whenever another was faster.
        """
        for number in range(_TRIES):
            text, revision = self._get(name)
            wanted = decide(text)
            if wanted is None or wanted == text:
                return text
            if self._put(name, wanted, revision):
                return wanted
            self._pause(random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**number)))  # noqa: S311
        message = f"too many write {name.partition('#')[0]} at once"
        raise IssuerUnavailable(message)

    def forget(self, name: str) -> None:
        """No error if there is none."""
        try:
            self._client.delete_item(TableName=self._table, Key=_key(name))
        except (ClientError, BotoCoreError) as error:
            raise _fault(error) from error

    def _get(self, name: str) -> tuple[str, int]:
        try:
            answer = self._client.get_item(
                TableName=self._table, Key=_key(name), ConsistentRead=True
            )
        except (ClientError, BotoCoreError) as error:
            raise _fault(error) from error
        if "Item" not in answer:
            return "", 0
        item = from_item(answer["Item"])
        return str(item["document"]), int(item["revision"])

    def _put(self, name: str, text: str, revision: int) -> bool:
        item = {"pk": name, "sk": _PLACE, "document": text, "revision": revision + 1}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if revision:
            condition = {
                "ConditionExpression": "revision = :before",
                "ExpressionAttributeValues": to_item({":before": revision}),
            }
        try:
            self._client.put_item(TableName=self._table, Item=to_item(item), **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise _fault(error) from error
        except BotoCoreError as error:
            raise _fault(error) from error
        return True


def _key(name: str) -> dict[str, Any]:
    return to_item({"pk": name, "sk": _PLACE})


def _fault(error: ClientError | BotoCoreError) -> Exception:
    """What AWS throttles stays what it is: nobody's fault, and to be tried again."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if "Throttl" in code or "Throughput" in code:
        return error
    message = f"the table of Identity Center did not take it: {code or 'no answer'}"
    return IssuerUnavailable(message)
