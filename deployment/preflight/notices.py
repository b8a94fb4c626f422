"""Whether somebody hears PAM, whether anything failed unheard, and whether PAM is current."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from deployment import standing
from deployment.assembly import resources
from deployment.preflight.check import (
    Check,
    Finding,
    Surroundings,
    code_of,
    ok,
    pages,
    unknown,
    warning,
    wrong,
)
from pam.names import Parameter, parameter_path

TOPICS = {
    Parameter.APPROVER_TOPIC_ARN: "no approver hears of a request",
    Parameter.REQUESTER_TOPIC_ARN: "no requester hears that access ends soon",
    Parameter.TIER1_TOPIC_ARN: "nobody hears an alarm",
}
_UNCONFIRMED = frozenset({"PendingConfirmation", "Deleted"})


def published(around: Surroundings, parameter: Parameter) -> str | None:
    """None before the service is deployed."""
    path = parameter_path(around.config.env_name, parameter)
    try:
        return str(around.clients("ssm").get_parameter(Name=path)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return None
        raise


def _look_at_subscriptions(around: Surroundings) -> Iterator[Finding]:
    for topic, otherwise in TOPICS.items():
        arn = published(around, topic)
        if arn is None:
            yield unknown("the topics are not there yet", "deploy, subscribe, and ask again")
            return
        sns = around.clients("sns")
        found = list(pages(sns, "list_subscriptions_by_topic", "Subscriptions", TopicArn=arn))
        waiting = [it["Endpoint"] for it in found if it["SubscriptionArn"] in _UNCONFIRMED]
        name = topic.partition("/")[0]
        if waiting:
            yield warning(
                f"{name}: {', '.join(waiting)} has not confirmed", "follow the link that SNS sent"
            )
        if len(found) == len(waiting):
            yield wrong(
                f"{name}: nobody is subscribed: {otherwise}",
                f"aws sns subscribe --topic-arn {arn} --protocol email --notification-endpoint ...",
            )
        elif not waiting:
            yield ok(f"{name}: {len(found)} subscription(s)")


def _look_at_dead_letters(around: Surroundings) -> Iterator[Finding]:
    found = False
    for stack in around.own_stacks:
        if standing.find(around.clients, stack) is None:
            continue
        cloudformation = around.clients("cloudformation", stack.region)
        summaries = "StackResourceSummaries"
        for each in pages(cloudformation, "list_stack_resources", summaries, StackName=stack.name):
            if each["ResourceType"] == "AWS::SQS::Queue":
                found = True
                yield _of_queue(around, stack.region, each["PhysicalResourceId"])
    if not found:
        yield ok("no queue is deployed yet")


def _of_queue(around: Surroundings, region: str, url: str) -> Finding:
    name = url.rpartition("/")[2]
    said = around.clients("sqs", region).get_queue_attributes(
        QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages", "RedrivePolicy"]
    )["Attributes"]
    count = int(said["ApproximateNumberOfMessages"])
    if "RedrivePolicy" in said:
        # What fails for good leaves it for another queue; the rest is work that waits its turn.
        return ok(f"{name} has {count} message(s) on their way")
    if count:
        return wrong(f"{name} has {count} message(s)", "docs/runbook.md, dead-letters")
    return ok(f"{name} is empty")


def _look_at_references(around: Surroundings) -> Iterator[Finding]:
    """What the service published of the foundation, against what the foundation has now."""
    env_name = around.config.env_name
    services = [each for each in around.own_stacks if each.name == f"pam-{env_name}-service"]
    checked = stale = 0
    for service in services:
        for _, properties in resources(service, "AWS::SSM::Parameter"):
            value = properties["Value"]
            output = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
            if output is None:
                continue
            now = _output(around, output["StackName"], output["OutputName"])
            had = _value(around, properties["Name"])
            if now is None or had is None:
                continue
            checked += 1
            if had != now:
                stale += 1
                yield wrong(
                    f"the service goes by {had}, and the foundation has {now}",
                    f"deploy again: make deploy ENV={env_name}",
                )
    if not stale:
        yield ok(f"the service knows the foundation as it is ({checked} names compared)")


def _output(around: Surroundings, stack: str, name: str) -> str | None:
    cloudformation = around.clients("cloudformation")
    try:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if code_of(error) == "ValidationError":
            return None
        raise
    said = {it["OutputKey"]: it["OutputValue"] for it in found.get("Outputs", ())}
    return said.get(name)


def _value(around: Surroundings, name: str) -> str | None:
    try:
        return str(around.clients("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) == "ParameterNotFound":
            return None
        raise


CHECKS = (
    Check(
        name="subscriptions",
        reason="a request that nobody hears of is not approved, and an alarm helps nobody",
        look=_look_at_subscriptions,
    ),
    Check(
        name="dead letters",
        reason="what failed for good waits there for a person, for 14 days",
        look=_look_at_dead_letters,
    ),
    Check(
        name="references",
        reason="the service takes the foundation's names when it is deployed, and not later",
        look=_look_at_references,
    ),
)
