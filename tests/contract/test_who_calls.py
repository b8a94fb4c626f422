"""AWS is told who calls: CloudTrail shows it, and the local stack counts calls by it."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from pam.aws import clients


class Raw:
    """What an AWSResponse reads its content from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


@pytest.mark.parametrize("config", [None, clients.ONE_TRY], ids=["usual", "one try"])
@pytest.mark.parametrize("service", ["dynamodb", "sts", "kms"])
def test_each_call_says_that_it_is_of_pam(aws: None, service: str, config: Config | None) -> None:
    said: list[str] = []

    def answer(request: Any, **_: Any) -> AWSResponse:
        said.append(request.headers["User-Agent"].decode())
        return AWSResponse(
            request.url,
            200,
            {},
            Raw(b"{}" if service != "sts" else b"<a><GetCallerIdentityResult/></a>"),
        )

    client = clients.client(service, **({"config": config} if config else {}))
    client.meta.events.register_first("before-send", answer)
    calls = {"dynamodb": "list_tables", "sts": "get_caller_identity", "kms": "list_keys"}
    getattr(client, calls[service])()
    (agent,) = said
    assert "app/mod046-pam" in agent.split()
    # Botocore's own words (`lang/python#3.11`, `md/...`) would be put together anew for each call.
    assert not [word for word in agent.split() if "#" in word]
