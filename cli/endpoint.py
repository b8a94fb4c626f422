"""Where the request API of an environment is: SSM says, the caller may say otherwise.

Somebody who may write that parameter could otherwise show people what they like and collect their
calls. So what SSM says is used only if it is API Gateway in the region where it was found, or if
SSM and API are both on this machine. `docs/interface.md` has the rule.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cli import aws
from cli.problems import Failure
from cli.text import shorten
from pam.names import Parameter, parameter_path

_PATH = r"(/[A-Za-z0-9_$.~-]+)*/?"
_URL = re.compile(
    rf"https?://([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9a-f:.]+\])(:[0-9]{{1,5}})?{_PATH}", re.ASCII
)
"""No user, query or fragment, and nothing that two readers of URLs could read in two ways."""
_API_HOST = re.compile(r"[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.(vpce\.)?(.+)", re.ASCII)


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
    found_by = aws.credentials_of(session, profile).method
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
            if found_by == "env":
                line += "; if a session's lease is in your environment, give --profile NAME"
            raise Failure(line) from error
    found = str(value)
    if not (aws.is_loopback(found) and aws.is_loopback(ssm.meta.endpoint_url)):
        _check_is_api_gateway(found, path, region=home, suffix=aws.dns_suffix(session, home))
    return given(found, session, region=home)


def given(url: str, session: Any, *, region: str) -> Endpoint:
    """An endpoint from its URL. Raises Failure unless it can be spoken to without giving
    credentials away: https, or plain http on this very machine.
    """
    url = url.strip()
    if not _URL.fullmatch(url):
        # A user, and perhaps a password, which is not for a screen or a log.
        _, hidden, rest = url.rpartition("@")
        shown = shorten(f"***@{rest}" if hidden else url, 200)
        message = f"{shown!a} is not the URL of a request API; check --api-url or PAM_API_URL"
        raise Failure(message)
    if url.startswith("http:") and not aws.is_loopback(url):
        message = f"{url} is not https; leases would cross the network in the clear"
        raise Failure(message)
    return Endpoint(url=url.rstrip("/"), region=_region_named(url, session) or region)


def _region_named(url: str, session: Any) -> str | None:
    """The region in the name of an API Gateway; None for every other host."""
    named = _API_HOST.fullmatch(urlsplit(url).hostname or "")
    if named is None:
        return None
    try:
        suffix = aws.dns_suffix(session, named[1])
    except Failure:
        # No region of AWS: a domain of somebody's own that looks like one.
        return None
    return named[1] if named[3] == suffix else None


def _check_is_api_gateway(found: str, path: str, *, region: str, suffix: str) -> None:
    """Raises Failure unless `found` is the default name of an API in that region, or that name
    with a VPC endpoint's id in it. The shipped parameter never has another form.
    """
    host = f"execute-api.{region}.{suffix}"
    if re.fullmatch(rf"https://[a-z0-9-]+\.{re.escape(host)}{_PATH}", found, re.ASCII):
        return
    message = (
        f"SSM {path} names {shorten(found, 200)!a}, which is not of the form https://ID.{host}; "
        "nothing was sent there. Ask those who run PAM; if it is right (a domain of your own, "
        "for example), give it with --api-url or PAM_API_URL"
    )
    raise Failure(message)


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
