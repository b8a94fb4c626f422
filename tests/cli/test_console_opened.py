"""`pam console`: a lease goes to AWS's sign-in alone, and no process shows the address."""

import json
import stat
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.session
import pytest
from botocore.httpsession import URLLib3Session

from cli import browser
from cli import console as consoles
from cli.commands import console as console_command
from cli.problems import Failure
from tests.cli.fake_api import SESSION_ID, FakeApi, Pam, lease, login

CALL = f"POST /pam/sessions/{SESSION_ID}/credentials"
SECRETS = ("ASIALEASED", "se'cret", "token==")


@dataclass(slots=True)
class SignIn:
    """AWS's sign-in: what it was sent, and what it answers."""

    sent: list[Any] = field(default_factory=list)
    status: int = 200
    content: bytes = b'{"SigninToken": "T+/="}'


@pytest.fixture
def aws_in_the_cloud(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """The API is taken for one that is not on this machine."""
    sign_in, send = SignIn(), URLLib3Session.send

    def sent(http: URLLib3Session, request: Any) -> Any:
        if "/federation" not in request.url:
            return send(http, request)
        sign_in.sent.append(request)
        return SimpleNamespace(status_code=sign_in.status, content=sign_in.content)

    monkeypatch.setattr(URLLib3Session, "send", sent)
    monkeypatch.setattr(console_command, "aws", SimpleNamespace(is_loopback=lambda _: False))
    fake.on(CALL, lease())
    return sign_in


def test_the_address_signs_in_for_as_long_as_the_lease_lasts(
    aws_in_the_cloud: SignIn, pam: Pam
) -> None:
    result = pam("console", SESSION_ID, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["expires_at"] == lease()["expires_at"]
    address = urlsplit(document["url"])
    assert (address.scheme, address.netloc) == ("https", "signin.aws.amazon.com")
    query = parse_qs(address.query)
    assert query["SigninToken"] == ["T+/="]
    assert query["Destination"] == ["https://console.aws.amazon.com/console/home?region=eu-west-1"]
    assert "SessionDuration" not in document["url"]


def test_the_lease_is_in_the_body_and_in_no_address(aws_in_the_cloud: SignIn, pam: Pam) -> None:
    shown = pam("console", SESSION_ID, "--print").stdout
    (request,) = aws_in_the_cloud.sent
    assert (request.method, request.url) == ("POST", "https://signin.aws.amazon.com/federation")
    body = parse_qs(request.body.decode())
    assert json.loads(body["Session"][0])["sessionKey"] == lease()["secret_access_key"]
    assert "SessionDuration" not in body
    for secret in SECRETS:
        assert secret not in unquote(shown)
        assert secret not in request.url


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (400, b"se'cret $(x)/+ is wrong"),
        (302, b""),
        (200, b"{}"),
        (200, b'{"SigninToken": 1}'),
        (200, b"[]"),
    ],
)
def test_without_a_token_the_failure_says_nothing_of_the_lease(
    aws_in_the_cloud: SignIn, pam: Pam, status: int, content: bytes
) -> None:
    aws_in_the_cloud.status, aws_in_the_cloud.content = status, content
    result = pam("console", SESSION_ID, "--print")
    assert (result.exit_code, result.stdout) == (1, "")
    assert not any(secret in result.stderr for secret in SECRETS)
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("region", "signin", "console"),
    [
        ("us-east-1", "signin.aws.amazon.com", "console.aws.amazon.com"),
        ("us-gov-west-1", "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
        ("cn-north-1", "signin.amazonaws.cn", "console.amazonaws.cn"),
        (
            "eusc-de-east-1",
            "eusc-de-east-1.signin.amazonaws-eusc.eu",
            "console.amazonaws-eusc.eu",
        ),
    ],
)
def test_each_partition_has_a_sign_in_of_its_own(region: str, signin: str, console: str) -> None:
    assert consoles.hosts(region, botocore.session.Session()) == (signin, console)


@pytest.mark.parametrize("region", ["us-iso-east-1", "evil.example/", "", "../x", "moon"])
def test_no_other_place_is_sent_a_lease(region: str) -> None:
    with pytest.raises(Failure):
        consoles.hosts(region, botocore.session.Session())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[tuple[str, str]]]:
    """A browser: what it was started with, and what it then found there."""
    seen: list[tuple[str, str]] = []

    def opens(address: str) -> bool:
        page = Path(unquote(urlsplit(address).path))
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
        seen.append((address, page.read_text()))
        return True

    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    monkeypatch.setattr(webbrowser, "get", lambda: SimpleNamespace(open=opens))
    monkeypatch.setattr(browser, "SECONDS", 0.0)
    yield seen
    assert not [path for path in runtime.rglob("*") if path.is_file()]


def test_a_browser_is_started_with_a_file_of_ones_own_that_is_gone_afterwards(
    aws_in_the_cloud: SignIn, pam: Pam, opened: list[tuple[str, str]]
) -> None:
    result = pam("console", SESSION_ID)
    assert result.exit_code == 0, result.stderr
    ((address, page),) = opened
    assert address.startswith("file:///")
    assert "Token" not in address
    assert "SigninToken=T%2B%2F%3D" in page
    assert "no-referrer" in page
    assert "SigninToken" not in result.stdout + result.stderr


def test_an_address_cannot_leave_its_place_in_the_page(opened: list[tuple[str, str]]) -> None:
    browser.open_secretly("https://x.example/\"><script>alert('1')</script>&a=b")
    ((_, page),) = opened
    assert "<script" not in page


def test_without_a_browser_nothing_is_opened_and_nothing_left(
    aws_in_the_cloud: SignIn,
    pam: Pam,
    opened: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> None:
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    result = pam("console", SESSION_ID)
    assert (result.exit_code, result.stdout, opened) == (1, "", [])
    assert "--print" in result.stderr


def test_access_that_stands_at_its_target_has_an_address_of_its_own(
    aws_in_the_cloud: SignIn, fake: FakeApi, pam: Pam
) -> None:
    there = {"kind": "signin", "url": "https://portal.example/start", "instructions": "Go there."}
    fake.on(CALL, there | {"expires_at": "2126-11-20T01:35:00.000Z"})
    assert json.loads(pam("console", SESSION_ID, "--json").stdout) == {
        "url": "https://portal.example/start",
        "expires_at": "2126-11-20T01:35:00.000Z",
    }
    for url in (None, "", "javascript:alert(1)", "file:///etc/passwd", "http://portal.example"):
        fake.on(CALL, there | {"url": url})
        result = pam("console", SESSION_ID, "--print")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "Go there." in result.stderr
    assert not aws_in_the_cloud.sent


def test_the_local_stack_has_none_and_its_leases_go_to_no_cloud(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.on(CALL, lease())
    monkeypatch.setattr(consoles, "address", lambda *_: pytest.fail("asked"))
    result = pam("console", SESSION_ID, "--print")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "the local stack has no console" in result.stderr


def test_a_database_has_none(aws_in_the_cloud: SignIn, fake: FakeApi, pam: Pam) -> None:
    fake.on(CALL, login())
    result = pam("console", SESSION_ID, "--print")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"pam exec {SESSION_ID} -- psql" in result.stderr
    assert not aws_in_the_cloud.sent
