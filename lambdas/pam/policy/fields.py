"""The types that the files under `policy/` are made of, and what every issuer's entry has."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pam.domain import durations
from pam.domain.partitions import REGION
from pam.domain.rds_names import MANAGED, PROXY_ID, WHY_NO_PROXY, is_proxy_host

_LONGEST_POSTGRES_NAME = 63


def _duration(value: object) -> timedelta:
    if not isinstance(value, str):
        message = "a duration is text such as 30s, 15m or 1h30m"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError as a field error
    return durations.parse(value)


def _postgres_name(name: str) -> str:
    """Anything that PostgreSQL takes as a name, quotes and semicolons included."""
    if "\0" in name or len(name.encode()) > _LONGEST_POSTGRES_NAME:
        message = f"a PostgreSQL name has at most {_LONGEST_POSTGRES_NAME} bytes, none of them zero"
        raise ValueError(message)
    return name


def spelled(pattern: str, words: str) -> AfterValidator:
    """Text of this form, or a fault in words: a pattern says to nobody what to write."""
    form = re.compile(pattern, re.ASCII)

    def check(value: str) -> str:
        if not form.fullmatch(value):
            raise ValueError(words)
        return value

    return AfterValidator(check)


def without_slash(name: str) -> str:
    """`/staff/alice` and `staff/alice` are one way with a path, written twice."""
    return name.removeprefix("/")


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Name = Annotated[
    str,
    spelled(
        r"[a-z][a-z0-9-]{1,62}",
        "a name has 2 to 63 lower-case letters, digits and hyphens, and begins with a letter",
    ),
]
Account = Annotated[
    str, spelled(r"[0-9]{12}", "an account id has 12 digits, leading zeros among them")
]
SecretName = Annotated[
    str,
    spelled(
        r"[A-Za-z0-9/_+=.@!-]{1,512}",
        "a secret's name has 1 to 512 of A-Z, a-z, 0-9 and /_+=.@!-; it is not the ARN",
    ),
]
"""As Secrets Manager has it: a name, without the six characters that it appends to the ARN. An
exclamation mark stands in names that AWS gives (`rds!cluster-...`)."""
KeyArn = Annotated[
    str,
    spelled(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]+",
        "a key is named by its ARN, arn:PARTITION:kms:REGION:ACCOUNT:key/ID, and not by an alias",
    ),
]
PostgresName = Annotated[str, Field(min_length=1), AfterValidator(_postgres_name)]


Region = Annotated[str, spelled(REGION, "a region is named as AWS has it, such as eu-west-1")]


def no_proxy(rds_db_user: str) -> str:
    if rds_db_user.startswith(PROXY_ID):
        raise ValueError(WHY_NO_PROXY)
    return rds_db_user


def is_managed(secret: str) -> bool:
    """RDS makes such a secret: it holds a user and a password, and nobody else may write it."""
    return secret.startswith(MANAGED)


def _no_proxy(host: str) -> str:
    if is_proxy_host(host):
        raise ValueError(WHY_NO_PROXY)
    return host


Host = Annotated[
    str,
    spelled(
        r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?"
        r"|(?=[^:]*:[^:]*:)[0-9A-Fa-f:]{2,45}",
        "a host is a name or an address, without a port and without a scheme",
    ),
    AfterValidator(_no_proxy),
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IssuerEntry(Strict):
    """Of one kind: its folder's `catalogue.py` adds the settings, and the one `kind` it is."""

    kind: str

    def fault(self) -> str | None:
        """What is wrong with an entry whose every field is well formed; None for nothing."""
        return None

    def things(self) -> frozenset[str]:
        """Texts that mean what is really lent, within its account: two entries that have one of
        them in common lend the same. None: what names the target says it.
        """
        return frozenset()


class DatabaseEntry(IssuerEntry):
    """Of the kinds that lend a database. `host`, `port` and `dbname` stand above what the secrets
    say, and are needed where a secret holds a user and a password only.
    """

    secret: SecretName
    host: Host | None = None
    port: Annotated[int, Field(ge=1, le=65_535, strict=True)] | None = None
    dbname: PostgresName | None = None

    def fault(self) -> str | None:
        if self.host is None and (self.port is not None or self.dbname is not None):
            return "port and dbname go with host"
        return None

    def things(self) -> frozenset[str]:
        return frozenset({f"secret {self.secret}"})

    def missing_host(self, *secrets: str | None) -> str | None:
        """A fault if one of these secrets does not say where the database is, and the entry
        neither.
        """
        managed = [each for each in secrets if each is not None and is_managed(each)]
        if managed and self.host is None:
            return (
                f"{managed[0]} is made by RDS, and holds a user and a password only; say host (and "
                "port and dbname, where they are not 5432 and postgres)"
            )
        return None
