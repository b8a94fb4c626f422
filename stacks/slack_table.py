"""What PAM remembers of Slack: no part of the truth. Losing it loses no session and no vote."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from pam.names import SLACK_CARD, SLACK_CHANNEL, SLACK_SEEN, SLACK_USER, slack_table_name
from stacks.acknowledgments import acknowledge, acknowledge_nist
from stacks.encryption_key import EncryptionKey
from stacks.kept_table import text


class SlackTable(Construct):
    """Deliveries that were handled, facts of users and channels, and where cards stand."""

    def __init__(
        self, scope: Construct, construct_id: str, *, env_name: str, key: EncryptionKey
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=slack_table_name(env_name),
            partition_key=text("pk"),
            sort_key=text("sk"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key.key,
            time_to_live_attribute="ttl",
            removal_policy=RemovalPolicy.DESTROY,
        )
        made_again = (
            "Holds what is asked of Slack again, and where messages stand: cards are painted from "
            "the sessions, and one whose place is forgotten is posted anew."
        )
        acknowledge(self.table, "AwsSolutions-DDB3", made_again)
        acknowledge_nist(
            self.table, {"DynamoDBInBackupPlan": made_again, "DynamoDBPITREnabled": made_again}
        )

    def grant_remember(self, role: iam.IRole) -> None:
        """The door: what was handled, and what Slack said of users and channels."""
        self._allow(
            role,
            [SLACK_SEEN, SLACK_USER, SLACK_CHANNEL],
            "GetItem",
            "PutItem",
            "UpdateItem",
        )

    def grant_find_card(self, role: iam.IRole) -> None:
        """Whose card a message is."""
        self._allow(role, [SLACK_CARD], "GetItem")

    def grant_keep_cards(self, role: iam.IRole) -> None:
        """The painter: where cards stand. What it asks Slack of channels it keeps as well."""
        self._allow(
            role,
            [SLACK_CARD, SLACK_CHANNEL],
            "BatchGetItem",
            "GetItem",
            "Query",
            "PutItem",
            "UpdateItem",
            "DeleteItem",
        )

    def grant_see_cards(self, role: iam.IRole) -> None:
        """Which cards there are, and of which sessions."""
        self._allow(role, [SLACK_CARD], "BatchGetItem", "GetItem", "Query")

    def _allow(self, role: iam.IRole, begins: list[str], *actions: str) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=[f"dynamodb:{action}" for action in actions],
                resources=[self.table.table_arn],
                conditions={
                    "ForAllValues:StringLike": {
                        "dynamodb:LeadingKeys": [f"{each}*" for each in begins]
                    }
                },
            )
        )
        if {"PutItem", "UpdateItem", "DeleteItem"} & set(actions):
            self._key.grant_write_through(role, "dynamodb")
        else:
            self._key.grant_read_through(role, "dynamodb")
