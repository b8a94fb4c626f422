"""The rights of the bank's auditors: read all that PAM recorded, and change nothing."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import Index, Parameter, Table, audit_reader_name, parameter_path
from stacks.acknowledgments import acknowledge, as_found
from stacks.audit_archive import AuditArchive
from stacks.audit_log import AuditLog
from stacks.encryption_key import EncryptionKey
from stacks.place import regional_host
from stacks.session_store import SessionStore
from stacks.signing_key import SigningKey

_WHERE = (
    Parameter.SESSION_STORE_TABLE_NAME,
    Parameter.AUDIT_LOG_GROUP_ARN,
    Parameter.AUDIT_ARCHIVE_BUCKET,
    Parameter.AUDIT_SIGNING_KEY_ARN,
)


class AuditReader(Construct):
    """A managed policy, for `pam audit export` and `pam audit verify`: straight from the stores,
    so that the auditor need not believe the API.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env_name: str,
        session_store: SessionStore,
        audit_log: AuditLog,
        archive: AuditArchive,
        signing_key: SigningKey,
        key: EncryptionKey,
    ) -> None:
        super().__init__(scope, construct_id)
        objects = archive.objects(self, "*")
        table = session_store.table.table_arn
        head = session_store.beside[Table.LOG_HEAD].table_arn
        self.policy = iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=audit_reader_name(env_name),
            description=f"PAM {env_name}: read the audit trail in all its places",
            statements=[
                _allow(archive.bucket.bucket_arn, "s3:ListBucket"),
                _allow(objects, "s3:GetObject"),
                iam.PolicyStatement(
                    actions=["logs:FilterLogEvents"],
                    # AWS has both spellings of a log group.
                    resources=[audit_log.log_group.log_group_arn, audit_log.arn],
                ),
                iam.PolicyStatement(
                    actions=["dynamodb:GetItem", "dynamodb:Query"],
                    resources=[table, f"{table}/index/{Index.BY_TIME}", head],
                ),
                iam.PolicyStatement(
                    actions=["ssm:GetParameter"],
                    resources=[self._parameter(env_name, name) for name in _WHERE],
                ),
                _allow(signing_key.key.key_arn, "kms:GetPublicKey"),
                iam.PolicyStatement(
                    actions=["kms:Decrypt"],
                    resources=[key.key.key_arn],
                    conditions={
                        "StringEquals": {
                            "kms:ViaService": [
                                regional_host(service, Stack.of(self).region)
                                for service in ("dynamodb", "s3")
                            ]
                        }
                    },
                ),
            ],
        )
        acknowledge(
            self.policy,
            f"AwsSolutions-IAM5[Resource::{as_found(self, objects)}]",
            "An auditor reads every object of the archive.",
        )

    def _parameter(self, env_name: str, name: Parameter) -> str:
        path = parameter_path(env_name, name).removeprefix("/")
        return Stack.of(self).format_arn(service="ssm", resource="parameter", resource_name=path)


def _allow(resource: str, *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[resource])
