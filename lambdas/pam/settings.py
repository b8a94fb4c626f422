"""What each function needs to know about its surroundings: one frozen dataclass a function.

The stack writes a function's environment with `to_env()`, the function reads it with `from_env()`;
both come from the same fields, so a variable cannot be misnamed on one side only. Standard library
only: the stacks import this.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

from pam.names import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Base of the per-function settings; `env_name` is the deployment (`prod`, `uat`, ...)."""

    env_name: str

    def to_env(self) -> dict[str, str]:
        return {_variable(name): value for name, value in asdict(self).items()}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises KeyError naming the missing variable: without settings nothing starts."""
        return cls(**{field.name: environ[_variable(field.name)] for field in fields(cls)})


def _variable(field_name: str) -> str:
    return f"PAM_{field_name.upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSettings(Settings):
    """Of the functions that see the session table: all but the one that rotates secrets."""

    table_name: str

    @property
    def tables(self) -> Tables:
        return Tables.of(self.env_name, self.table_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSettings(TableSettings):
    """Of the functions that make or unmake access. `database_sslmode` is in libpq's words; the
    certificate is a file of the package, empty where the mode checks none.
    """

    database_sslmode: str
    database_root_certificate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestApiSettings(TableSettings):
    """`calls_table` is where a door notes each call before it does anything."""

    calls_table: str
    account: str
    region: str
    state_machine_arn: str
    revoke_function: str
    door_key_arn: str
    tier1_topic_arn: str
    requester_topic_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitSettings(TableSettings):
    account: str
    region: str
    state_machine_arn: str
    tier1_topic_arn: str
    admission_key_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSettings(TableSettings):
    approver_topic_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings(TargetSettings):
    """Of the functions that give access, and go by proofs: the key of each maker of proofs."""

    door_key_arn: str
    admission_key_arn: str
    activation_key_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchSettings(TableSettings):
    door_key_arn: str
    admission_key_arn: str
    activation_key_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSettings(GateSettings):
    calls_table: str
    auditor_function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeSettings(TargetSettings):
    """`cloudtrail`: the trail by which AWS must tell of each lease; empty where there is none."""

    cloudtrail: str
    account: str
    region: str
    state_machine_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(TableSettings):
    log_group_name: str
    bus_name: str
    archive_bucket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSettings(TableSettings):
    """`witness_function`: its ARN; empty where there is no witness."""

    archive_bucket: str
    interval_minutes: str
    signing_key_arn: str
    witness_function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSettings(Settings):
    memory_table: str
    signing_key_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettings(TableSettings):
    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DarkCallSettings(TableSettings):
    """`own_roles`: ARNs of the roles that PAM itself calls its functions in, with commas between;
    `functions`: what the ARN of each of its functions begins with; `after_minutes`: for how long
    the access log may take to show a call.
    """

    calls_table: str
    access_log: str
    own_roles: str
    functions: str
    after_minutes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSettings(TableSettings):
    revoke_function: str
    notice_function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeSettings(TableSettings):
    approver_topic_arn: str
    requester_topic_arn: str
    tier1_topic_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateSettings(Settings):
    database_sslmode: str
    database_root_certificate: str
