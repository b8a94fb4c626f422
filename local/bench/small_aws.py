"""So much of AWS, at a socket, as one call of each function needs: what is put is there to be read.

It keeps what it is given and judges nothing: no condition, no right, no throttling. It stands in
for AWS where the time of a function's own process is measured, and nowhere else.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

Item = dict[str, Any]
Given = dict[str, Any]

_KEYS = (("pk", "sk"), ("request_id", "again"), ("origin",))
"""The attributes that the tables have as keys, each table one of these."""
_VERSIONS = {"v1": ["AWSCURRENT"], "4c2b4f6e-2222-4000-8000-000000000000": ["AWSPENDING"]}
"""Of every secret: what it holds, and what it is rotated to."""
_LOGIN = {
    "engine": "postgres",
    "host": "db",
    "port": 5432,
    "dbname": "app",
    "username": "app",
    "password": "p" * 32,
}
_NO_SUCH_VERSION = "ResourceNotFoundException"
_TERM = re.compile(
    r"begins_with\((?P<prefixed>[#\w]+), (?P<prefix>:\w+)\)"
    r"|(?P<within>[#\w]+) BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)"
    r"|(?P<name>[#\w]+) (?P<operator><=|>=|=|<|>) (?P<value>:\w+)"
)
_TEST: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda has, wanted: bool(has == wanted),
    "<": lambda has, wanted: bool(has < wanted),
    ">": lambda has, wanted: bool(has > wanted),
    "<=": lambda has, wanted: bool(has <= wanted),
    ">=": lambda has, wanted: bool(has >= wanted),
}


@dataclass(slots=True, kw_only=True)
class Kept:
    """Everything that was put anywhere."""

    items: dict[str, dict[tuple[str, ...], Item]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    role_policies: dict[tuple[str, str], str] = field(default_factory=dict)
    input: str = "{}"
    """Of every execution."""
    invoked: list[tuple[str, Given]] = field(default_factory=list)
    """Function and message, in order."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What a function answers that is called, by its name."""


class SmallAws:
    """`url` is its endpoint, for as long as it is `open`."""

    def __init__(self) -> None:
        self.kept = Kept()
        self._log_key = ec.generate_private_key(ec.SECP256R1())
        self._witness_key = ed25519.Ed25519PrivateKey.generate()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def open(self) -> Iterator["SmallAws"]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    @contextmanager
    def holding(self, kept: Kept | None = None) -> Iterator[None]:
        """As it is, or with something else; whatever is put meanwhile is forgotten."""
        before = self.kept
        self.kept = deepcopy(before if kept is None else kept)
        try:
            yield
        finally:
            self.kept = before

    def found(self, kind: str) -> list[Item]:
        """The items of one kind, in all tables."""
        return [
            item
            for table in self.kept.items.values()
            for item in table.values()
            if item.get("kind") == {"S": kind}
        ]

    def answer(self, method: str, path: str, headers: Given, body: bytes) -> tuple[int, bytes]:
        target = headers.get("x-amz-target", "")
        if target:
            service, _, operation = target.partition(".")
            given = json.loads(body)
            part = self._dynamodb if service.startswith("DynamoDB") else self._json
            return 200, json.dumps(part(operation, given)).encode()
        if path.startswith("/2015-03-31/functions/"):
            return 200, self._invoked(unquote(path.split("/")[3]), json.loads(body or b"{}"))
        if b"Action=" in body:
            return self._queried(dict(parse_qsl(body.decode())))
        return self._s3(method, path, body)

    def _dynamodb(self, operation: str, given: Given) -> Any:
        match operation:
            case "GetItem":
                item = self._table(given).get(_key(given["Key"]))
                return {"Item": item} if item else {}
            case "BatchGetItem":
                return {"Responses": dict(map(self._batch, given["RequestItems"].items()))}
            case "Query":
                items = self._matching(given)[: given.get("Limit")]
                return {"Items": items, "Count": len(items)}
            case "PutItem":
                self._table(given)[_key(given["Item"])] = given["Item"]
            case "UpdateItem":
                return {"Attributes": self._update(given)}
            case "TransactWriteItems":
                for write in given["TransactItems"]:
                    self._write(write)
            case _:
                raise NotImplementedError(operation)
        return {}

    def _write(self, write: Given) -> None:
        if "Put" in write:
            self._table(write["Put"])[_key(write["Put"]["Item"])] = write["Put"]["Item"]
        elif "Update" in write:
            self._update(write["Update"])
        elif "Delete" in write:
            self._table(write["Delete"]).pop(_key(write["Delete"]["Key"]), None)

    def _update(self, given: Given) -> Item:
        """The item as it is then. `SET` with plain values, and `REMOVE`."""
        item = self._table(given).setdefault(_key(given["Key"]), dict(given["Key"]))
        names = given.get("ExpressionAttributeNames", {})
        put, _, removed = given["UpdateExpression"].partition("REMOVE ")
        for name, value in re.findall(r"([#\w]+) = (:\w+)", put):
            item[names.get(name, name)] = given["ExpressionAttributeValues"][value]
        for name in re.findall(r"[#\w]+", removed):
            item.pop(names.get(name, name), None)
        return item

    def _batch(self, wanted: tuple[str, Given]) -> tuple[str, list[Item]]:
        name, keys = wanted
        table = self.kept.items.get(name, {})
        return name, [table[_key(key)] for key in keys["Keys"] if _key(key) in table]

    def _matching(self, given: Given) -> list[Item]:
        names = given.get("ExpressionAttributeNames", {})
        values = given.get("ExpressionAttributeValues", {})
        tests = list(_tests(given["KeyConditionExpression"], names, values))
        tests += _tests(given.get("FilterExpression", ""), names, values)
        found = [item for item in self._table(given).values() if all(t(item) for t in tests)]
        return sorted(found, key=_key)

    def _table(self, given: Given) -> dict[tuple[str, ...], Item]:
        return self.kept.items.setdefault(given["TableName"], {})

    def _json(self, operation: str, given: Given) -> Any:
        """What answers nothing of interest is answered with nothing."""
        if operation in {"GetPublicKey", "Sign"}:
            return self._signed(operation, given)
        now = datetime.now(UTC).timestamp()
        running = {"status": "RUNNING", "startDate": now, "input": self.kept.input}
        answers: dict[str, Any] = {
            "GenerateMac": {"Mac": base64.b64encode(b"m" * 32).decode()},
            "VerifyMac": {"MacValid": True},
            "StartExecution": {"executionArn": "arn", "startDate": now},
            "DescribeExecution": running,
            "DescribeSecret": {"RotationEnabled": True, "VersionIdsToStages": _VERSIONS},
            "PutEvents": {"FailedEntryCount": 0, "Entries": []},
            "FilterLogEvents": {"events": []},
        }
        if operation == "GetSecretValue":
            if given.get("VersionStage", "AWSCURRENT") != "AWSCURRENT":
                raise LookupError(_NO_SUCH_VERSION)
            return {"SecretString": json.dumps(_LOGIN)}
        return answers.get(operation, {})

    def _signed(self, operation: str, given: Given) -> Given:
        witness = "witness" in given["KeyId"]
        key = self._witness_key if witness else self._log_key
        if operation == "GetPublicKey":
            der = key.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            return {"PublicKey": base64.b64encode(der).decode()}
        message = base64.b64decode(given["Message"])
        signature = (
            self._witness_key.sign(message)
            if witness
            else self._log_key.sign(message, ec.ECDSA(hashes.SHA256()))
        )
        return {"Signature": base64.b64encode(signature).decode()}

    def _invoked(self, function: str, message: Given) -> bytes:
        self.kept.invoked.append((function, message))
        return json.dumps(self.kept.answers.get(function, {})).encode()

    def _queried(self, given: dict[str, str]) -> tuple[int, bytes]:
        """The services that still speak XML."""
        action, name = given["Action"], (given.get("RoleName", ""), given.get("PolicyName", ""))
        said = ""
        match action:
            case "AssumeRole":
                ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
                said = (
                    "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret"
                    "</SecretAccessKey><SessionToken>token</SessionToken>"
                    f"<Expiration>{ends}</Expiration></Credentials>"
                )
            case "PutRolePolicy":
                self.kept.role_policies[name] = given["PolicyDocument"]
            case "DeleteRolePolicy":
                self.kept.role_policies.pop(name, None)
            case "GetRolePolicy" if name not in self.kept.role_policies:
                return (
                    404,
                    b"<ErrorResponse><Error><Code>NoSuchEntity</Code></Error></ErrorResponse>",
                )
            case "GetRolePolicy":
                document = quote(self.kept.role_policies[name])
                said = f"<PolicyDocument>{document}</PolicyDocument>"
            case "ListRolePolicies":
                names = [policy for role, policy in self.kept.role_policies if role == name[0]]
                said = "".join(f"<member>{each}</member>" for each in names)
                said = f"<PolicyNames>{said}</PolicyNames><IsTruncated>false</IsTruncated>"
        result = f"<{action}Result>{said}</{action}Result>"
        return 200, f"<{action}Response>{result}</{action}Response>".encode()

    def _s3(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        address = urlsplit(path)
        key = unquote(address.path).split("/", 2)[-1]
        asked = dict(parse_qsl(address.query))
        if method == "PUT":
            self.kept.objects[key] = _unchunked(body)
            return 200, b""
        if "list-type" in asked:
            prefix, after = asked.get("prefix", ""), asked.get("start-after", "")
            found = [k for k in sorted(self.kept.objects) if k.startswith(prefix) and k > after]
            listed = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in found)
            return 200, f"<ListBucketResult>{listed}</ListBucketResult>".encode()
        if key in self.kept.objects:
            return 200, self.kept.objects[key]
        return 404, b"<Error><Code>NoSuchKey</Code></Error>"


def _key(attributes: Item) -> tuple[str, ...]:
    names = next(names for names in _KEYS if set(names) <= set(attributes))
    return tuple(attributes[name]["S"] for name in names)


def _tests(
    expression: str, names: dict[str, str], values: Given
) -> Iterator[Callable[[Item], bool]]:
    """Each term that it understands; of others a reader gets more than it asked for."""
    for term in _TERM.finditer(expression):
        part = term.groupdict()
        name = part["prefixed"] or part["within"] or part["name"]
        yield _test(names.get(name, name), part, values)


def _test(name: str, part: dict[str, str], values: Given) -> Callable[[Item], bool]:
    def holds(item: Item) -> bool:
        if name not in item:
            return False
        ((_, has),) = item[name].items()
        wanted = {
            to: next(iter(values[named].values()))
            for to, named in part.items()
            if (to in {"prefix", "low", "high", "value"} and named)
        }
        if "prefix" in wanted:
            return str(has).startswith(wanted["prefix"])
        if "low" in wanted:
            return bool(wanted["low"] <= has <= wanted["high"])
        return _TEST[part["operator"]](has, wanted["value"])

    return holds


def _unchunked(body: bytes) -> bytes:
    """Of a body in signed chunks, the content."""
    if not re.match(rb"[0-9a-f]+(;|\r\n)", body):
        return body
    content, rest = b"", body
    while True:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.split(b";")[0], 16)
        if not size:
            return content
        content, rest = content + rest[:size], rest[size + 2 :]


def _handler_of(aws: SmallAws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, said = aws.answer(self.command, self.path, headers, body)
            except LookupError as error:
                status, said = 400, json.dumps({"__type": str(error)}).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            # DynamoDB's clients check it.
            self.send_header("etag", f'"{hashlib.sha256(said).hexdigest()}"')
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said)

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - the names that it is asked for by

        def log_message(self, *_: object) -> None:
            pass

    return Handler
