"""RDS IAM authentication: a signed URL that the database takes for a password, for 15 minutes.

Signed here and not by the SDK's `rds` client: that would bring a service model of 1 MB into every
function for one method that sends nothing.
"""

from typing import Any

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from pam.aws.clients import credentials
from pam.ports.targets import DatabaseLogin

_VALID_SECONDS = 900


def own_rds_token(login: DatabaseLogin, region: str) -> str:
    """Secret. By the function's own role."""
    return rds_token(credentials(), login, region)


def rds_token(signer: Any, login: DatabaseLogin, region: str) -> str:
    """Secret. `signer` is botocore's credentials."""
    request = AWSRequest(
        method="GET",
        url=f"https://{login.host}:{login.port}/",
        params={"Action": "connect", "DBUser": login.username},
    )
    SigV4QueryAuth(signer, "rds-db", region, expires=_VALID_SECONDS).add_auth(request)
    return str(request.url).removeprefix("https://")
