"""Templates as CloudFormation would resolve them: every reference a name or an ARN of its kind.

Tools that judge a policy want one without intrinsics, and ARNs that have the shape of real ones.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stacks.template import Deployment

Json = dict[str, Any]

_NAMES = (
    "BucketName",
    "LogGroupName",
    "TableName",
    "RoleName",
    "ManagedPolicyName",
    "QueueName",
    "TopicName",
    "Name",
)
_ARNS = {
    "AWS::ApiGateway::RestApi": "execute-api:{region}:{account}:{name}",
    "AWS::DynamoDB::GlobalTable": "dynamodb:{region}:{account}:table/{name}",
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{name}",
    "AWS::Events::EventBus": "events:{region}:{account}:event-bus/{name}",
    "AWS::Events::Rule": "events:{region}:{account}:rule/{name}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{name}",
    "AWS::IAM::Role": "iam::{account}:role/{name}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/00000000-0000-0000-0000-000000000000",
    "AWS::Lambda::Function": "lambda:{region}:{account}:function:{name}",
    # CloudFormation ends it with a star.
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{name}:*",
    "AWS::S3::Bucket": "s3:::{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::StepFunctions::StateMachine": "states:{region}:{account}:stateMachine:{name}",
}
_REFERRED_TO_BY_ARN = {
    "AWS::IAM::ManagedPolicy",
    "AWS::SNS::Topic",
    "AWS::StepFunctions::StateMachine",
}
_TRUST = "AssumeRolePolicyDocument"
_IDENTITY = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::Role"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`kind`: `identity`, `trust` or `resource`. `of`: the type of what it stands at."""

    name: str
    kind: str
    of: str
    owners: tuple[str, ...] = ()
    """Names of the roles that an identity policy is attached to."""
    document: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    account: str = "111122223333"
    region: str = "eu-west-1"
    parameters: Mapping[str, str] = field(default_factory=dict)

    def of(self, reference: str) -> str | None:
        own = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        return {**own, **self.parameters}.get(reference)


def policies(deployment: Deployment, place: Place = Place()) -> Iterator[Policy]:
    """Every policy of every stack."""
    for template in deployment.templates():
        yield from of_template(template, deployment.foundation, place)


def of_template(
    template: Mapping[str, Any], outputs: Mapping[str, Any], place: Place
) -> Iterator[Policy]:
    """Whatever has statements, wherever it stands: a kind of policy that is new is found as well.
    `outputs`: the template whose outputs it reads.
    """
    reader = Reader(template=template, outputs=outputs, place=place)
    for name, resource in template["Resources"].items():
        for path, document in _documents(resource.get("Properties", {})):
            kind = "identity" if resource["Type"] in _IDENTITY else "resource"
            yield Policy(
                name=f"{name}.{path}",
                kind="trust" if path == _TRUST else kind,
                of=resource["Type"],
                owners=tuple(_owners(name, resource, reader)),
                document=reader.resolve(document),
            )


def _owners(name: str, resource: Mapping[str, Any], reader: "Reader") -> Iterator[str]:
    if resource["Type"] == "AWS::IAM::Role":
        yield reader.name(name)
    for role in resource.get("Properties", {}).get("Roles", []):
        yield str(reader.resolve(role))


def _documents(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if "Statement" in value:
            # A bus takes its statements one by one, without a document around them.
            whole = isinstance(value["Statement"], list)
            alone = {"Version": "2012-10-17", "Statement": [value["Statement"]]}
            yield path, value if whole else alone
            return
        for key, item in value.items():
            yield from _documents(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _documents(item, f"{path}.{number}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Of one template; `outputs` is the one whose outputs it reads."""

    template: Mapping[str, Any]
    outputs: Mapping[str, Any]
    place: Place

    def resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        intrinsics: dict[str, Callable[[Any], str]] = {
            "Ref": self._reference,
            "Fn::GetAtt": self._attribute,
            "Fn::Join": lambda join: join[0].join(map(self.resolve, join[1])),
            "Fn::Sub": self._substitute,
            "Fn::GetStackOutput": self._output,
        }
        for name, argument in value.items():
            if name in intrinsics:
                return intrinsics[name](argument)
            if name.startswith("Fn::"):
                message = f"{value}: teach the reader this reference first"
                raise LookupError(message)
        return {key: self.resolve(item) for key, item in value.items()}

    def _reference(self, name: str) -> str:
        known = self.place.of(name)
        if known is not None:
            return known
        by_arn = self._type(name) in _REFERRED_TO_BY_ARN
        return self.arn(name) if by_arn else self.name(name)

    def _attribute(self, path: list[str]) -> str:
        name, attribute = path
        # A real one ends with a time, whose colons parliament takes for a fault.
        ends = {"Arn": "", "StreamArn": "/stream/2026-01-01"}
        return self.arn(name) + ends[attribute]

    def _substitute(self, text: str) -> str:
        return re.sub(
            r"\$\{([\w:]+)(\.Arn)?\}",
            lambda m: self.arn(m[1]) if m[2] else self._reference(m[1]),
            text,
        )

    def _output(self, reference: Mapping[str, str]) -> str:
        other = Reader(template=self.outputs, outputs=self.outputs, place=self.place)
        return str(other.resolve(self.outputs["Outputs"][reference["OutputName"]]["Value"]))

    def arn(self, name: str) -> str:
        shape = _ARNS[self._type(name)]
        place = self.place
        properties = self.template["Resources"][name].get("Properties", {})
        path = str(self.resolve(properties.get("Path", "/"))).lstrip("/")
        return "arn:aws:" + shape.format(
            account=place.account, region=place.region, name=path + self.name(name)
        )

    def name(self, name: str) -> str:
        properties = self.template["Resources"][name].get("Properties", {})
        # As CloudFormation makes names up: stack, logical id, and twelve signs of its own.
        made_up = f"pam-prod-service-{name.lower()}-0123456789ab"[-63:]
        given = next((properties[key] for key in _NAMES if key in properties), made_up)
        return str(self.resolve(given))

    def _type(self, name: str) -> str:
        return str(self.template["Resources"][name]["Type"])
