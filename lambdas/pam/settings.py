"""What each function needs to know about its surroundings: one frozen value a function.

The stack writes a function's environment with `to_env()`, the function reads it with `from_env()`;
both come from the same fields, so a variable cannot be misnamed on one side only. Standard library
only: the stacks import this.
"""

import os
from collections.abc import Mapping
from typing import Self

from pam.domain.values import Value
from pam.names import Tables


class Settings(Value):
    """Base of the per-function settings; `env_name` is the deployment (`prod`, `uat`, ...)."""

    env_name: str

    def to_env(self) -> dict[str, str]:
        return {_variable(name): value for name, value in self.as_dict().items()}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Raises KeyError naming the missing variable: without settings nothing starts."""
        return cls(**{name: environ[_variable(name)] for name in cls.field_names()})


def _variable(field_name: str) -> str:
    return f"PAM_{field_name.upper()}"


class TableSettings(Settings):
    """Of the functions that see the session table: all but the one that rotates secrets."""

    table_name: str

    @property
    def tables(self) -> Tables:
        return Tables.of(self.env_name, self.table_name)


class TargetSettings(TableSettings):
    """Of the functions that make or unmake access. `database_sslmode` is in libpq's words; the
    certificate is a file of the package, empty where the mode checks none.
    `vendors` are those whose functions this deployment has, with commas between.
    """

    database_sslmode: str
    database_root_certificate: str
    vendors: str


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


class AdmitSettings(TableSettings):
    account: str
    region: str
    state_machine_arn: str
    tier1_topic_arn: str
    admission_key_arn: str


class AskSettings(TableSettings):
    approver_topic_arn: str


class GateSettings(TargetSettings):
    """Of the functions that give access, and go by proofs: the key of each maker of proofs.
    `slack_key_arn` is empty where PAM is not in Slack.
    """

    door_key_arn: str
    admission_key_arn: str
    activation_key_arn: str
    slack_key_arn: str


class WatchSettings(TableSettings):
    door_key_arn: str
    admission_key_arn: str
    activation_key_arn: str
    slack_key_arn: str


class IssueSettings(GateSettings):
    calls_table: str
    auditor_function: str


class RevokeSettings(TargetSettings):
    """`cloudtrail`: the trail by which AWS must tell of each lease; empty where there is none."""

    cloudtrail: str
    account: str
    region: str
    state_machine_arn: str


class AuditSettings(TableSettings):
    log_group_name: str
    bus_name: str
    archive_bucket: str


class CheckpointSettings(TableSettings):
    """`witness_function`: its ARN; empty where there is no witness."""

    archive_bucket: str
    interval_minutes: str
    signing_key_arn: str
    witness_function: str


class WitnessSettings(Settings):
    memory_table: str
    signing_key_arn: str


class ActivitySettings(TableSettings):
    """`identity_center_user_name`: how a person is called there, over `{person}`."""

    account: str
    region: str
    identity_center_user_name: str


class DarkCallSettings(TableSettings):
    """`own_roles`: ARNs of the roles that PAM itself calls its functions in, with commas between;
    `functions`: what the ARN of each of its functions begins with; `access_log`: the log
    groups of the doors' gateways, likewise with commas; `after_minutes`: for how long
    the access log may take to show a call.
    """

    calls_table: str
    access_log: str
    own_roles: str
    functions: str
    after_minutes: str


class TickSettings(TableSettings):
    revoke_function: str
    notice_function: str


class NoticeSettings(TableSettings):
    approver_topic_arn: str
    requester_topic_arn: str
    tier1_topic_arn: str


class IdentityCenterSettings(TableSettings):
    """Of the two functions that speak to Identity Center. `identity_center_role`: in which they do,
    in the account that administers it; empty: their own. `identity_center_user_name`: how a person
    is called there, over `{person}`. `identity_center_url` is AWS's own where it is empty.
    """

    account: str
    region: str
    identity_center_region: str
    identity_center_role: str
    identity_center_user_name: str
    identity_center_url: str


class IssueIdentityCenterSettings(IdentityCenterSettings):
    """The one that makes access goes by proofs."""

    door_key_arn: str
    admission_key_arn: str
    activation_key_arn: str
    slack_key_arn: str


class OktaSettings(TableSettings):
    """Of the two functions that speak to Okta, each as an app of its own. `okta_key_arn`: what
    signs for the app. `okta_login`: how a person signs in there, over `{person}`. `okta_api_url` is
    that of the organisation, but for the local stack.
    """

    account: str
    region: str
    okta_client_id: str
    okta_key_arn: str
    okta_login: str
    okta_api_url: str


class IssueOktaSettings(OktaSettings):
    """The one that makes access goes by proofs."""

    door_key_arn: str
    admission_key_arn: str
    activation_key_arn: str
    slack_key_arn: str


class RotateSettings(Settings):
    database_sslmode: str
    database_root_certificate: str


class SlackSettings(TableSettings):
    """Of the functions that speak to Slack. `slack_api_url` is Slack's, but for the local stack;
    `slack_bot_token` names a secret. Ids stand with commas between. `slack_queue_url`: what is to
    be told in Slack, and can wait.
    """

    slack_table: str
    slack_queue_url: str
    slack_api_url: str
    slack_bot_token: str
    slack_team_ids: str
    slack_enterprise_ids: str


class SlackDoorSettings(SlackSettings):
    """`slack_signing_secret` names a secret; empty where no call comes by HTTP. `slack_socket_role`
    names the role that calls the socket's route; empty where nothing comes by it. `slack_commands`
    have commas between; `slack_reactions` is `on` or empty. By `slack_key_arn` it signs, and by
    `door_key_arn` it tells the links that people made.
    """

    slack_signing_secret: str
    slack_socket_role: str
    slack_commands: str
    slack_reactions: str
    slack_key_arn: str
    door_key_arn: str
    calls_table: str
    account: str
    region: str
    state_machine_arn: str
    revoke_function: str


class SlackPaintSettings(SlackSettings):
    """By `door_key_arn` it tells the links that people made."""

    door_key_arn: str


class SlackRouteSettings(TableSettings):
    slack_table: str
    slack_queue_url: str
