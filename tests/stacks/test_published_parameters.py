"""What other systems look up. The first four paths never move."""

from pam.names import Parameter, SlackParameter, parameter_path
from tests.stacks.powers import is_in_slack
from tests.stacks.template import Deployment

PROMISED = {
    "approval-workflow/arn",
    "request-api/endpoint",
    "session-store/table-name",
    "audit-log/group-arn",
}


def _published(deployment: Deployment) -> dict[str, str]:
    prefix = f"/bank/{deployment.env_name}/mod046/"
    return {
        parameter["Properties"]["Name"].removeprefix(prefix): deployment.text(
            parameter["Properties"]["Value"]
        )
        for parameter in deployment.of_type("AWS::SSM::Parameter").values()
    }


def test_every_parameter_is_published_under_its_path(every: Deployment) -> None:
    of_slack = set(SlackParameter) if is_in_slack(every) else set()
    assert set(_published(every)) == {*Parameter, *of_slack}
    assert set(_published(every)) >= PROMISED


def test_the_paths_are_spelled_as_the_interface_spells_them() -> None:
    path = parameter_path("prod", Parameter.APPROVAL_WORKFLOW_ARN)

    assert path == "/bank/prod/mod046/approval-workflow/arn"


def test_each_parameter_names_the_thing_it_promises(prod: Deployment) -> None:
    published = _published(prod)
    machine, _ = prod.only("AWS::StepFunctions::StateMachine")
    table, _ = prod.table()
    api, _ = prod.request_api()
    bus, _ = prod.only("AWS::Events::EventBus")
    (audit_group,) = (
        name
        for name, resource in prod.foundation["Resources"].items()
        if resource["Type"] == "AWS::Logs::LogGroup"
    )

    assert published["approval-workflow/arn"] in {f"${{{machine}}}", f"${{{machine}.Arn}}"}
    assert published["session-store/table-name"] == f"${{{table}}}"
    assert published["events/bus-name"] == f"${{{bus}}}"
    assert published["audit-log/group-arn"] == (
        f"arn:aws:logs:eu-west-1:${{AWS::AccountId}}:log-group:${{{audit_group}}}"
    )
    assert published["request-api/endpoint"].startswith(f"https://${{{api}}}.execute-api.")


def test_the_endpoint_has_no_trailing_slash(every: Deployment) -> None:
    assert not _published(every)["request-api/endpoint"].endswith("/")


def test_approvers_and_tier_1_are_told_apart(every: Deployment) -> None:
    published = _published(every)

    assert published["approver-topic/arn"] != published["tier1-topic/arn"]
    assert "ApproverTopic" in published["approver-topic/arn"]
    assert "Tier1Topic" in published["tier1-topic/arn"]
