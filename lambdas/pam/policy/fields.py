"""The types that the files under `policy/` are made of, and what every issuer's entry has."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pam.domain import durations

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


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")]
Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z0-9/_+=.@-]{1,512}$")]
"""As Secrets Manager has it: a name, without the six characters that it appends to the ARN."""
KeyArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\w-]+$")]
PostgresName = Annotated[str, Field(min_length=1), AfterValidator(_postgres_name)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IssuerEntry(Strict):
    """Of one kind: its folder's `catalogue.py` adds the settings, and the one `kind` it is."""

    kind: str

    def fault(self) -> str | None:
        """What is wrong with an entry whose every field is well formed; None for nothing."""
        return None
