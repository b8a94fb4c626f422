"""The barest form of each call that PAM makes, as the reference of what PAM does.

On the same emulator, signed and judged by IAM like PAM's own, by a user of the bench. `Bare` makes
what is called in the running stack, which ends with the bench.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any
from uuid import uuid4

import psycopg

from local.bench.bare_places import EVERYTHING, ITEM, NAME, POLICY, RECORD, ROLE, BarePlaces
from local.bench.rounds import timed
from local.cast import Cast, Person, until
from local.logins import connect

API, API_READ = "empty Lambda by the API", "Lambda with one read by the API"
API_WRITE = "Lambda with one conditional write by the API"
EXECUTION, RESUMED = "execution of one empty task", "execution resumed for one empty task"
LOGIN, REFUSED_LOGIN = "database login", "database login refused"
TRANSACTION = "dynamodb:TransactWriteItems"


Timed = Callable[[], float]


class Bare:
    """`acts` says for each call, by the name that IAM has for it, how long one takes just now."""

    def __init__(self, cast: Cast, caller: Person) -> None:
        """`caller` is somebody who may call PAM's API, and calls the bench's as well."""
        self._cast, self._caller = cast, caller
        self._places = BarePlaces(cast)

    @cached_property
    def acts(self) -> Mapping[str, Timed]:
        acts: dict[str, Callable[[], object]] = {
            API: partial(self.call_api, "empty"),
            API_READ: partial(self.call_api, "read"),
            API_WRITE: partial(self.call_api, "write"),
            EXECUTION: self._execute,
            LOGIN: self._log_in,
            REFUSED_LOGIN: self._fail_to_log_in,
            **self._of_dynamodb(),
            **self._of_others(),
        }
        return {
            **{name: partial(timed, act) for name, act in acts.items()},
            "states:StopExecution": self._stop,
            RESUMED: self._resume,
            **{
                f"{TRANSACTION} of {n}": partial(timed, partial(self.write, n)) for n in range(1, 9)
            },
        }

    def client(self, service: str) -> Any:
        return self._places.client(service)

    def call_api(self, path: str) -> None:
        answer = self._caller.call_url("GET", f"{self._places.url}/{path}")
        if answer.status != 200:  # noqa: PLR2004
            message = f"the bench's own API answered {answer.status}: {answer.body}"
            raise AssertionError(message)

    def write(self, items: int) -> None:
        """A transaction of conditional writes."""
        put = {
            "TableName": NAME,
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        self.client("dynamodb").transact_write_items(
            TransactItems=[{"Put": {**put, "Item": _new_item()}} for _ in range(items)]
        )

    def put(self) -> None:
        """One conditional write."""
        self.client("dynamodb").put_item(
            TableName=NAME, Item=_new_item(), ConditionExpression="attribute_not_exists(pk)"
        )

    def start(self) -> str:
        """An execution of one state, which calls the empty function. Its ARN."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self._places.machines["one"]
        )
        return str(started["executionArn"])

    def is_over(self, execution: str) -> bool:
        answer = self.client("stepfunctions").describe_execution(executionArn=execution)
        return bool(answer["status"] == "SUCCEEDED")

    def states_entered(self) -> int:
        execution = self.start()
        until(lambda: self.is_over(execution) or None, "the bare execution to succeed")
        return len(self._entered(execution))

    def keep(self, name: str, lines: Sequence[str], told: int) -> None:
        """Records to log group and archive, and `told` of them to the bus, as one batch each."""
        now = int(time.time() * 1000)
        self.client("logs").put_log_events(
            logGroupName=NAME,
            logStreamName=NAME,
            logEvents=[{"timestamp": now, "message": line} for line in lines],
        )
        self.client("s3").put_object(Bucket=NAME, Key=name, Body="\n".join(lines).encode())
        self.client("events").put_events(Entries=[_event(line) for line in lines[:told]])

    def _of_dynamodb(self) -> dict[str, Callable[[], object]]:
        table = self.client("dynamodb")
        return {
            "dynamodb:GetItem": lambda: table.get_item(
                TableName=NAME, Key=ITEM, ConsistentRead=True
            ),
            "dynamodb:BatchGetItem": lambda: table.batch_get_item(
                RequestItems={NAME: {"Keys": [ITEM], "ConsistentRead": True}}
            ),
            "dynamodb:TransactGetItems": lambda: table.transact_get_items(
                TransactItems=[{"Get": {"TableName": NAME, "Key": ITEM}}]
            ),
            "dynamodb:Query": lambda: table.query(
                TableName=NAME,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": ITEM["pk"]},
                ConsistentRead=True,
            ),
            "dynamodb:PutItem": self.put,
            "dynamodb:UpdateItem": lambda: table.update_item(
                TableName=NAME,
                Key=ITEM,
                UpdateExpression="SET v = :v",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues={":v": {"S": uuid4().hex}},
            ),
            "dynamodb:DeleteItem": lambda: table.delete_item(
                TableName=NAME, Key={"pk": {"S": uuid4().hex}, "sk": {"S": "item"}}
            ),
        }

    def _of_others(self) -> dict[str, Callable[[], object]]:
        kms, sts, iam, logs = (self.client(name) for name in ("kms", "sts", "iam", "logs"))
        mac = {"KeyId": self._places.key, "MacAlgorithm": "HMAC_SHA_256", "Message": b"bare"}
        made = kms.generate_mac(**mac)["Mac"]
        return {
            "kms:GenerateMac": lambda: kms.generate_mac(**mac),
            "kms:VerifyMac": lambda: kms.verify_mac(**mac, Mac=made),
            "sts:AssumeRole": lambda: sts.assume_role(
                RoleArn=ROLE, RoleSessionName=NAME, DurationSeconds=900, Policy=EVERYTHING
            ),
            "sts:GetCallerIdentity": sts.get_caller_identity,
            "iam:PutRolePolicy": lambda: iam.put_role_policy(
                RoleName=NAME, PolicyName=NAME, PolicyDocument=EVERYTHING
            ),
            "iam:GetRolePolicy": lambda: iam.get_role_policy(RoleName=NAME, PolicyName=NAME),
            "iam:ListRolePolicies": lambda: iam.list_role_policies(RoleName=NAME),
            "iam:ListAttachedRolePolicies": lambda: iam.list_attached_role_policies(RoleName=NAME),
            "iam:DeleteRolePolicy": self._delete_policy,
            "iam:GetPolicy": lambda: iam.get_policy(PolicyArn=POLICY),
            "iam:GetPolicyVersion": lambda: iam.get_policy_version(
                PolicyArn=POLICY, VersionId="v1"
            ),
            "iam:GetRole": lambda: iam.get_role(RoleName=NAME),
            "lambda:InvokeFunction": lambda: self.client("lambda").invoke(
                FunctionName="bench-empty"
            ),
            "logs:PutLogEvents": lambda: logs.put_log_events(
                logGroupName=NAME,
                logStreamName=NAME,
                logEvents=[{"timestamp": int(time.time() * 1000), "message": RECORD}],
            ),
            "s3:PutObject": lambda: self.client("s3").put_object(
                Bucket=NAME, Key=uuid4().hex, Body=RECORD.encode()
            ),
            "s3:GetObject": lambda: self.client("s3").get_object(Bucket=NAME, Key=NAME),
            "events:PutEvents": lambda: self.client("events").put_events(Entries=[_event(RECORD)]),
            "sns:Publish": lambda: self.client("sns").publish(
                TopicArn=self._places.topic, Message=RECORD
            ),
            "sqs:SendMessage": lambda: self.client("sqs").send_message(
                QueueUrl=self._places.queue, MessageBody=uuid4().hex, MessageGroupId=NAME
            ),
            "states:StartExecution": self.start,
            "states:DescribeExecution": partial(self.is_over, self.start()),
            "secretsmanager:GetSecretValue": lambda: self.client("secretsmanager").get_secret_value(
                SecretId=NAME
            ),
            "secretsmanager:PutSecretValue": lambda: self.client("secretsmanager").put_secret_value(
                SecretId=NAME, SecretString=uuid4().hex
            ),
            "secretsmanager:UpdateSecretVersionStage": self._move_label,
            "secretsmanager:DescribeSecret": lambda: self.client("secretsmanager").describe_secret(
                SecretId=NAME
            ),
        }

    def _move_label(self) -> None:
        self.client("secretsmanager").update_secret_version_stage(
            SecretId=NAME, VersionStage=NAME, MoveToVersionId=self._places.version
        )

    def _delete_policy(self) -> None:
        iam = self.client("iam")
        with suppress(iam.exceptions.NoSuchEntityException):
            iam.delete_role_policy(RoleName=NAME, PolicyName="another")

    def _execute(self) -> None:
        answer = self.client("stepfunctions").start_sync_execution(
            stateMachineArn=self._places.machines["sync"]
        )
        if answer["status"] != "SUCCEEDED":
            message = f"the bare execution ended {answer['status']}: {answer.get('cause')}"
            raise AssertionError(message)

    def _stop(self) -> float:
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self._places.machines["waiting"])
        return timed(lambda: states.stop_execution(executionArn=started["executionArn"]))

    def _resume(self) -> float:
        """From the token that somebody gives back to the end of the task that comes next."""
        states = self.client("stepfunctions")
        started = states.start_execution(stateMachineArn=self._places.machines["resumed"])
        # Asked of before it has a task, an activity answers half a second later.
        until(partial(self._has_begun, started["executionArn"]), "the bare execution to begin")
        token = states.get_activity_task(activityArn=self._places.activity)["taskToken"]

        def resume() -> None:
            states.send_task_success(taskToken=token, output="{}")
            while not self.is_over(started["executionArn"]):
                pass  # asked again at once: a pause would be a part of the figure

        return timed(resume)

    def _has_begun(self, execution: str) -> bool | None:
        return bool(self._entered(execution)) or None

    def _entered(self, execution: str) -> list[Any]:
        history = self.client("stepfunctions").get_execution_history(executionArn=execution)
        return [event for event in history["events"] if "stateEnteredEventDetails" in event]

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


def _new_item() -> dict[str, Any]:
    return {"pk": {"S": uuid4().hex}, "sk": {"S": "item"}, "text": {"S": RECORD}}


def _event(line: str) -> dict[str, str]:
    return {
        "Source": NAME,
        "DetailType": NAME,
        "Detail": json.dumps({"record": line}),
        "EventBusName": NAME,
    }
