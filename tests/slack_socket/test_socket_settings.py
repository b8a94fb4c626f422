"""What the process must be told, and what it refuses."""

from pathlib import Path

import pytest

from slack_socket.settings import Settings, SettingsError

ENV = {
    "PAM_SLACK_APP_TOKEN": "xapp-1-secret",
    "PAM_SLACK_SOCKET_URL": "https://a1.execute-api.eu-west-1.amazonaws.com/v1/slack/socket",
    "AWS_REGION": "eu-west-1",
}


def test_what_is_not_said_is_slacks_own_and_two_connections() -> None:
    found = Settings.from_env(ENV)
    assert found.slack_api_url == "https://slack.com/api/"
    assert (found.connections, found.stagger, found.health_file) == (2, None, None)
    assert "xapp" not in repr(found)


def test_everything_can_be_said() -> None:
    found = Settings.from_env(
        ENV
        | {
            "PAM_SLACK_API_URL": "http://127.0.0.1:8123/api/",
            "PAM_SLACK_SOCKET_URL": "http://localhost:4566/v1/slack/socket",
            "PAM_SLACK_CONNECTIONS": "1",
            "PAM_SLACK_STAGGER_SECONDS": "0.5",
            "PAM_SLACK_HEALTH_FILE": "/run/pam/healthy",
        }
    )
    assert (found.connections, found.stagger) == (1, 0.5)
    assert found.health_file == Path("/run/pam/healthy")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAM_SLACK_APP_TOKEN", ""),
        ("PAM_SLACK_APP_TOKEN", "xapp-1 with a space"),
        ("PAM_SLACK_APP_TOKEN", "xapp-1\nX-Header: of somebody else's"),
        ("PAM_SLACK_SOCKET_URL", ""),
        ("PAM_SLACK_SOCKET_URL", "http://api.bank.example/v1/slack/socket"),
        ("PAM_SLACK_SOCKET_URL", "https://user@api.bank.example/v1/slack/socket"),
        ("PAM_SLACK_SOCKET_URL", "https://api.bank.example/v1/slack/socket?x=1"),
        ("PAM_SLACK_SOCKET_URL", "https://"),
        ("PAM_SLACK_SOCKET_URL", "https://[::1"),
        ("PAM_SLACK_API_URL", "http://slack.com/api/"),
        ("PAM_SLACK_API_URL", "https://slack.com/api"),
        ("PAM_SLACK_API_URL", "http://127.0.0.1.evil.example/api/"),
        ("PAM_SLACK_CONNECTIONS", "0"),
        ("PAM_SLACK_CONNECTIONS", "5"),
        ("PAM_SLACK_CONNECTIONS", "two"),
        ("PAM_SLACK_STAGGER_SECONDS", "-1"),
        ("PAM_SLACK_STAGGER_SECONDS", "nan"),
        ("AWS_REGION", ""),
        ("AWS_REGION", "everywhere"),
    ],
)
def test_what_is_missing_or_wrong_is_named_and_its_value_is_not(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(ENV | {name: value})
    assert name in str(caught.value)
    assert not value or value not in str(caught.value)
