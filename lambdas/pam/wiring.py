"""Puts adapters behind ports, once a process. Each function asks only for what it uses, so no
client is made and no module is loaded that a function does not need.
"""

import os
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pam.aws.clients import ONE_TRY, PATIENT, client, hurried
from pam.domain.kinds import kind_of
from pam.domain.proofs import Maker
from pam.names import Tables
from pam.settings import (
    GateSettings,
    IssueIdentityCenterSettings,
    IssueOktaSettings,
    RotateSettings,
    TargetSettings,
    WatchSettings,
)

if TYPE_CHECKING:
    from pam.aws.access_log import CloudWatchAccessLog
    from pam.aws.audit_archive import S3AuditArchive, S3PolicySets
    from pam.aws.audit_outbox import DynamoDbOutbox
    from pam.aws.audit_sink import CloudWatchAuditSink
    from pam.aws.checkouts import DynamoDbCheckouts
    from pam.aws.checkpoint_items import DynamoDbCheckpoints
    from pam.aws.dynamodb_sessions import DynamoDbSessions
    from pam.aws.handled_calls import DynamoDbCalls
    from pam.aws.invocations import (
        AuditorFunction,
        NoticeFunction,
        RevocationFunction,
        RevocationStart,
        WitnessFunction,
    )
    from pam.aws.kms_keys import KmsCosigner, KmsLogSigner
    from pam.aws.link_items import DynamoDbLinkCodes, DynamoDbLinks
    from pam.aws.login_secrets import SecretsManagerLogins
    from pam.aws.macs import KmsSigner, KmsVerifier
    from pam.aws.slack_cards import DynamoDbSlackCards
    from pam.aws.slack_deliveries import DynamoDbSlackDeliveries
    from pam.aws.slack_facts import DynamoDbSlackFacts
    from pam.aws.slack_queue import SqsSlackQueue
    from pam.aws.slack_secrets import SlackSecretText
    from pam.aws.sns_notifier import SnsNotifier
    from pam.aws.step_functions import StepFunctionsWorkflow
    from pam.aws.vendor_functions import VendorFunctions
    from pam.aws.witness_memory import DynamoDbWitnessMemory
    from pam.operations.note_act import NotedActs
    from pam.operations.proven_links import ProvenLinks
    from pam.policy.cedar import CedarPolicy
    from pam.policy.compiled import CompiledPolicy
    from pam.ports.targets import Issuers, Keepers, Lenders, StandingIssuers
    from pam.postgres.login import Databases
    from pam.postgres.rotation import PostgresRotation
    from pam.slack_web.client import SlackWeb

__all__ = ["hurried"]
_PACKAGE = Path(__file__).parent.parent
_POLICY_FILE = _PACKAGE / "policy.json"


@cache
def own_client(service: str) -> Any:
    """One for all that speak to a service in the function's own role: making one takes as long as
    some calls, and each has connections of its own.
    """
    return client(service)


@cache
def policy() -> "CedarPolicy":
    """Lambda tells each function the region that it runs in."""
    from pam.domain.partitions import partition_of
    from pam.policy.cedar import CedarPolicy

    return CedarPolicy(compiled_policy(), partition_of(os.environ["AWS_REGION"]))


@cache
def compiled_policy() -> "CompiledPolicy":
    """What it is made of: for a function that looks something up, and decides nothing by it."""
    from pam.policy.compiled import CompiledPolicy

    return CompiledPolicy.read(_POLICY_FILE)


@cache
def sessions(tables: Tables) -> "DynamoDbSessions":
    from pam.aws.dynamodb_sessions import DynamoDbSessions

    return DynamoDbSessions(own_client("dynamodb"), tables)


@cache
def signer(maker: Maker, key_arn: str) -> "KmsSigner":
    from pam.aws.macs import KmsSigner

    return KmsSigner(own_client("kms"), maker, key_arn)


_WithKeys = GateSettings | WatchSettings | IssueIdentityCenterSettings | IssueOktaSettings


@cache
def verifier(settings: _WithKeys) -> "KmsVerifier":
    from pam.aws.macs import KmsVerifier

    keys = {
        Maker.DOOR: settings.door_key_arn,
        Maker.ADMISSION: settings.admission_key_arn,
        Maker.ACTIVATION: settings.activation_key_arn,
        Maker.SLACK: settings.slack_key_arn,
    }
    return KmsVerifier(own_client("kms"), keys)


@cache
def link_verifier(door_key_arn: str) -> "KmsVerifier":
    """Tells what the request API signed, and nothing else."""
    from pam.aws.macs import KmsVerifier

    return KmsVerifier(own_client("kms"), {Maker.DOOR: door_key_arn})


@cache
def outbox(tables: Tables) -> "DynamoDbOutbox":
    from pam.aws.audit_outbox import DynamoDbOutbox

    return DynamoDbOutbox(own_client("dynamodb"), tables)


@cache
def sink(log_group: str, bus: str) -> "CloudWatchAuditSink":
    from pam.aws.audit_sink import CloudWatchAuditSink

    return CloudWatchAuditSink(own_client("logs"), own_client("events"), log_group, bus)


@cache
def archive(bucket: str) -> "S3AuditArchive":
    from pam.aws.audit_archive import S3AuditArchive

    return S3AuditArchive(own_client("s3"), bucket)


@cache
def policy_sets(bucket: str) -> "S3PolicySets":
    """With the text of this deployment's own; what it says is not looked at."""
    from pam.aws.audit_archive import S3PolicySets

    return S3PolicySets(own_client("s3"), bucket, _POLICY_FILE.read_text(encoding="utf-8"))


@cache
def checkpoints(tables: Tables) -> "DynamoDbCheckpoints":
    from pam.aws.checkpoint_items import DynamoDbCheckpoints

    return DynamoDbCheckpoints(own_client("dynamodb"), tables)


@cache
def log_signer(key_id: str) -> "KmsLogSigner":
    from pam.aws.kms_keys import KmsLogSigner

    return KmsLogSigner(own_client("kms"), key_id)


@cache
def cosigner(key_id: str) -> "KmsCosigner":
    from pam.aws.kms_keys import KmsCosigner

    return KmsCosigner(own_client("kms"), key_id)


@cache
def witness(function: str) -> "WitnessFunction":
    from pam.aws.invocations import WitnessFunction

    return WitnessFunction(own_client("lambda"), function)


@cache
def witness_memory(table: str) -> "DynamoDbWitnessMemory":
    from pam.aws.witness_memory import DynamoDbWitnessMemory

    return DynamoDbWitnessMemory(own_client("dynamodb"), table)


@cache
def workflow(state_machine_arn: str = "") -> "StepFunctionsWorkflow":
    """Without an ARN: answers tokens, which name themselves; starts and describes nothing."""
    from pam.aws.step_functions import StepFunctionsWorkflow

    return StepFunctionsWorkflow(own_client("stepfunctions"), state_machine_arn)


@cache
def waiting_workflow(state_machine_arn: str) -> "StepFunctionsWorkflow":
    """The same, for a door, whose caller waits."""
    from pam.aws.step_functions import StepFunctionsWorkflow

    return StepFunctionsWorkflow(client("stepfunctions", config=ONE_TRY), state_machine_arn)


@cache
def notifier(topic_arn: str, env_name: str) -> "SnsNotifier":
    from pam.aws.sns_notifier import SnsNotifier

    return SnsNotifier(own_client("sns"), topic_arn, env_name)


@cache
def issuers(settings: TargetSettings) -> "Issuers":
    """One issuer a kind, by the table of kinds; each is made when a session first needs it."""
    from pam.domain.kinds import KINDS
    from pam.issuers import WhenAsked
    from pam.kinds import make_issuer

    return WhenAsked({name: partial(make_issuer, kind, settings) for name, kind in KINDS.items()})


def lenders(settings: TargetSettings) -> "Lenders":
    """The same, for the function that hands out. Of a standing kind it asks no issuer."""
    return cast("Lenders", issuers(settings))


def keepers(settings: TargetSettings) -> "Keepers":
    """The issuers of those kinds where what ends a session is looked at again."""
    from pam.domain.kinds import KINDS

    made = issuers(settings)
    kept = {name: made[name] for name, kind in KINDS.items() if kind.keeps_ends}
    return cast("Keepers", kept)


def standing_issuers(settings: TargetSettings) -> "StandingIssuers":
    """The issuers of those kinds whose vendors' functions this deployment has."""
    from pam.domain.kinds import KINDS

    made, vendors = issuers(settings), settings.vendors.split(",")
    there = {name: made[name] for name, kind in KINDS.items() if kind.vendor in vendors}
    return cast("StandingIssuers", there)


@cache
def vendor_functions(kind: str, settings: TargetSettings) -> "VendorFunctions":
    """Made where there is none as well: it then says what is to be done about it."""
    from pam.aws.vendor_functions import VendorFunctions

    key_arn = settings.activation_key_arn if isinstance(settings, GateSettings) else ""
    return VendorFunctions(
        client("lambda", config=PATIENT),
        kind=kind_of(kind),
        env_name=settings.env_name,
        there=kind_of(kind).vendor in settings.vendors.split(","),
        signer=signer(Maker.ACTIVATION, key_arn) if key_arn else None,
    )


@cache
def checkouts(tables: Tables) -> "DynamoDbCheckouts":
    from pam.aws.checkouts import DynamoDbCheckouts

    return DynamoDbCheckouts(own_client("dynamodb"), tables)


@cache
def links(tables: Tables) -> "DynamoDbLinks":
    from pam.aws.link_items import DynamoDbLinks

    return DynamoDbLinks(own_client("dynamodb"), tables)


def proven_links(tables: Tables, door_key_arn: str) -> "ProvenLinks":
    """For one call: whose a principal is, is asked of the table each time anew."""
    from pam.operations.proven_links import ProvenLinks

    return ProvenLinks(links(tables), link_verifier(door_key_arn))


@cache
def link_codes(tables: Tables) -> "DynamoDbLinkCodes":
    from pam.aws.link_items import DynamoDbLinkCodes

    return DynamoDbLinkCodes(own_client("dynamodb"), tables)


@cache
def databases(sslmode: str, root_certificate: str) -> "Databases":
    """`root_certificate` is a file of the functions' package."""
    from pam.postgres.login import Databases

    file = str(_PACKAGE / root_certificate) if root_certificate else ""
    return Databases(sslmode=sslmode, root_certificate=file)


@cache
def logins() -> "SecretsManagerLogins":
    from pam.aws.login_secrets import SecretsManagerLogins

    return SecretsManagerLogins(own_client("secretsmanager"))


def rotation(settings: RotateSettings, secret_id: str) -> "PostgresRotation":
    from pam.aws.login_secrets import SecretsManagerRotation, parse_login
    from pam.postgres.rotation import PostgresRotation

    secret = SecretsManagerRotation(own_client("secretsmanager"), secret_id)
    reached = databases(settings.database_sslmode, settings.database_root_certificate)
    return PostgresRotation(secret, reached, parse_login)


@cache
def auditor(function: str) -> "AuditorFunction":
    from pam.aws.invocations import AuditorFunction

    return AuditorFunction(own_client("lambda"), function)


@cache
def revocation(function: str) -> "RevocationFunction":
    from pam.aws.invocations import RevocationFunction

    return RevocationFunction(own_client("lambda"), function)


@cache
def closer(function: str) -> "RevocationFunction":
    """The same, for a door, whose caller waits."""
    from pam.aws.invocations import RevocationFunction

    return RevocationFunction(client("lambda", config=ONE_TRY), function)


@cache
def starter(function: str) -> "RevocationStart":
    """The same, for a door that cannot wait: Slack gives it three seconds."""
    from pam.aws.invocations import RevocationStart

    return RevocationStart(own_client("lambda"), function)


@cache
def calls(table: str) -> "DynamoDbCalls":
    from pam.aws.handled_calls import DynamoDbCalls

    return DynamoDbCalls(own_client("dynamodb"), table)


@cache
def noted_acts() -> "NotedActs":
    from pam.operations.note_act import NotedActs

    return NotedActs()


@cache
def access_log(log_groups: str) -> "CloudWatchAccessLog":
    """`log_groups` by name, with commas between."""
    from pam.aws.access_log import CloudWatchAccessLog

    return CloudWatchAccessLog(own_client("logs"), log_groups.split(","))


@cache
def messenger(function: str) -> "NoticeFunction":
    from pam.aws.invocations import NoticeFunction

    return NoticeFunction(own_client("lambda"), function)


@cache
def slack_secret(name: str) -> "SlackSecretText":
    from pam.aws.slack_secrets import SlackSecretText

    return SlackSecretText(own_client("secretsmanager"), name)


@cache
def slack_facts(table: str) -> "DynamoDbSlackFacts":
    from pam.aws.slack_facts import DynamoDbSlackFacts

    return DynamoDbSlackFacts(own_client("dynamodb"), table)


@cache
def slack_deliveries(table: str) -> "DynamoDbSlackDeliveries":
    from pam.aws.slack_deliveries import DynamoDbSlackDeliveries

    return DynamoDbSlackDeliveries(own_client("dynamodb"), table)


@cache
def slack_queue(url: str) -> "SqsSlackQueue":
    from pam.aws.slack_queue import SqsSlackQueue

    return SqsSlackQueue(own_client("sqs"), url)


@cache
def slack_cards(table: str) -> "DynamoDbSlackCards":
    from pam.aws.slack_cards import DynamoDbSlackCards

    return DynamoDbSlackCards(own_client("dynamodb"), table)


@cache
def slack_web(api_url: str, bot_token: str) -> "SlackWeb":
    """`bot_token` names a secret. Slack's client takes long to load: asked for only where Slack is
    to be called.
    """
    from pam.slack_web.client import SlackWeb

    return SlackWeb(base_url=api_url, token=slack_secret(bot_token))
