"""A table as all of PAM's are kept: on demand, restorable to any second, under the customer key."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from stacks.acknowledgments import acknowledge_nist
from stacks.encryption_key import EncryptionKey
from stacks.keeping import Keeping


def kept_table(
    scope: Construct,
    construct_id: str,
    *,
    key: EncryptionKey,
    keeping: Keeping,
    name: str | None = None,
    stream: dynamodb.StreamViewType | None = None,
) -> dynamodb.Table:
    """`name` None: CloudFormation gives it one."""
    table = dynamodb.Table(
        scope,
        construct_id,
        table_name=name,
        partition_key=text("pk"),
        sort_key=text("sk"),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
        encryption_key=key.key,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        stream=stream,
        time_to_live_attribute="ttl",
        deletion_protection=keeping.protected,
        removal_policy=keeping.removal_policy,
    )
    acknowledge_nist(
        table,
        {
            "DynamoDBInBackupPlan": (
                "Can be restored to any second of the last 35 days, and every record stands in "
                "the log group and the locked archive as well; backup plans are the account's."
            )
        },
    )
    return table


def text(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
