"""Calls of AWS as a function of the deployment, with its own credentials.

Each does nothing where it is allowed: its condition fails, what it names is not there, or it only
looks. IAM decides before that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from operator import attrgetter
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.cast import Cast, until
from pam.names import Parameter, Table, parameter_path, slack_queue_name, table_name


@dataclass(frozen=True)
class Place:
    """What there is to try it on."""

    cast: Cast

    def root(self, service: str) -> Any:
        return _root(self, service)

    def of(self, parameter: Parameter) -> str:
        path = parameter_path("local", parameter)
        return str(self.root("ssm").get_parameter(Name=path)["Parameter"]["Value"])

    def function(self, name: str) -> str:
        return str(self.functions[name]["FunctionName"])

    def key(self, alias: str) -> str:
        described = self.root("kms").describe_key(KeyId=f"alias/{alias}")
        return str(described["KeyMetadata"]["Arn"])

    @cached_property
    def functions(self) -> dict[str, dict[str, Any]]:
        """Every one that is deployed, by its handler."""
        pages = self.root("lambda").get_paginator("list_functions").paginate()
        found = [function for page in pages for function in page["Functions"]]
        return {function["Handler"].removesuffix(".handler"): function for function in found}

    @cached_property
    def table(self) -> str:
        return self.of(Parameter.SESSION_STORE_TABLE_NAME)

    @cached_property
    def calls(self) -> str:
        """The table of calls that doors noted."""
        variables = self.functions["request_api"]["Environment"]["Variables"]
        return str(variables["PAM_CALLS_TABLE"])

    @cached_property
    def memory(self) -> str:
        """The witness's table."""
        tables: list[str] = self.root("dynamodb").list_tables()["TableNames"]
        return next(name for name in tables if name.startswith("pam-local-witness"))

    def stream_of(self, table: str) -> str:
        described = self.root("dynamodb").describe_table(TableName=table)
        return str(described["Table"]["LatestStreamArn"])

    def shard_of(self, stream: str) -> str:
        described = self.root("dynamodbstreams").describe_stream(StreamArn=stream)
        return str(described["StreamDescription"]["Shards"][0]["ShardId"])

    @cached_property
    def archive(self) -> str:
        return self.of(Parameter.AUDIT_ARCHIVE_BUCKET)

    def archived(self, folder: str) -> str:
        """Something that the archive holds already."""
        listed = self.root("s3").list_objects_v2(Bucket=self.archive, Prefix=folder)
        return str(listed["Contents"][0]["Key"])

    @cached_property
    def queue(self) -> str:
        urls: list[str] = self.root("sqs").list_queues()["QueueUrls"]
        return next(url for url in urls if "DeadLetters" in url)

    @cached_property
    def activities(self) -> str:
        urls: list[str] = self.root("sqs").list_queues()["QueueUrls"]
        return next(url for url in urls if "ActivityQueue" in url)

    @cached_property
    def told_in_slack(self) -> str:
        """The queue of what is told in Slack."""
        return str(self.root("sqs").get_queue_url(QueueName=slack_queue_name("local"))["QueueUrl"])

    @cached_property
    def execution(self) -> str:
        """One that there never was."""
        machine = self.of(Parameter.APPROVAL_WORKFLOW_ARN)
        return machine.replace(":stateMachine:", ":execution:") + ":tried"

    @cached_property
    def used_token(self) -> str:
        """Of a task that is over: it belongs to the one machine, and is of no use."""
        alice = self.cast.person("alice")
        session_id = str(alice.request("core-ledger-admin")["session_id"])
        key = {"pk": {"S": f"SESSION#{session_id}"}, "sk": {"S": "TASK_TOKEN"}}

        def token() -> str | None:
            item = self.root("dynamodb").get_item(TableName=self.table, Key=key).get("Item")
            return item and str(item["token"]["S"])

        found = until(token, "the approvers to be asked")
        alice.post("/pam/end", {"session_id": session_id})
        return found


@cache
def _root(place: Place, service: str) -> Any:
    return place.cast.person("root").client(service)


@dataclass(frozen=True)
class Hands:
    """The credentials of one function, and the place that they are tried in."""

    place: Place
    access_key_id: str
    secret_access_key: str
    session_token: str

    def client(self, service: str) -> Any:
        return _client(self, service)


def own_credentials(place: Place, name: str) -> Hands:
    """What the emulator gives the processes of this very function, by the way in which it makes
    them: nobody else has these. It knows them once the first process begins, and nobody waits for
    that when a stack comes up.
    """
    function = place.functions[name]
    named = f"{function['FunctionArn']}:{function['Role']}"
    digest = sha256(named.encode()).hexdigest()
    hands = Hands(
        place=place,
        access_key_id=f"ASIA{digest[:16].upper()}",
        secret_access_key=sha256(f"secret:{digest}".encode()).hexdigest(),
        session_token=sha256(f"token:{digest}".encode()).hexdigest(),
    )
    until(lambda: _are_known(hands), f"a process of {name}")
    return hands


def _are_known(hands: Hands) -> bool | None:
    """None if not: what they are refused then says nothing of rights."""
    try:
        hands.client("sts").get_caller_identity()
    except ClientError as error:
        if error.response["Error"]["Code"] != "InvalidClientTokenId":
            raise
        return None
    return True


@cache
def _client(hands: Hands, service: str) -> Any:
    return _MODELS.client(
        service,
        endpoint_url=hands.place.cast.about["endpoint_url"],
        region_name=hands.place.cast.about["region"],
        aws_access_key_id=hands.access_key_id,
        aws_secret_access_key=hands.secret_access_key,
        aws_session_token=hands.session_token,
        config=Config(retries={"total_max_attempts": 1}),
    )


_MODELS = boto3.Session()
"""Reading what AWS's services are like takes longer than all the calls: once for everybody."""


Do = Callable[[Hands], object]
_REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
"""As the services put it; the last is SNS's."""


def denied(do: Do, hands: Hands) -> bool:
    """Whether IAM refused. Any other failure is of what was asked for, and not of a right."""
    try:
        do(hands)
    except ClientError as error:
        return error.response["Error"]["Code"] in _REFUSALS
    return False


def call(service: str, operation: str, **fields: Any) -> Do:
    """The call with these fields; a function among them is asked for what it finds at the place."""

    def do(hands: Hands) -> object:
        given = {n: v(hands.place) if callable(v) else v for n, v in fields.items()}
        return getattr(hands.client(service), operation)(**given)

    return do


def of(parameter: Parameter) -> Callable[[Place], str]:
    return lambda place: place.of(parameter)


def key(alias: str) -> Callable[[Place], str]:
    return lambda place: place.key(alias)


DATA_KEY = key("pam-local")
TABLE, MEMORY, ARCHIVE, CALLS = map(attrgetter, ("table", "memory", "archive", "calls"))
BESIDE = {table: table_name("local", table) for table in Table}
ITEM, ORIGIN, A_CALL, FINDING = (
    {**keys, "tried": {"S": "yes"}}
    for keys in (
        {"pk": {"S": "tried"}, "sk": {"S": "tried"}},
        {"origin": {"S": "tried"}},
        {"request_id": {"S": "tried"}, "again": {"S": "-"}},
        {"pk": {"S": "SESSION#NONE#tried"}, "sk": {"S": "tried"}},
    )
)


def keys_of(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "tried"}


def gets(item: dict[str, Any], table: Any = TABLE) -> Do:
    return call("dynamodb", "get_item", TableName=table, Key=keys_of(item))


def reads_by_keys(item: dict[str, Any], table: Any = TABLE) -> Do:
    def wanted(place: Place) -> dict[str, Any]:
        name = table(place) if callable(table) else table
        return {name: {"Keys": [keys_of(item)]}}

    return call("dynamodb", "batch_get_item", RequestItems=wanted)


def puts(item: dict[str, Any], table: Any = TABLE) -> Do:
    never = {"ConditionExpression": "attribute_exists(never)"}
    return call("dynamodb", "put_item", TableName=table, Item=item, **never)


def deletes(item: dict[str, Any], table: Any = TABLE) -> Do:
    return call("dynamodb", "delete_item", TableName=table, Key=keys_of(item))


def updates(item: dict[str, Any], table: Any = TABLE) -> Do:
    return call(
        "dynamodb",
        "update_item",
        TableName=table,
        Key=keys_of(item),
        UpdateExpression="SET tried = pk",
        ConditionExpression="attribute_exists(never)",
    )


def queries(partition: str, table: Any = TABLE, **index: str) -> Do:
    return call(
        "dynamodb",
        "query",
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": partition}},
        **index,
    )


def describes_the_stream(table: Any = TABLE) -> Do:
    return call(
        "dynamodbstreams",
        "describe_stream",
        StreamArn=lambda place: place.stream_of(_called(table, place)),
    )


def takes_up_the_stream(table: Any = TABLE) -> Do:
    def shard(place: Place) -> str:
        return place.shard_of(place.stream_of(_called(table, place)))

    return call(
        "dynamodbstreams",
        "get_shard_iterator",
        StreamArn=lambda place: place.stream_of(_called(table, place)),
        ShardId=shard,
        ShardIteratorType="LATEST",
    )


def _called(table: Any, place: Place) -> str:
    return str(table(place) if callable(table) else table)


def publishes(topic: Parameter) -> Do:
    # It is not what it says that it is, and so nobody gets it.
    return call("sns", "publish", TopicArn=of(topic), Message="no JSON", MessageStructure="json")


def uses_the_key(operation: str, **fields: Any) -> Do:
    return call("kms", operation, **{"KeyId": DATA_KEY, **fields})


def invokes(name: str) -> Do:
    return call(
        "lambda",
        "invoke",
        FunctionName=lambda place: place.function(name),
        InvocationType="DryRun",
    )


def archives(path: str) -> Do:
    # There is something, and nothing in the archive is replaced.
    return call(
        "s3",
        "put_object",
        Bucket=ARCHIVE,
        Key=lambda place: place.archived(path),
        Body=b"",
        IfNoneMatch="*",
    )


def reads_archive(path: str) -> Do:
    return call("s3", "get_object", Bucket=ARCHIVE, Key=path)


def logs(group: str) -> Do:
    # No stream has that name.
    events = [{"timestamp": 0, "message": "tried"}]
    return call(
        "logs", "put_log_events", logGroupName=group, logStreamName="none", logEvents=events
    )


def signs(alias: str) -> Do:
    # By an algorithm for another kind of key.
    by = {"Message": b"tried", "SigningAlgorithm": "RSASSA_PSS_SHA_512"}
    return call("kms", "sign", KeyId=key(alias), **by)


def makes_a_proof(alias: str) -> Do:
    # By an algorithm for another kind of key.
    by = {"Message": b"tried", "MacAlgorithm": "HMAC_SHA_512"}
    return call("kms", "generate_mac", KeyId=key(alias), **by)


def tells_a_proof(alias: str) -> Do:
    by = {"Message": b"tried", "MacAlgorithm": "HMAC_SHA_256", "Mac": b"0" * 32}
    return call("kms", "verify_mac", KeyId=key(alias), **by)


def assumes(role: str, **fields: Any) -> Do:
    return call("sts", "assume_role", RoleArn=role, RoleSessionName="tried", **fields)


def secret(operation: str, name: str, **fields: Any) -> Do:
    return call("secretsmanager", operation, SecretId=name, **fields)
