"""Runbooks of Systems Manager that ask PAM for access in somebody's name (`docs/consumers.md`).

The documents stand under `runbooks/`, whole, to be read and copied. Deployed, they know their
environment, the workflow and their role by themselves.
"""

from pathlib import Path
from typing import Any

import yaml
from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.acknowledgments import INLINE_POLICY, acknowledge_nist
from stacks.workflow_handle import WorkflowHandle

FOLDER = Path(__file__).resolve().parent.parent / "runbooks"
NAMES = ("PamRequestAccess", "PamBreakGlass")


def document(name: str) -> dict[str, Any]:
    """As it stands in the repository."""
    read: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return read


class Runbooks(Construct):
    """Two documents and the one role that they run in. It can start the workflow, which passes the
    same gates as everybody, and see what became of what runbooks started.

    Whoever may run a document needs `iam:PassRole` on the role, and no right on the workflow.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, handle: WorkflowHandle
    ) -> None:
        super().__init__(scope, construct_id)
        role = self._role(env_name)
        handle.grant_start(role)
        handle.grant_describe_runbooks(role)
        known = {
            "Environment": env_name,
            "StateMachineArn": handle.arn,
            "AutomationAssumeRole": role.role_arn,
        }
        for name in NAMES:
            content = document(name)
            for parameter, value in known.items():
                content["parameters"][parameter]["default"] = value
            ssm.CfnDocument(
                self,
                name,
                name=f"{name}-{env_name}",
                document_type="Automation",
                document_format="JSON",
                target_type="/",
                update_method="NewVersion",
                content=content,
            )

    def _role(self, env_name: str) -> iam.Role:
        stack = Stack.of(self)
        automations = stack.format_arn(
            service="ssm",
            resource="automation-execution",
            resource_name="*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        role = iam.Role(
            self,
            "Role",
            role_name=f"pam-{env_name}-runbooks",
            description="Starts PAM's approval workflow in somebody's name; grants nothing",
            assumed_by=iam.ServicePrincipal(
                "ssm.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnLike": {"aws:SourceArn": automations},
                },
            ),
        )
        acknowledge_nist(role, INLINE_POLICY)
        return role
