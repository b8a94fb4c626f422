"""What each function needs to know about its surroundings: one frozen dataclass a function.

The stack writes a function's environment with `to_env()`, the function reads it with `from_env()`;
both come from the same fields, so a variable cannot be misnamed on one side only. Standard library
only: the stacks import this.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Base of the per-function settings; `env_name` is the deployment (`prod`, `uat`, ...)."""

    env_name: str
    table_name: str

    def to_env(self) -> dict[str, str]:
        return {_variable(name): value for name, value in asdict(self).items()}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises KeyError naming the missing variable: without settings nothing starts."""
        return cls(**{field.name: environ[_variable(field.name)] for field in fields(cls)})


def _variable(field_name: str) -> str:
    return f"PAM_{field_name.upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestApiSettings(Settings):
    account: str
    region: str
    state_machine_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitSettings(Settings):
    account: str
    region: str
    tier1_topic_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSettings(Settings):
    approver_topic_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSettings(Settings):
    auditor_function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeSettings(Settings):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(Settings):
    log_group_name: str
    bus_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickSettings(Settings):
    revoke_function: str
