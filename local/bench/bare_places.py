"""What the bench makes in the running stack, beside PAM's own: the barest of each kind of thing."""

import io
import json
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import urllib3

from local.aws import ACCOUNT, REGION, root_client
from local.bench import bare_functions
from local.cast import Cast

NAME = "bench"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{NAME}"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/{NAME}"
EVERYTHING = json.dumps(
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
ITEM = {"pk": {"S": "bare"}, "sk": {"S": "item"}}
RECORD = "x" * 1200
"""About as long as an audit record."""


class BarePlaces:
    """Made when it is constructed, once a stack; it ends with the stack."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._root = partial(root_client, endpoint=cast.about["endpoint_url"])
        self._clients: dict[str, Any] = {}
        self._make_caller()
        self._make_stores()
        self.functions = self._make_functions()
        """ARNs by path of the API."""
        self.url = self._make_api()
        self.activity = self._root("stepfunctions").create_activity(name=NAME)["activityArn"]
        self.machines = {
            kind: self._make_machine(kind, states) for kind, states in self._definitions().items()
        }

    def client(self, service: str) -> Any:
        """As the bench's own user, whom IAM judges as it judges PAM's functions."""
        if service not in self._clients:
            self._clients[service] = self._cast.client(service, self._session)
        return self._clients[service]

    def _make_caller(self) -> None:
        iam = self._root("iam")
        iam.create_user(UserName=NAME)
        iam.put_user_policy(UserName=NAME, PolicyName=NAME, PolicyDocument=EVERYTHING)
        key = iam.create_access_key(UserName=NAME)["AccessKey"]
        self._session = self._cast.session_with(key["AccessKeyId"], key["SecretAccessKey"], None)
        iam.create_policy(PolicyName=NAME, PolicyDocument=EVERYTHING)
        iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=_ANYBODY_HERE)
        iam.put_role_policy(RoleName=NAME, PolicyName=NAME, PolicyDocument=EVERYTHING)

    def _make_stores(self) -> None:
        table = self._root("dynamodb")
        table.create_table(
            TableName=NAME,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        table.put_item(TableName=NAME, Item={**ITEM, "text": {"S": RECORD}})
        s3 = self._root("s3")
        s3.create_bucket(Bucket=NAME)
        s3.put_object(Bucket=NAME, Key=NAME, Body=RECORD.encode())
        logs = self._root("logs")
        logs.create_log_group(logGroupName=NAME)
        logs.create_log_stream(logGroupName=NAME, logStreamName=NAME)
        self._root("events").create_event_bus(Name=NAME)
        secret = self._root("secretsmanager").create_secret(Name=NAME, SecretString=RECORD)
        self.version = secret["VersionId"]
        fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        made = self._root("sqs").create_queue(QueueName=f"{NAME}.fifo", Attributes=fifo)
        self.queue = made["QueueUrl"]
        self.topic = self._root("sns").create_topic(Name=NAME)["TopicArn"]
        key = self._root("kms").create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")
        self.key = key["KeyMetadata"]["KeyId"]

    def _make_functions(self) -> dict[str, str]:
        """ARNs by path. Those that call are deployed with PAM's own bundle, for its botocore."""
        code = Path(bare_functions.__file__).read_text(encoding="utf-8")
        client = self._root("lambda")
        (door,) = (
            f for f in client.list_functions()["Functions"] if "request_api." in f["Handler"]
        )
        where = client.get_function(FunctionName=door["FunctionName"])["Code"]["Location"]
        with_botocore = bytes(urllib3.request("GET", where, timeout=30).data)
        made = {}
        for path, bundle in (("empty", b""), ("read", with_botocore), ("write", with_botocore)):
            answer = client.create_function(
                FunctionName=f"bench-{path}",
                Runtime=door["Runtime"],
                Handler=f"bare_functions.{path}",
                Role=ROLE,
                Code={"ZipFile": _zipped(bundle, {"bare_functions.py": code})},
                Environment={"Variables": {"TABLE": NAME}},
                MemorySize=door["MemorySize"],
                Timeout=29,
            )
            made[path] = str(answer["FunctionArn"])
        return made

    def _make_api(self) -> str:
        api = self._root("apigateway")
        api_id = api.create_rest_api(name=NAME)["id"]
        (top,) = api.get_resources(restApiId=api_id)["items"]
        for path, function in self.functions.items():
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
                StatementId=NAME,
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )
        api.create_deployment(restApiId=api_id, stageName=NAME)
        return f"{self._cast.about['endpoint_url']}/restapis/{api_id}/{NAME}/_user_request_"

    def _definitions(self) -> dict[str, dict[str, Any]]:
        call = {"Type": "Task", "Resource": self.functions["empty"], "End": True}
        asks = {"Type": "Task", "Resource": self.activity, "Next": "Last"}
        waiting = {"Type": "Wait", "Seconds": 3600, "End": True}
        return {
            "one": {"Last": call},
            "sync": {"Last": call},
            "waiting": {"Last": waiting},
            "resumed": {"First": asks, "Last": call},
        }

    def _make_machine(self, kind: str, states: dict[str, Any]) -> str:
        made = self._root("stepfunctions").create_state_machine(
            name=f"bench-{kind}",
            definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
            roleArn=ROLE,
            type="EXPRESS" if kind == "sync" else "STANDARD",
        )
        return str(made["stateMachineArn"])


def _zipped(bundle: bytes, files: Mapping[str, str]) -> bytes:
    """`bundle` (none if empty) with `files` in it."""
    content = io.BytesIO(bundle)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()
