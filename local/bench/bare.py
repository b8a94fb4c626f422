"""The barest form of each call that PAM makes, as the reference of what PAM does.

On the same emulator, signed and judged by IAM like PAM's own, by a user of the bench. `Bare` makes
what is called in the running stack, which ends with the bench.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import urllib3

from local.aws import ACCOUNT, REGION, root_client
from local.bench import bare_functions
from local.bench.rounds import timed
from local.cast import Cast, Person, until
from local.logins import connect

API, API_READ, EXECUTION = "empty Lambda by the API", "Lambda with one read by the API", "execution"
LOGIN, REFUSED_LOGIN = "database login", "database login refused"
TRANSACTION = "dynamodb:TransactWriteItems"
_NAME = "bench"
_ROLE = f"arn:aws:iam::{ACCOUNT}:role/{_NAME}"
_EVERYTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
_ANYBODY_HERE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": f"arn:aws:iam::{ACCOUNT}:root",
                    "Service": ["lambda.amazonaws.com", "states.amazonaws.com"],
                },
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_ITEM = {"pk": {"S": "bare"}, "sk": {"S": "item"}}
_RECORD = "x" * 1200
"""About as long as an audit record."""

Timed = Callable[[], float]


class Bare:
    """`acts` says for each call, by the name that IAM has for it, how long one takes just now."""

    def __init__(self, cast: Cast, caller: Person) -> None:
        """`caller` is somebody who may call PAM's API, and calls the bench's as well."""
        self._cast, self._caller = cast, caller
        self._root = partial(root_client, endpoint=cast.about["endpoint_url"])
        self._clients: dict[str, Any] = {}
        self._make_caller()
        self._make_places()
        self._function = self._make_functions()
        self._url = self._make_api()
        self._machines = {
            kind: self._make_machine(kind, states) for kind, states in self._definitions()
        }

    @cached_property
    def acts(self) -> Mapping[str, Timed]:
        acts: dict[str, Callable[[], object]] = {
            API: partial(self.call_api, "empty"),
            API_READ: partial(self.call_api, "read"),
            EXECUTION: self._execute,
            LOGIN: self._log_in,
            REFUSED_LOGIN: self._fail_to_log_in,
            **self._of_dynamodb(),
            **self._of_others(),
        }
        return {
            **{name: partial(timed, act) for name, act in acts.items()},
            "states:StopExecution": self._stop,
            **{
                f"{TRANSACTION} of {n}": partial(timed, partial(self.write, n)) for n in range(1, 9)
            },
        }

    def client(self, service: str) -> Any:
        """As the bench's own user."""
        if service not in self._clients:
            self._clients[service] = self._cast.client(service, self._session)
        return self._clients[service]

    def call_api(self, path: str) -> None:
        answer = self._caller.call_url("GET", f"{self._url}/{path}")
        if answer.status != 200:  # noqa: PLR2004
            message = f"the bench's own API answered {answer.status}: {answer.body}"
            raise AssertionError(message)

    def write(self, items: int) -> None:
        """A transaction of conditional writes."""
        put = {
            "TableName": _NAME,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        self.client("dynamodb").transact_write_items(
            TransactItems=[{"Put": {**put, "Item": _new_item()}} for _ in range(items)]
        )

    def put(self) -> None:
        """One conditional write."""
        self.client("dynamodb").put_item(
            TableName=_NAME, Item=_new_item(), ConditionExpression="attribute_not_exists(pk)"
        )

    def start(self) -> str:
        """An execution of one state, which calls the empty function. Its ARN."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self._machines["one"]
        )
        return str(started["executionArn"])

    def is_over(self, execution: str) -> bool:
        answer = self.client("stepfunctions").describe_execution(executionArn=execution)
        return bool(answer["status"] == "SUCCEEDED")

    def states_entered(self) -> int:
        execution = self.start()
        until(lambda: self.is_over(execution) or None, "the bare execution to succeed")
        history = self.client("stepfunctions").get_execution_history(executionArn=execution)
        return sum("stateEnteredEventDetails" in event for event in history["events"])

    def keep(self, number: str, line: str) -> None:
        """One record to log group, archive and bus, as plainly as AWS takes it."""
        self.client("logs").put_log_events(
            logGroupName=_NAME,
            logStreamName=_NAME,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": line}],
        )
        self.client("s3").put_object(Bucket=_NAME, Key=number, Body=line.encode())
        self.client("events").put_events(Entries=[_event(line)])

    def _of_dynamodb(self) -> dict[str, Callable[[], object]]:
        table = self.client("dynamodb")
        return {
            "dynamodb:GetItem": lambda: table.get_item(
                TableName=_NAME, Key=_ITEM, ConsistentRead=True
            ),
            "dynamodb:BatchGetItem": lambda: table.batch_get_item(
                RequestItems={_NAME: {"Keys": [_ITEM], "ConsistentRead": True}}
            ),
            "dynamodb:TransactGetItems": lambda: table.transact_get_items(
                TransactItems=[{"Get": {"TableName": _NAME, "Key": _ITEM}}]
            ),
            "dynamodb:Query": lambda: table.query(
                TableName=_NAME,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": _ITEM["pk"]},
                ConsistentRead=True,
            ),
            "dynamodb:PutItem": self.put,
            "dynamodb:UpdateItem": lambda: table.update_item(
                TableName=_NAME,
                Key=_ITEM,
                UpdateExpression="SET v = :v",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":v": {"S": uuid4().hex}},
            ),
            "dynamodb:DeleteItem": lambda: table.delete_item(
                TableName=_NAME, Key={"pk": {"S": uuid4().hex}, "sk": {"S": "item"}}
            ),
        }

    def _of_others(self) -> dict[str, Callable[[], object]]:
        kms, sts, iam, logs = (self.client(name) for name in ("kms", "sts", "iam", "logs"))
        mac = {"KeyId": self._key, "MacAlgorithm": "HMAC_SHA_256", "Message": b"bare"}
        made = kms.generate_mac(**mac)["Mac"]
        return {
            "kms:GenerateMac": lambda: kms.generate_mac(**mac),
            "kms:VerifyMac": lambda: kms.verify_mac(**mac, Mac=made),
            "sts:AssumeRole": lambda: sts.assume_role(
                RoleArn=_ROLE, RoleSessionName=_NAME, DurationSeconds=900, Policy=_EVERYTHING
            ),
            "sts:GetCallerIdentity": sts.get_caller_identity,
            "iam:PutRolePolicy": lambda: iam.put_role_policy(
                RoleName=_NAME, PolicyName=_NAME, PolicyDocument=_EVERYTHING
            ),
            "iam:GetRolePolicy": lambda: iam.get_role_policy(RoleName=_NAME, PolicyName=_NAME),
            "iam:ListRolePolicies": lambda: iam.list_role_policies(RoleName=_NAME),
            "iam:ListAttachedRolePolicies": lambda: iam.list_attached_role_policies(RoleName=_NAME),
            "iam:GetRole": lambda: iam.get_role(RoleName=_NAME),
            "lambda:InvokeFunction": lambda: self.client("lambda").invoke(
                FunctionName="bench-empty"
            ),
            "logs:PutLogEvents": lambda: logs.put_log_events(
                logGroupName=_NAME,
                logStreamName=_NAME,
                logEvents=[{"timestamp": int(time.time() * 1000), "message": _RECORD}],
            ),
            "s3:PutObject": lambda: self.client("s3").put_object(
                Bucket=_NAME, Key=uuid4().hex, Body=_RECORD.encode()
            ),
            "events:PutEvents": lambda: self.client("events").put_events(Entries=[_event(_RECORD)]),
            "sns:Publish": lambda: self.client("sns").publish(
                TopicArn=self._topic, Message=_RECORD
            ),
            "states:StartExecution": self.start,
            "states:DescribeExecution": partial(self.is_over, self.start()),
            "secretsmanager:GetSecretValue": lambda: self.client("secretsmanager").get_secret_value(
                SecretId=_NAME
            ),
            "secretsmanager:PutSecretValue": lambda: self.client("secretsmanager").put_secret_value(
                SecretId=_NAME, SecretString=uuid4().hex
            ),
            "secretsmanager:DescribeSecret": lambda: self.client("secretsmanager").describe_secret(
                SecretId=_NAME
            ),
        }

    def _execute(self) -> None:
        answer = self.client("stepfunctions").start_sync_execution(
            stateMachineArn=self._machines["sync"]
        )
        if answer["status"] != "SUCCEEDED":
            message = f"the bare execution ended {answer['status']}: {answer.get('cause')}"
            raise AssertionError(message)

    def _stop(self) -> float:
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self._machines["waiting"])
        return timed(lambda: states.stop_execution(executionArn=started["executionArn"]))

    def _login(self, password: str) -> dict[str, Any]:
        place = self._cast.about["databases"]["core-ledger-db"]
        return {**place, "username": "postgres", "password": password}

    def _log_in(self) -> None:
        password = (self._cast.state_dir / "postgres" / "password").read_text(encoding="utf-8")
        connect(self._login(password)).close()

    def _fail_to_log_in(self) -> None:
        try:
            connect(self._login("not the password")).close()
        except psycopg.OperationalError:
            return
        message = "the database let somebody in with a wrong password"
        raise AssertionError(message)

    def _make_caller(self) -> None:
        iam = self._root("iam")
        iam.create_user(UserName=_NAME)
        iam.put_user_policy(UserName=_NAME, PolicyName=_NAME, PolicyDocument=_EVERYTHING)
        key = iam.create_access_key(UserName=_NAME)["AccessKey"]
        self._session = self._cast.session_with(key["AccessKeyId"], key["SecretAccessKey"], None)
        iam.create_role(RoleName=_NAME, AssumeRolePolicyDocument=_ANYBODY_HERE)
        iam.put_role_policy(RoleName=_NAME, PolicyName=_NAME, PolicyDocument=_EVERYTHING)

    def _make_places(self) -> None:
        table = self._root("dynamodb")
        table.create_table(
            TableName=_NAME,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        table.put_item(TableName=_NAME, Item={**_ITEM, "text": {"S": _RECORD}})
        self._root("s3").create_bucket(Bucket=_NAME)
        logs = self._root("logs")
        logs.create_log_group(logGroupName=_NAME)
        logs.create_log_stream(logGroupName=_NAME, logStreamName=_NAME)
        self._root("events").create_event_bus(Name=_NAME)
        self._root("secretsmanager").create_secret(Name=_NAME, SecretString=_RECORD)
        self._topic = self._root("sns").create_topic(Name=_NAME)["TopicArn"]
        key = self._root("kms").create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")
        self._key = key["KeyMetadata"]["KeyId"]

    def _make_functions(self) -> dict[str, str]:
        """ARNs by path. The one that reads is deployed with PAM's own bundle, for its botocore."""
        code = Path(bare_functions.__file__).read_text(encoding="utf-8")
        client = self._root("lambda")
        (door,) = (
            f for f in client.list_functions()["Functions"] if "request_api." in f["Handler"]
        )
        where = client.get_function(FunctionName=door["FunctionName"])["Code"]["Location"]
        with_botocore = bytes(urllib3.request("GET", where, timeout=30).data)
        made = {}
        for path, bundle in (("empty", b""), ("read", with_botocore)):
            answer = client.create_function(
                FunctionName=f"bench-{path}",
                Runtime=door["Runtime"],
                Handler=f"bare_functions.{path}",
                Role=_ROLE,
                Code={"ZipFile": _zipped(bundle, {"bare_functions.py": code})},
                Environment={"Variables": {"TABLE": _NAME}},
                MemorySize=door["MemorySize"],
                Timeout=29,
            )
            made[path] = str(answer["FunctionArn"])
        return made

    def _make_api(self) -> str:
        api = self._root("apigateway")
        api_id = api.create_rest_api(name=_NAME)["id"]
        (top,) = api.get_resources(restApiId=api_id)["items"]
        for path, function in self._function.items():
            made = api.create_resource(restApiId=api_id, parentId=top["id"], pathPart=path)
            place = {"restApiId": api_id, "resourceId": made["id"], "httpMethod": "GET"}
            api.put_method(**place, authorizationType="AWS_IAM")
            invoked = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}"
            api.put_integration(
                **place,
                type="AWS_PROXY",
                integrationHttpMethod="POST",
                uri=f"{invoked}/invocations",
            )
            self._root("lambda").add_permission(
                FunctionName=function,
                StatementId=_NAME,
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )
        api.create_deployment(restApiId=api_id, stageName=_NAME)
        return f"{self._cast.about['endpoint_url']}/restapis/{api_id}/{_NAME}/_user_request_"

    def _definitions(self) -> list[tuple[str, dict[str, Any]]]:
        call = {"Type": "Task", "Resource": self._function["empty"], "End": True}
        waiting = {"Type": "Wait", "Seconds": 3600, "End": True}
        return [("one", call), ("sync", call), ("waiting", waiting)]

    def _make_machine(self, kind: str, state: dict[str, Any]) -> str:
        made = self._root("stepfunctions").create_state_machine(
            name=f"bench-{kind}",
            definition=json.dumps({"StartAt": "Only", "States": {"Only": state}}),
            roleArn=_ROLE,
            type="EXPRESS" if kind == "sync" else "STANDARD",
        )
        return str(made["stateMachineArn"])


def _new_item() -> dict[str, Any]:
    return {"pk": {"S": uuid4().hex}, "sk": {"S": "item"}, "text": {"S": _RECORD}}


def _event(line: str) -> dict[str, str]:
    return {
        "Source": _NAME,
        "DetailType": _NAME,
        "Detail": json.dumps({"record": line}),
        "EventBusName": _NAME,
    }


def _zipped(bundle: bytes, files: Mapping[str, str]) -> bytes:
    """`bundle` (none if empty) with `files` in it."""
    content = io.BytesIO(bundle)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()
