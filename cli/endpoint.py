"""Where the request API of an environment is: SSM says, PAM_API_URL may say otherwise."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cli import aws
from cli.problems import Failure
from pam.names import Parameter, parameter_path

_REGION_IN_HOST = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com", re.ASCII)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` without a trailing slash; `region` is what signatures are made for."""

    url: str
    region: str


def discover(session: Any, *, env: str, region: str | None, profile: str | None) -> Endpoint:
    """Reads the endpoint from SSM. Raises Failure with what to do if that does not work."""
    from botocore.config import Config
    from botocore.exceptions import ClientError

    path = parameter_path(env, Parameter.REQUEST_API_ENDPOINT)
    aws.credentials_of(session, profile)
    home = aws.region_of(session, region)
    with aws.explained(profile):
        ssm = session.create_client(
            "ssm",
            region_name=home,
            config=Config(
                connect_timeout=5,
                read_timeout=10,
                retries={"total_max_attempts": 2, "mode": "standard"},
            ),
        )
        try:
            value = ssm.get_parameter(Name=path)["Parameter"]["Value"]
        except ClientError as error:
            line = _parameter_line(error.response["Error"]["Code"], path, env=env, region=home)
            if line is None:
                raise
            raise Failure(line) from error
    return given(str(value), region=home)


def given(url: str, *, region: str) -> Endpoint:
    """An endpoint from its URL. Raises Failure unless it can be spoken to without giving
    credentials away: https, or plain http on this very machine.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"https", "http"} or not parts.hostname:
        message = f"{url!r} is not the URL of a request API; check PAM_API_URL or the deployment"
        raise Failure(message)
    if parts.scheme == "http" and not aws.is_loopback(url):
        message = f"{url} is not https; leases would cross the network in the clear"
        raise Failure(message)
    named = _REGION_IN_HOST.search(parts.hostname)
    return Endpoint(url=url.strip().rstrip("/"), region=named[1] if named else region)


def _parameter_line(code: str, path: str, *, env: str, region: str) -> str | None:
    if code == "ParameterNotFound":
        return (
            f"there is no PAM for environment {env} in {region} (SSM has no {path}); "
            "check --env and --region, or deploy it"
        )
    if code in {"AccessDenied", "AccessDeniedException"}:
        return (
            f"these credentials may not read SSM {path} in {region}; check --env and --region, "
            "use another --profile, or ask for ssm:GetParameter on it"
        )
    return None
