"""An emulator of the tests' own, without the app, and clients of whoever is in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import supervisor
from local.aws import REGION, root_client
from local.identity_center.accounts import Keys
from local.identity_center.names import PERMISSION_SET_NAME
from local.state import State

BUCKET = "pam-payments"
_RIGHTS = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}


@contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """Its address. A bucket is there, and the policy that PAM's permission set refers to."""
    started = supervisor.start(State(folder))
    try:
        root_client("s3", started.endpoint).create_bucket(Bucket=BUCKET)
        iam = root_client("iam", started.endpoint)
        iam.create_policy(PolicyName=PERMISSION_SET_NAME, PolicyDocument=document(_RIGHTS))
        yield started.endpoint
    finally:
        started.end()


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def user(endpoint: str, name: str, *statements: dict[str, Any]) -> Keys:
    """A new one, with these rights."""
    iam = root_client("iam", endpoint)
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(*statements))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    secret = key["SecretAccessKey"]
    return Keys(access_key_id=key["AccessKeyId"], secret_access_key=secret, session_token="")


def client(endpoint: str, service: str, keys: Keys) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token or None,
        config=Config(retries={"total_max_attempts": 1}),
    )
