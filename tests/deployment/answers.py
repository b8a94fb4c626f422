"""An AWS account as far as somebody asks it: real clients, answered from a table."""

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import quote

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.loaders import create_loader

Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]
_DOCUMENTS = {"AssumeRolePolicyDocument", "Document", "PolicyDocument"}
_DATA = create_loader()


class Refusal(Exception):
    """What an answer raises so that its caller gets a ClientError."""

    def __init__(self, code: str, message: str = "no", status: int = 400) -> None:
        super().__init__(code)
        self.error = {"Error": {"Code": code, "Message": message}}
        self.status = status


class Aws:
    """`answers` by `service.Operation`. What has none is refused, as to somebody without a right.

    `asked` has every call that was sent, with its region and its parameters.
    """

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.clients = cache(self._client)

    def _client(self, service: str, region_name: str | None = None) -> Any:
        client = _session().client(service, region_name=region_name or "eu-west-1")
        client.meta.events.register("before-parameter-build", self._remember)

        def answer(*, model: Any, context: dict[str, Any], **_: Any) -> Any:
            call = f"{service}.{model.name}"
            said = context["said"]
            self.asked.append((call, client.meta.region_name, said))
            return self._answer(call, model.name, said)

        client.meta.events.register("before-call", answer)
        return client

    @staticmethod
    def _remember(*, params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["said"] = dict(params)

    def _answer(self, call: str, name: str, said: dict[str, Any]) -> Any:
        found = self.answers.get(call, _denying(call))
        try:
            parsed = found(said) if callable(found) else found
        except Refusal as refusal:
            return AWSResponse(name, refusal.status, {}, None), refusal.error
        return AWSResponse(name, 200, {}, None), _as_sent(copy.deepcopy(parsed))

    @property
    def calls(self) -> set[str]:
        return {call for call, _, _ in self.asked}


def _denying(call: str) -> Answer:
    right = call.replace(".", ":")
    message = f"User: me is not authorized to perform: {right} because no policy allows it"

    def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise Refusal("AccessDenied", message, status=403)

    return refuse


def _as_sent(value: Any) -> Any:
    """IAM sends policies as text in a URL's spelling, and boto3 reads that."""
    if isinstance(value, list):
        return [_as_sent(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: quote(json.dumps(item)) if key in _DOCUMENTS else _as_sent(item)
        for key, item in value.items()
    }


@cache
def _session() -> boto3.Session:
    session = botocore.session.Session()
    session.register_component("data_loader", _DATA)
    return boto3.Session(
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name="eu-west-1",
        botocore_session=session,
    )
