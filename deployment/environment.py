"""Which environment is meant, and whose credentials these are."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from stacks.config import ConfigError, DeployConfig, load_config

ROOT = Path(__file__).resolve().parent.parent
Say = Callable[[str], None]

DONE, FAILED, USAGE = 0, 1, 2
"""Exit codes: done, or nothing is wrong; something failed, or is wrong; wrong usage."""

_SIGN_IN = (
    "no AWS credentials were found: sign in (for example `aws sso login`), "
    "or choose a profile: AWS_PROFILE=NAME"
)


class Refused(Exception):
    """What was asked for is not done. The message is for the person who asked, with what to do."""


class Clients(Protocol):
    """boto3 clients of one account, by service; `region_name` None: of the environment's region."""

    def __call__(self, service: str, region_name: str | None = None) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    account: str
    arn: str

    @property
    def partition(self) -> str:
        return self.arn.split(":")[1]


def environments() -> Mapping[str, Any]:
    """As cdk.json has them. Raises ConfigError, with the line, if it is no JSON."""
    try:
        document = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        message = f"cdk.json:{error.lineno}: no JSON: {error.msg}"
        raise ConfigError(message) from error
    found: Mapping[str, Any] = document["context"]["environments"]
    return found


def read_config(env_name: str) -> DeployConfig:
    """Raises ConfigError, which names the environments that there are."""
    known = environments()
    if env_name not in known:
        said = f"unknown environment '{env_name}'" if env_name else "no environment was named"
        message = f"{said}: say ENV=NAME, with one of {', '.join(sorted(known))} (cdk.json)"
        raise ConfigError(message)
    return load_config(env_name, known)


def identify(clients: Clients) -> Caller:
    found = clients("sts").get_caller_identity()
    return Caller(account=found["Account"], arn=found["Arn"])


@contextmanager
def told() -> Iterator[None]:
    """Ends the program with one line on stderr for every fault that a person can mend."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise SystemExit(USAGE) from error
    except NoCredentialsError as error:
        print(_SIGN_IN, file=sys.stderr)
        raise SystemExit(FAILED) from error
    except (Refused, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        raise SystemExit(FAILED) from error
