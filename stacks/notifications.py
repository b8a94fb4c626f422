"""Who gets told: approvers, requesters, Tier-1, and everyone who listens on the event bus."""

import hashlib
import json
from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.encryption_key import EncryptionKey
from stacks.escape_hatch import resource_of
from stacks.subscriptions import Audience, Subscription
from stacks.undelivered_events import UndeliveredEvents


class Notifications(Construct):
    """Three encrypted topics and one bus.

    They hold subscriptions and rules of other teams, which is why they live with the data and
    outlast a redeployment of the functions.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        env_name: str,
        key: EncryptionKey,
        undelivered: UndeliveredEvents,
        notify: Sequence[Subscription] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        self.approver_topic = self._topic("ApproverTopic", f"PAM {env_name}: approval wanted")
        self.requester_topic = self._topic("RequesterTopic", f"PAM {env_name}: access ends soon")
        self.tier1_topic = self._topic("Tier1Topic", f"PAM {env_name}: Tier-1 alert")
        self._subscribe(notify)
        bus_name = f"pam-{env_name}"
        # The key has to name the bus before the bus, which names the key, exists.
        key.allow_event_bus(
            Stack.of(self).format_arn(
                service="events", resource="event-bus", resource_name=bus_name
            )
        )
        self.bus = events.EventBus(
            self,
            "Bus",
            event_bus_name=bus_name,
            description="Life of privileged sessions (MOD-046); source bank.mod046.pam",
        )
        resource = resource_of(self.bus, events.CfnEventBus)
        # Not the construct's `kms_key`: that would add wildcard actions to the key's policy.
        resource.kms_key_identifier = key.key.key_arn
        undelivered.catch_of_bus(resource)

    def _topic(self, construct_id: str, display_name: str) -> sns.Topic:
        return sns.Topic(
            self,
            construct_id,
            display_name=display_name,
            master_key=self._key.key,
            enforce_ssl=True,
        )

    def _subscribe(self, notify: Sequence[Subscription]) -> None:
        """Whoever reads mail has to confirm it: SNS asks them."""
        topics = {
            Audience.APPROVERS: self.approver_topic,
            Audience.REQUESTERS: self.requester_topic,
            Audience.TIER1: self.tier1_topic,
        }
        for each in notify:
            # Named by what it says, so that an order of the list makes none anew.
            said = json.dumps([each.topic, each.endpoint, each.filter], sort_keys=True)
            sns.CfnSubscription(
                self,
                f"Subscription{hashlib.sha256(said.encode()).hexdigest()[:12]}",
                topic_arn=topics[each.topic].topic_arn,
                protocol=each.protocol,
                endpoint=each.endpoint,
                filter_policy=dict(each.filter) or None,
            )

    def grant_ask_approvers(self, role: iam.IRole) -> None:
        self._grant_publish(role, self.approver_topic)

    def grant_warn_requesters(self, role: iam.IRole) -> None:
        self._grant_publish(role, self.requester_topic)

    def grant_alert_tier1(self, role: iam.IRole) -> None:
        self._grant_publish(role, self.tier1_topic)

    def allow_alarms(self) -> None:
        """CloudWatch alarms of this account speak on the Tier-1 topic."""
        self._key.allow_alarms()
        self.tier1_topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Alarms",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.tier1_topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )

    def grant_announce(self, role: iam.IRole) -> None:
        """Put events on the bus; for the session auditor alone."""
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["events:PutEvents"], resources=[self.bus.event_bus_arn])
        )

    def _grant_publish(self, role: iam.IRole, topic: sns.Topic) -> None:
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=["sns:Publish"], resources=[topic.topic_arn])
        )
        self._key.grant_send_through(role, "sns")
