import pytest

from pam.okta.hosts import base_url, fault_of


@pytest.mark.parametrize(
    "organisation",
    [
        "bank.okta.com",
        "dev-123.oktapreview.com",
        "bank.okta-emea.com",
        "b.okta-gov.com",
        "navy.okta.mil",
        "administration.okta.com",
    ],
)
def test_an_organisation_at_okta_is_one(organisation: str) -> None:
    assert fault_of(organisation) is None
    assert base_url(organisation) == f"https://{organisation}"


@pytest.mark.parametrize(
    "organisation",
    [
        "",
        "okta.com",
        ".okta.com",
        "bank-admin.okta.com",
        "bank-admin.oktapreview.com",
        "bank.okta.com.evil.example",
        "evil.example/.okta.com",
        "evil.example#.okta.com",
        "user@bank.okta.com",
        "bank.okta.com:8443",
        "bank.okta.com/",
        "a.bank.okta.com",
        "BANK.okta.com",
        "bank.okta.com\n",
        "bänk.okta.com",
        "-bank.okta.com",
        "bank-.okta.com",
        "bank.notokta.com",
        "bankokta.com",
        "bank.okta.mil.example",
        "id.bank.example",
        "127.0.0.1",
        "a" * 64 + ".okta.com",
    ],
)
def test_everything_else_is_refused(organisation: str) -> None:
    assert fault_of(organisation)
    for api_url in ("", "http://127.0.0.1:7"):
        with pytest.raises(ValueError, match=r"not|console"):
            base_url(organisation, api_url)


@pytest.mark.parametrize(
    ("api_url", "base"),
    [
        ("http://127.0.0.1:8123/", "http://127.0.0.1:8123"),
        ("http://127.0.0.1:8123/okta/", "http://127.0.0.1:8123/okta"),
        ("https://localhost:9", "https://localhost:9"),
        ("http://[::1]:9", "http://[::1]:9"),
    ],
)
def test_its_place_is_taken_by_this_machine_alone(api_url: str, base: str) -> None:
    assert base_url("bank.okta.com", api_url) == base


@pytest.mark.parametrize(
    "api_url",
    [
        "http://10.0.0.1/",
        "http://127.0.0.1.evil.example/",
        "http://evil.example/127.0.0.1",
        "http://127.0.0.1@evil.example/",
        "http://user@127.0.0.1/",
        "http://127.0.0.1/?x=",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "127.0.0.1:80",
    ],
)
def test_nothing_else_takes_it(api_url: str) -> None:
    with pytest.raises(ValueError, match=r"loopback|neither"):
        base_url("bank.okta.com", api_url)
