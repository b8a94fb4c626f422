"""Who may call the door behind Slack, and what it takes from whom."""

import json
import time

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.aws import ACCOUNT, REGION
from local.bridges.tasks import credentials_of
from local.cast import Answer, Cast, send, until
from local.slack.http_out import sign
from pam.names import (
    SlackParameter,
    SlackSecret,
    parameter_path,
    slack_secret_name,
    slack_socket_role_name,
)

pytestmark = pytest.mark.guarantee("G10")
_HTTP = urllib3.PoolManager(timeout=urllib3.Timeout(30), retries=False)
EVENT = json.dumps({"type": "url_verification", "challenge": "as it came"}).encode()


def door(cast: Cast) -> str:
    return cast.parameter(parameter_path("local", SlackParameter.API_URL))


def post(cast: Cast, body: bytes, path: str = "/slack/events", **headers: str) -> Answer:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = {"Content-Type": "application/json"}
    answer = _HTTP.request("POST", door(cast) + path, body=body, headers=kind | given)
    return Answer(answer.status, answer.data.decode(), answer.headers)


def signed(cast: Cast, body: bytes, *, ago: float = 0, secret: str = "") -> dict[str, str]:
    manager = cast.person("root").client("secretsmanager")
    name = slack_secret_name("local", SlackSecret.SIGNING_SECRET)
    key = secret or manager.get_secret_value(SecretId=name)["SecretString"]
    at = str(int(time.time() - ago))
    return {"X_Slack_Request_Timestamp": at, "X_Slack_Signature": sign(key, at, body)}


def test_the_address_of_events_proves_itself_to_slack(cast: Cast) -> None:
    # Pressed again where it takes longer than Slack waits.
    until(lambda: cast.slack.call("verify_url")["verified"] or None, "the address to be verified")
    assert "as it came" in post(cast, EVENT, **signed(cast, EVENT)).body


@pytest.mark.parametrize("path", ["/slack/events", "/slack/interactions", "/slack/commands"])
def test_what_slack_has_not_signed_is_refused_by_each_address(cast: Cast, path: str) -> None:
    assert post(cast, EVENT, path).status == 401
    assert post(cast, EVENT, path, **signed(cast, EVENT, secret="another")).status == 401
    assert post(cast, EVENT, path, **signed(cast, EVENT, ago=301)).status == 401
    assert post(cast, EVENT, path, **signed(cast, EVENT + b" ")).status == 401


def test_what_is_larger_than_slack_sends_is_refused(cast: Cast) -> None:
    large = json.dumps({"type": "url_verification", "challenge": "x" * 70_000}).encode()
    assert post(cast, large, **signed(cast, large)).status == 413


def test_the_sockets_route_is_for_its_hosts_role_alone(cast: Cast) -> None:
    """Whoever else signs is refused at the gateway, with the right to call everything there is."""
    url = cast.parameter(parameter_path("local", SlackParameter.SOCKET_URL))
    body = {"type": "events_api", "payload": {}}
    for name in ("alice", "bob", "sam", "root"):
        assert cast.person(name).call_url("POST", url, body).status == 403, name
    assert _as_host(url, body).status == 200
    assert _http_unsigned(url) == 403


def test_the_role_of_the_sockets_host_opens_nothing_else(cast: Cast) -> None:
    for path in ("/pam/resources", "/pam/sessions", "/pam/me"):
        answer = _as_host(cast.about["api_url"] + path, None, "GET")
        assert answer.status == 403, path


def _as_host(url: str, body: object, method: str = "POST") -> Answer:
    keys = credentials_of(f"arn:aws:iam::{ACCOUNT}:role/{slack_socket_role_name('local')}")
    request = AWSRequest(method, url, data=json.dumps(body).encode() if body else b"")
    request.headers["Content-Type"] = "application/json"
    credentials = Credentials(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"]
    )
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return send(request)


def _http_unsigned(url: str) -> int:
    return int(_HTTP.request("POST", url, body=b"{}").status)
