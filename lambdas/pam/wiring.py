"""Puts adapters behind ports, once a process. Each function asks only for what it uses, so no
client is made and no module is loaded that a function does not need.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pam.aws.clients import client
from pam.policy.cedar import CedarPolicy
from pam.policy.compiled import CompiledPolicy

if TYPE_CHECKING:
    from pam.aws.audit_outbox import DynamoDbOutbox
    from pam.aws.audit_sink import CloudWatchAuditSink
    from pam.aws.dynamodb_sessions import DynamoDbSessions
    from pam.aws.invocations import AuditorFunction, RevocationFunction
    from pam.aws.sns_notifier import SnsNotifier
    from pam.aws.step_functions import StepFunctionsWorkflow
    from pam.operations.close_session import Issuers

_POLICY_FILE = Path(__file__).resolve().parent.parent / "policy.json"


@cache
def policy() -> CedarPolicy:
    return CedarPolicy(CompiledPolicy.read(_POLICY_FILE))


@cache
def sessions(table: str) -> "DynamoDbSessions":
    from pam.aws.dynamodb_sessions import DynamoDbSessions

    return DynamoDbSessions(client("dynamodb"), table)


@cache
def outbox(table: str) -> "DynamoDbOutbox":
    from pam.aws.audit_outbox import DynamoDbOutbox

    return DynamoDbOutbox(client("dynamodb"), table)


@cache
def sink(log_group: str, bus: str) -> "CloudWatchAuditSink":
    from pam.aws.audit_sink import CloudWatchAuditSink

    return CloudWatchAuditSink(client("logs"), client("events"), log_group, bus)


@cache
def workflow(state_machine_arn: str = "") -> "StepFunctionsWorkflow":
    """Without an ARN: answers tokens and stops executions, which name themselves; starts none."""
    from pam.aws.step_functions import StepFunctionsWorkflow

    return StepFunctionsWorkflow(client("stepfunctions"), state_machine_arn)


@cache
def notifier(topic_arn: str) -> "SnsNotifier":
    from pam.aws.sns_notifier import SnsNotifier

    return SnsNotifier(client("sns"), topic_arn)


@cache
def issuers() -> "Issuers":
    """One issuer a kind of target; a new kind is a new file and a line here."""
    from pam.aws.role_issuer import RoleIssuer
    from pam.domain.resource import IssuerKind

    return {IssuerKind.AWS_ROLE: RoleIssuer(client)}


@cache
def auditor(function: str) -> "AuditorFunction":
    from pam.aws.invocations import AuditorFunction

    return AuditorFunction(client("lambda"), function)


@cache
def revocation(function: str) -> "RevocationFunction":
    from pam.aws.invocations import RevocationFunction

    return RevocationFunction(client("lambda"), function)
