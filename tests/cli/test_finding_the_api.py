"""Where `pam` sends its signed calls: to API Gateway, to this machine, or where its caller says."""

from typing import Any

import botocore.session
import pytest

from cli import endpoint
from cli.problems import Failure
from tests.cli.fake_api import SESSION_ID, Answer, FakeApi, Pam, session

PATH = "/bank/test/mod046/request-api/endpoint"
SHOW = f"GET /pam/sessions/{SESSION_ID}"
GATEWAY = "https://a1b2c3.execute-api.eu-west-1.amazonaws.com"


@pytest.fixture(scope="module")
def aws() -> Any:
    """One for all: what botocore knows of AWS is slow to read."""
    return botocore.session.Session()


def _ssm_names(fake: FakeApi, url: str) -> None:
    fake.parameter = Answer(200, {"Parameter": {"Value": url}})


def _discover(aws: Any, region: str = "eu-west-1") -> endpoint.Endpoint:
    return endpoint.discover(aws, env="test", region=region, profile=None)


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-west-1", GATEWAY),
        ("eu-west-1", f"{GATEWAY}/v1"),
        ("eu-west-1", f"{GATEWAY}/v1/"),
        ("eu-west-1", "https://a1b2c3-vpce-0a1b2c3d.execute-api.eu-west-1.amazonaws.com/v1"),
        ("us-gov-west-1", "https://a1b2c3.execute-api.us-gov-west-1.amazonaws.com/v1"),
        ("cn-north-1", "https://a1b2c3.execute-api.cn-north-1.amazonaws.com.cn/v1"),
        ("eusc-de-east-1", "https://a1b2c3.execute-api.eusc-de-east-1.amazonaws.eu/v1"),
    ],
)
def test_ssm_may_name_an_api_gateway_of_its_own_region(
    fake: FakeApi, aws: Any, region: str, url: str
) -> None:
    _ssm_names(fake, url)
    assert _discover(aws, region) == endpoint.Endpoint(url=url.rstrip("/"), region=region)


HOST = "execute-api.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    "url",
    [
        # somebody else's
        "https://evil.example/v1",
        "https://pam.bank.example/v1",
        # of another region, partition or kind
        "https://a1b2c3.execute-api.eu-west-2.amazonaws.com/v1",
        "https://a1b2c3.execute-api.eu-west-1.amazonaws.com.cn/v1",
        "https://a1b2c3.execute-api.eu-west-1.api.aws/v1",
        "https://a1b2c3.execute-api-fips.eu-west-1.amazonaws.com/v1",
        "https://vpce-0a-1b.execute-api.eu-west-1.vpce.amazonaws.com/v1",
        "https://a1b2c3.lambda-url.eu-west-1.on.aws/",
        # only like it
        f"https://a1b2c3.{HOST}.evil.example/v1",
        f"https://evil.example/a1b2c3.{HOST}/v1",
        f"https://a1b2c3.{HOST}@evil.example/v1",
        f"https://a1b2c3.{HOST}:443@evil.example/v1",
        f"https://evil.example\\@a1b2c3.{HOST}/v1",
        f"https://evil.example\\.{HOST}/v1",
        f"https://evil.example#.{HOST}/v1",
        f"https://evil.example?.{HOST}/v1",
        f"https://evil.example/.{HOST}/v1",
        f"https://evil.example%2f.{HOST}/v1",
        f"https://evil.example\t.{HOST}/v1",
        f"https://evil.example\n.{HOST}/v1",
        f"https://user:secret@a1b2c3.{HOST}/v1",
        f"https://evil.a1b2c3.{HOST}/v1",
        f"https://{HOST}/v1",
        f"https://.{HOST}/v1",
        f"https://a1b2c3{HOST}/v1",
        f"https://a1b2c3.x{HOST}/v1",
        "https://a1b2c3.execute-apixeu-west-1xamazonawsxcom/v1",
        f"https://a1b2c3.{HOST}:443/v1",
        f"https://a1b2c3.{HOST}:8443/v1",
        f"https://a1b2c3.{HOST}./v1",
        f"https://A1B2C3.{HOST}/v1",
        f"https://a1b2c3.{HOST.upper()}/v1",
        f"HTTPS://a1b2c3.{HOST}/v1",
        f"https://\u0430.{HOST}/v1",
        f"https://a1b2c3\u3002{HOST}/v1",
        "https://a1b2c3.execute-api.eu-west-1.amazonaws\uff0ecom/v1",
        f"https:///a1b2c3.{HOST}/v1",
        f"https:a1b2c3.{HOST}/v1",
        f"//a1b2c3.{HOST}/v1",
        # not over TLS
        f"http://a1b2c3.{HOST}/v1",
        "http://pam.example/v1",
        # more than a stage
        f"https://a1b2c3.{HOST}/v1?to=evil",
        f"https://a1b2c3.{HOST}/v1#x",
        f"https://a1b2c3.{HOST}/v1//x",
        f"https://a1b2c3.{HOST}/v 1",
        f" https://a1b2c3.{HOST}/v1",
        f"https://a1b2c3.{HOST}/v1\n",
        # nothing at all
        "",
        "nonsense",
        "https://",
        "ftp://x/y",
    ],
)
def test_whatever_else_ssm_names_is_refused_with_the_parameter_and_the_remedy(
    fake: FakeApi, aws: Any, url: str
) -> None:
    _ssm_names(fake, url)
    with pytest.raises(Failure) as refused:
        _discover(aws)
    assert str(refused.value).startswith(f"SSM {PATH} names {url!a}, ")
    assert str(refused.value).endswith("give it with --api-url or PAM_API_URL")


@pytest.mark.parametrize("url", ["https://evil.example/v1", "https://x.example/\x1b[2J\n"])
def test_what_ssm_names_in_vain_is_one_line_and_no_call_goes_anywhere(
    fake: FakeApi, pam: Pam, url: str
) -> None:
    _ssm_names(fake, url)
    result = pam("show", SESSION_ID)
    assert (result.exit_code, result.stdout, fake.asked) == (1, "", [])
    assert result.stderr.startswith(f"CLIENT: SSM {PATH} names {url!a}, "), result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/v1", "https://localhost", "http://[::1]:1"])
def test_ssm_elsewhere_may_not_name_this_machine(
    fake: FakeApi, aws: Any, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    # The fake is the way to that SSM.
    monkeypatch.setenv("HTTP_PROXY", fake.url)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ssm.example")
    _ssm_names(fake, url)
    with pytest.raises(Failure, match="which is not of the form https"):
        _discover(aws)


@pytest.mark.parametrize(
    "tricked",
    [
        "http://evil.example\\@{here}",
        "http://{here}@evil.example/v1",
        "http://{here}.evil.example/v1",
        "http://x@{here}/v1",
        "http://{here}/v1?x",
        "http://{here}/v1\n",
        "http://0.0.0.0:1/v1",
        "http://127.1:1/v1",
        "http://2130706433:1/v1",
        "http://localhost.:1/v1",
        "http://[::ffff:127.0.0.1]:1/v1",
    ],
)
def test_a_local_ssm_may_name_this_machine_in_no_form_that_can_be_read_otherwise(
    fake: FakeApi, aws: Any, tricked: str
) -> None:
    _ssm_names(fake, tricked.format(here=fake.url.removeprefix("http://")))
    with pytest.raises(Failure):
        _discover(aws)


@pytest.mark.parametrize("before", [True, False])
def test_an_api_url_may_stand_before_or_after_the_commands_name(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    _ssm_names(fake, "https://evil.example/v1")
    monkeypatch.setenv("PAM_API_URL", "https://evil.example/v1")
    monkeypatch.delenv("PAM_ENV")
    fake.on(SHOW, session())
    option, command = ("--api-url", f"{fake.url}/v1"), ("show", SESSION_ID)
    result = pam(*option, *command) if before else pam(*command, *option)
    assert result.exit_code == 0, result.stderr
    assert len(fake.asked) == 1


REFUSED = {
    "is not https": ["http://pam.example/v1", "http://localhost.evil.example/v1"],
    "is not the URL of a request API": [
        "",
        " ",
        "nonsense",
        "pam.example/v1",
        "ftp://pam.example/v1",
        "https://",
        "https:///v1",
        "https://user@pam.example/v1",
        "http://127.0.0.1@evil.example/v1",
        "http://evil.example\\@127.0.0.1/v1",
        "https://pam.example./v1",
        "https://pam..example/v1",
        "https://p\u0430m.example/v1",
        "https://pam.example:https/v1",
        "https://pam.example/v1?x=y",
        "https://pam.example/v1#x",
        "https://pam.exa\tmple/v1",
        "https://pam.example/v1\nx",
        "https://[::1/v1",
    ],
}


@pytest.mark.parametrize(
    ("why", "url"), [(why, url) for why, urls in REFUSED.items() for url in urls]
)
def test_an_api_url_that_is_unsafe_or_ambiguous_is_refused(aws: Any, why: str, url: str) -> None:
    with pytest.raises(Failure, match=why):
        endpoint.given(url, aws, region="eu-west-1")


@pytest.mark.parametrize("by", ["--api-url", "PAM_API_URL"])
def test_a_refused_api_url_is_one_line_and_ssm_is_not_asked_instead(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    url = "http://evil.example\\@127.0.0.1/v1"
    if by == "PAM_API_URL":
        monkeypatch.setenv("PAM_API_URL", url)
    fake.on(SHOW, session())
    options = ["--api-url", url] if by == "--api-url" else []
    result = pam("show", SESSION_ID, *options)
    assert (result.exit_code, result.stdout, fake.asked) == (1, "", [])
    assert "is not the URL of a request API" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("before", ["https://ann:s3cret", "ftp://ann:s3c@ret", "ann:s3c/ret"])
def test_a_password_in_a_refused_api_url_is_not_shown(fake: FakeApi, pam: Pam, before: str) -> None:
    result = pam("show", SESSION_ID, "--json", "--api-url", f"{before}@pam.example/v1")
    said = result.stdout + result.stderr
    assert result.exit_code == 1
    assert "'***@pam.example/v1' is not the URL" in said
    assert "s3c" not in said


def test_an_empty_api_url_is_no_way_to_ssm(fake: FakeApi, pam: Pam) -> None:
    fake.on(SHOW, session())
    result = pam("show", SESSION_ID, "--api-url", "")
    assert (result.exit_code, fake.asked) == (2, [])


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://pam.bank.example/v1", "eu-west-1"),
        ("http://127.0.0.1:4566/v1", "eu-west-1"),
        ("https://a1b2c3.execute-api.us-east-2.amazonaws.com/v1", "us-east-2"),
        ("https://A1B2C3.Execute-API.us-east-2.amazonaws.com/v1", "us-east-2"),
        ("https://vpce-0a-1b.execute-api.us-east-2.vpce.amazonaws.com/v1", "us-east-2"),
        ("https://a1b2c3.execute-api.cn-north-1.amazonaws.com.cn/v1", "cn-north-1"),
        ("https://a1b2c3.execute-api.cn-north-1.amazonaws.com/v1", "eu-west-1"),
        ("https://a1b2c3.execute-api.us-east-2.amazonaws.com.evil.example/v1", "eu-west-1"),
        ("https://a1b2c3.execute-api.moon.amazonaws.com/v1", "eu-west-1"),
    ],
)
def test_calls_are_signed_for_the_region_of_the_gateway_else_for_the_profiles(
    aws: Any, url: str, region: str
) -> None:
    found = endpoint.given(url, aws, region="eu-west-1")
    assert found == endpoint.Endpoint(url=url, region=region)


def test_a_call_to_this_machine_takes_no_way_over_a_proxy(
    fake: FakeApi, pam: Pam, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    fake.on(SHOW, session())
    assert pam("show", SESSION_ID, "--api-url", f"{fake.url}/v1").exit_code == 0
