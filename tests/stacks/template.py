"""Reading synthesised templates: intrinsics as text, rights by function."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Resource = Mapping[str, Any]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one policy, with everything in it as text."""

    owner: str
    effect: str
    actions: frozenset[str]
    resources: frozenset[str]
    conditions: str
    principals: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Both stacks of one environment; references between them are followed. The witness's stack,
    where there is one, is of another account and stands apart.
    """

    env_name: str
    foundation: Mapping[str, Any]
    service: Mapping[str, Any]
    witness: Mapping[str, Any] | None = None
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Further stacks, by name."""

    @classmethod
    def of(cls, env_name: str, templates: Mapping[str, Mapping[str, Any]]) -> "Deployment":
        """From each stack's template by the name of the stack."""
        named = {name.removeprefix(f"pam-{env_name}-"): it for name, it in templates.items()}
        return cls(
            env_name=env_name,
            foundation=named.pop("foundation"),
            service=named.pop("service"),
            witness=named.pop("witness", None),
            others=named,
        )

    def parts(self) -> list["Deployment"]:
        """What belongs to one account: both stacks together, and the witness's by itself."""
        if self.witness is None:
            return [self]
        nothing: Mapping[str, Any] = {"Resources": {}}
        alone = Deployment(env_name=self.env_name, foundation=self.witness, service=nothing)
        return [replace(self, witness=None), alone]

    def templates(self) -> list[Mapping[str, Any]]:
        """Every one that the deployment has."""
        first = (self.foundation, self.service, self.witness)
        return [*(each for each in first if each is not None), *self.others.values()]

    def of_type(self, kind: str) -> dict[str, Resource]:
        return {
            name: resource
            for template in (self.foundation, self.service)
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str) -> tuple[str, Resource]:
        (found,) = self.of_type(kind).items()
        return found

    def request_api(self) -> tuple[str, Resource]:
        """The API that people sign for; Slack's is another."""
        (found,) = (
            (name, api)
            for name, api in self.of_type("AWS::ApiGateway::RestApi").items()
            if api["Properties"]["Name"] == f"pam-{self.env_name}"
        )
        return found

    def of_request_api(self, kind: str) -> dict[str, Resource]:
        api, _ = self.request_api()
        return {
            name: resource
            for name, resource in self.of_type(kind).items()
            if resource["Properties"]["RestApiId"] == {"Ref": api}
        }

    def request_api_stage(self) -> Resource:
        (stage,) = self.of_request_api("AWS::ApiGateway::Stage").values()
        return stage

    def table(self, name: str = "") -> tuple[str, Resource]:
        """The one of sessions, to which CloudFormation gives its name; or another by the end of
        its name.
        """
        (found,) = (
            (logical, table)
            for logical, table in self.of_type("AWS::DynamoDB::Table").items()
            if table["Properties"].get("TableName", "") == (name and f"pam-{self.env_name}-{name}")
            and table["Properties"]["KeySchema"][0]["AttributeName"] == "pk"
        )
        return found

    def calls_table(self) -> tuple[str, Resource]:
        (found,) = (
            (name, table)
            for name, table in self.of_type("AWS::DynamoDB::Table").items()
            if table["Properties"]["KeySchema"][0]["AttributeName"] == "request_id"
        )
        return found

    def dead_letters(self) -> tuple[str, Resource]:
        """The queue of work that failed; the other keeps events that could not be delivered."""
        (found,) = (
            (name, queue)
            for name, queue in self.of_type("AWS::SQS::Queue").items()
            if "KmsMasterKeyId" in queue["Properties"] and not _in_lines(queue)
        )
        return found

    def undelivered(self) -> tuple[str, Resource]:
        (found,) = (
            (name, queue)
            for name, queue in self.of_type("AWS::SQS::Queue").items()
            # Another holds activities until they are recorded, and has this one behind it.
            if not {"KmsMasterKeyId", "RedrivePolicy"} & set(queue["Properties"])
            and not _in_lines(queue)
        )
        return found

    def activity_queue(self) -> tuple[str, Resource]:
        (found,) = (
            (name, queue)
            for name, queue in self.of_type("AWS::SQS::Queue").items()
            if "RedrivePolicy" in queue["Properties"] and not _in_lines(queue)
        )
        return found

    def slack_queues(self) -> tuple[tuple[str, Resource], tuple[str, Resource]]:
        """What is to be told in Slack, and what of it failed."""
        queues = [each for each in self.of_type("AWS::SQS::Queue").items() if _in_lines(each[1])]
        (told,) = (each for each in queues if "RedrivePolicy" in each[1]["Properties"])
        (failed,) = (each for each in queues if each != told)
        return told, failed

    def encryption_key(self) -> tuple[str, Resource]:
        """The one that data is under; the others sign, or make proofs."""
        (found,) = (
            (name, key)
            for name, key in self.of_type("AWS::KMS::Key").items()
            if "KeyUsage" not in key["Properties"]
        )
        return found

    def function(self, handler: str) -> tuple[str, Resource]:
        (found,) = (
            (name, resource)
            for name, resource in self.of_type("AWS::Lambda::Function").items()
            if resource["Properties"]["Handler"] == f"{handler}.handler"
        )
        return found

    def text(self, value: Any) -> str:
        """`${LogicalId}`, `${LogicalId.Arn}`; what another stack gives out is read there."""
        if isinstance(value, list):
            return json.dumps([self.text(item) for item in value])
        if not isinstance(value, Mapping):
            return str(value)
        intrinsics: dict[str, Callable[[Any], str]] = {
            "Ref": lambda name: f"${{{name}}}",
            "Fn::GetAtt": lambda path: f"${{{'.'.join(path)}}}",
            "Fn::Join": lambda join: str(join[0]).join(self.text(part) for part in join[1]),
            "Fn::GetStackOutput": self._output,
        }
        for name, spelled in intrinsics.items():
            if name in value:
                return spelled(value[name])
        return json.dumps({key: self.text(item) for key, item in value.items()}, sort_keys=True)

    def _output(self, reference: Mapping[str, str]) -> str:
        return self.text(self.foundation["Outputs"][reference["OutputName"]]["Value"])

    def role_of(self, function: Resource) -> str:
        """The logical id of a role of the service, or the name of one of the foundation."""
        return _role_key(self.text(function["Properties"]["Role"]))

    def role_key(self, reference: Any) -> str:
        """The same, of any reference to a role."""
        return _role_key(self.text(reference))

    def identity_statements(self) -> list[Statement]:
        """What roles may do, by role."""
        found: list[Statement] = []
        attached = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        for policy in (each for kind in attached for each in self.of_type(kind).values()):
            for role in policy["Properties"].get("Roles", []):
                document = policy["Properties"]["PolicyDocument"]
                found += self._statements(_role_key(self.text(role)), document)
        for name, role_resource in self.of_type("AWS::IAM::Role").items():
            for inline in role_resource["Properties"].get("Policies", []):
                found += self._statements(name, inline["PolicyDocument"])
        return found

    def resource_statements(self) -> list[Statement]:
        """What resources let others do: keys, queues, topics."""
        found: list[Statement] = []
        for kind, document in (
            ("AWS::KMS::Key", "KeyPolicy"),
            ("AWS::SQS::QueuePolicy", "PolicyDocument"),
            ("AWS::SNS::TopicPolicy", "PolicyDocument"),
            ("AWS::S3::BucketPolicy", "PolicyDocument"),
        ):
            for name, resource in self.of_type(kind).items():
                found += self._statements(name, resource["Properties"][document])
        return found

    def of_handler(self, handler: str) -> bool:
        """Whether there is such a function in this deployment."""
        return any(
            function["Properties"]["Handler"] == f"{handler}.handler"
            for function in self.of_type("AWS::Lambda::Function").values()
        )

    def rights_of(self, handler: str) -> list[Statement]:
        role = self.role_of(self.function(handler)[1])
        return [statement for statement in self.identity_statements() if statement.owner == role]

    def _statements(self, owner: str, document: Mapping[str, Any]) -> Iterator[Statement]:
        for raw in document["Statement"]:
            yield Statement(
                owner=owner,
                effect=raw["Effect"],
                actions=frozenset(as_list(raw["Action"])),
                resources=frozenset(self.text(arn) for arn in as_list(raw.get("Resource", []))),
                conditions=self.text(raw.get("Condition", {})),
                principals=self.text(raw.get("Principal", {})),
            )


def _role_key(text: str) -> str:
    if ":role/" in text:
        return text.rpartition("/")[2]
    return text.removeprefix("${").removesuffix("}").removesuffix(".Arn")


def _in_lines(queue: Resource) -> bool:
    """Whether it keeps an order; those of Slack do."""
    return bool(queue["Properties"].get("FifoQueue"))
