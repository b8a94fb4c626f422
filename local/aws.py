"""The emulator's own account, seen as its root: for set-up and for looking inside."""

from typing import Any

ACCOUNT = "000000000000"
REGION = "us-east-1"
ROOT_KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def root_client(service: str, endpoint: str) -> Any:
    import boto3  # slow to load, and the emulator's process does without

    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=ROOT_KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT_KEYS["AWS_SECRET_ACCESS_KEY"],
    )
