"""The runbooks of Systems Manager: documents that AWS would take, a script that admission takes,
and a role that can start the one workflow.
"""

import json
import re

import aws_cdk as cdk
import boto3
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from pam.domain.ids import opened_at
from pam.edge.bodies import StartInput
from pam.edge.reading import read_body
from pam.ids import new_id
from stacks.runbooks import FOLDER, NAMES, Runbooks, document
from stacks.synthesis import apply_rules
from stacks.workflow_handle import WorkflowHandle
from tests.fakes.story import NOON
from tests.runbook_steps import FILLED, NAMED, run, steps
from tests.stacks.template import Deployment, as_list

BREAKS_GLASS = {"PamRequestAccess": False, "PamBreakGlass": True}


def pattern(parameter: str) -> str:
    return str(document("PamRequestAccess")["parameters"][parameter]["allowedPattern"])


def fitting(parameter: str) -> st.SearchStrategy[str]:
    return st.from_regex(re.compile(pattern(parameter), re.ASCII), fullmatch=True)


@pytest.mark.parametrize("name", NAMES)
def test_systems_manager_takes_the_document(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    with mock_aws():
        ssm = boto3.client("ssm", region_name="eu-west-1")
        made = ssm.create_document(
            Name=name, Content=text, DocumentType="Automation", DocumentFormat="YAML"
        )["DocumentDescription"]
    assert (made["SchemaVersion"], made["Name"]) == ("0.3", name)
    assert {each["Name"] for each in made["Parameters"]} == {
        *FILLED, "StateMachineArn", "AutomationAssumeRole",
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_says_what_it_may_be(name: str) -> None:
    for parameter, about in document(name)["parameters"].items():
        form = about["allowedPattern"]
        assert form.startswith("^"), parameter
        assert form.endswith("$"), parameter
        for evil in ('x"y', "x\\", "{{ x }}", "x\ny", "x\x1b[2J"):
            assert not re.fullmatch(form, evil.ljust(12, "x")), (parameter, evil)
        if "default" in about:
            assert re.fullmatch(form, about["default"])


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_names_something_that_is_there_by_then(name: str) -> None:
    content = document(name)
    known = set(content["parameters"])
    for step in content["mainSteps"]:
        for said in NAMED.findall(json.dumps(step["inputs"])):
            assert said in known, (step["name"], said)
        known |= {f"{step['name']}.{each['Name']}" for each in step.get("outputs", ())}
    assert set(content["outputs"]) <= known
    named = set(steps(name))
    for step in content["mainSteps"]:
        goes_to = [step.get("nextStep"), step["inputs"].get("Default")]
        goes_to += [choice["NextStep"] for choice in step["inputs"].get("Choices", ())]
        assert set(filter(None, goes_to)) <= named


@pytest.mark.parametrize("name", NAMES)
def test_the_script_writes_what_admission_takes(name: str) -> None:
    written = run(name, "WriteInput", FILLED)
    start = read_body(StartInput, json.loads(written["input"]))
    assert (start.requester, start.resource) == ("alice", "core-ledger-admin")
    assert (start.reason, start.ticket) == (FILLED["Reason"], "INC-77")
    assert (start.duration_seconds, start.break_glass) == (3600, BREAKS_GLASS[name])
    assert start.session_id == written["session_id"]
    assert written["next"] == f"pam --env prod confirm {start.session_id}"
    assert written["name"] == f"runbook-{start.session_id}"


def test_the_script_makes_ids_as_pam_does() -> None:
    made = [run("PamRequestAccess", "WriteInput", FILLED)["session_id"] for _ in range(20)]
    assert len(set(made)) == 20
    times = [opened_at(each) for each in made]
    assert times == sorted(times)
    now = opened_at(new_id(NOON.now(NOON.tzinfo)))
    assert abs((now - times[-1]).total_seconds()) < 60


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            **{each: fitting(each) for each in ("Requester", "Resource", "Ticket", "Environment")},
            "DurationSeconds": fitting("DurationSeconds"),
            "Reason": st.text(st.characters(codec="utf-8"), min_size=10, max_size=40).filter(
                re.compile(pattern("Reason")).fullmatch
            ),
        }
    )
)
def test_no_text_that_a_parameter_takes_becomes_another_field(told: dict[str, str]) -> None:
    written = json.loads(run("PamRequestAccess", "WriteInput", told)["input"])
    assert written.pop("session_id")
    assert written == {
        "requester": told["Requester"],
        "resource": told["Resource"],
        "reason": told["Reason"],
        "duration_seconds": int(told["DurationSeconds"]),
        "ticket": told["Ticket"],
        "break_glass": False,
    }
    assert 1 <= written["duration_seconds"] <= 14_400


def test_a_refusal_fails_the_runbook_with_pams_own_words() -> None:
    told = {"ReadWhy.Code": "LIMIT", "ReadWhy.Cause": "3 sessions wait for alice"}
    with pytest.raises(RuntimeError, match="LIMIT: 3 sessions wait for alice"):
        run("PamBreakGlass", "Refuse", told)


def test_the_two_differ_in_the_emergency_and_in_what_is_said_of_it_alone() -> None:
    plain, emergency = (document(name) for name in NAMES)
    assert plain.pop("description") != emergency.pop("description")
    assert yaml.safe_dump(plain).replace("break_glass: 'no'", "break_glass: 'yes'") == (
        yaml.safe_dump(emergency)
    )


def test_deployed_they_know_their_environment_workflow_and_role(everything_on: Deployment) -> None:
    deployed = everything_on.of_type("AWS::SSM::Document").values()
    found = {each["Properties"]["Name"]: each["Properties"] for each in deployed}
    assert set(found) == {f"{name}-prod" for name in NAMES}
    for name in NAMES:
        properties = found[f"{name}-prod"]
        assert (properties["DocumentType"], properties["DocumentFormat"]) == ("Automation", "JSON")
        parameters = properties["Content"]["parameters"]
        machine = everything_on.text(parameters["StateMachineArn"]["default"])
        assert machine.endswith(":stateMachine:pam-prod-approval-workflow")
        assert parameters["Environment"]["default"] == "prod"
        assert parameters["AutomationAssumeRole"]["default"]
        assert properties["Content"]["mainSteps"] == document(name)["mainSteps"]


@pytest.mark.guarantee("G11")
def test_their_role_starts_the_one_workflow_and_looks_at_what_it_started(
    everything_on: Deployment,
) -> None:
    roles = everything_on.of_type("AWS::IAM::Role")
    (role_id,) = (
        name
        for name, each in roles.items()
        if each["Properties"].get("RoleName") == "pam-prod-runbooks"
    )
    (trust,) = roles[role_id]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ssm.amazonaws.com"}
    assert "aws:SourceAccount" in trust["Condition"]["StringEquals"]
    assert "ManagedPolicyArns" not in roles[role_id]["Properties"]
    statements = [
        statement
        for policy in everything_on.of_type("AWS::IAM::Policy").values()
        if {"Ref": role_id} in policy["Properties"]["Roles"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    rights = {
        action: everything_on.text(each["Resource"]).rpartition("111111111111:")[2]
        for each in statements
        for action in as_list(each["Action"])
    }
    assert rights == {
        "states:StartExecution": "stateMachine:pam-prod-approval-workflow",
        "states:DescribeExecution": "execution:pam-prod-approval-workflow:runbook-*",
    }


def test_the_rule_packs_find_nothing_in_them() -> None:
    app = cdk.App()
    apply_rules(app)
    stack = cdk.Stack(app, "service")
    Runbooks(stack, "Runbooks", env_name="prod", handle=WorkflowHandle(stack, "prod"))
    app.synth()


def test_where_they_are_not_wanted_nothing_of_them_is_made(every: Deployment) -> None:
    assert not every.of_type("AWS::SSM::Document")
    assert "pam-runbooks" not in json.dumps(every.templates())
