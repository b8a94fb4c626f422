"""What an execution of the approval workflow goes through."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from pam.domain import messages
from pam.domain.errors import NoSuchExecution, TryAgain
from pam.names import THROTTLED, ClosingState
from stacks.pam_function import WORKFLOW_MARGIN

LONGEST_APPROVAL_WINDOW = Duration.hours(24)
"""What the catalogue may set at most; each request's own window is closed by the deadline sweep."""

CLOSED_WHILE_WAITING = ["DENIED", "UNANSWERED", "WITHDRAWN", "REVOKED"]
"""Errors that the wait for votes is failed with: the session is closed already, nothing to do."""

SESSION = "{% $session_id %}"
EXECUTION = "{% $states.context.Execution.Id %}"
# A timeout has no cause, and an expression without a value would fail the catch itself.
FAILURE = {
    "error": "{% $states.errorOutput.Error %}",
    "cause": "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}",
}


class WorkflowStates(Construct):
    """The states in the order of the story, then how they are wired, then what can go wrong."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        admit_request: lambda_.IFunction,
        ask_approvers: lambda_.IFunction,
        activate_session: lambda_.IFunction,
        revoke_session: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        admit = _invoke(
            self,
            "Admit",
            admit_request,
            messages.Admit(execution_arn=EXECUTION),
            assign={
                "session_id": "{% $states.result.Payload.session_id %}",
                "admission": "{% $states.result.Payload %}",
            },
        )
        enough_approvals = sfn.Choice.jsonata(self, "EnoughApprovals")
        refused = sfn.Fail.jsonata(
            self, "Refused", error="{% $admission.error %}", cause="{% $admission.cause %}"
        )
        ask = _invoke(
            self,
            "AskApprovers",
            ask_approvers,
            messages.AskApprovers(
                session_id=SESSION,
                task_token="{% $states.context.Task.Token %}",  # noqa: S106
            ),
            # Static, because it is a belt: the sweep answers each wait at its own deadline.
            timeout=LONGEST_APPROVAL_WINDOW.plus(Duration.minutes(5)),
            integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        )
        activate = _invoke(
            self,
            "ActivateSession",
            activate_session,
            messages.Activate(session_id=SESSION),
            assign={"hold_until": "{% $states.result.Payload.hold_until %}"},
        )
        hold_until_expiry = sfn.Wait.jsonata(
            self, "HoldUntilExpiry", time=sfn.WaitTime.timestamp("{% $hold_until %}")
        )
        revoke = _invoke(
            self,
            "Revoke",
            revoke_session,
            messages.EndDue(session_id=SESSION),
            outputs="{% $states.result.Payload %}",
        )

        closing = {"closing": "{% $states.result.Payload %}"}
        admission_failed = _invoke(
            self,
            ClosingState.ADMISSION_FAILED.value,
            revoke_session,
            messages.AdmissionFailed(execution_arn=EXECUTION),
            assign=closing,
        )
        close_unfinished = _invoke(
            self,
            ClosingState.CLOSE_UNFINISHED.value,
            revoke_session,
            messages.CloseUnfinished(execution_arn=EXECUTION, session_id=SESSION),
            assign=closing,
        )
        failed = sfn.Fail.jsonata(
            self, "Failed", error="{% $closing.error %}", cause="{% $closing.cause %}"
        )
        stuck = sfn.Fail.jsonata(
            self,
            "RevocationStuck",
            error="REVOCATION_UNCONFIRMED",
            cause="The target did not confirm the end; the deadline sweep goes on trying.",
        )

        # Wiring
        admit.next(enough_approvals)
        enough_approvals.when(_outcome("APPROVED"), activate)
        enough_approvals.when(_outcome("NEEDS_APPROVAL"), ask)
        enough_approvals.otherwise(refused)
        ask.next(activate)
        activate.next(hold_until_expiry)
        hold_until_expiry.next(revoke)
        admission_failed.next(failed)
        close_unfinished.next(failed)

        # What can go wrong. The functions are idempotent, so a lost answer may be asked for again,
        # and what AWS throttled; a function's own error is an answer, and is not.
        _retry_while_taken(activate)
        for state in (admit, ask, activate):
            _retry_lost_invocations(state)
        for state in (revoke, admission_failed, close_unfinished):
            _retry_until_confirmed(state)
            state.add_catch(stuck, errors=["States.ALL"])
        # Why it failed is not passed on: the function that closes reads it in the history.
        admit.add_catch(admission_failed, errors=["States.ALL"])
        ask.add_catch(failed, errors=CLOSED_WHILE_WAITING, assign={"closing": FAILURE})
        ask.add_catch(close_unfinished, errors=["States.ALL"])
        activate.add_catch(close_unfinished, errors=["States.ALL"])

        self.begin = admit


def _invoke(
    scope: Construct,
    name: str,
    function: lambda_.IFunction,
    message: object,
    *,
    timeout: Duration = WORKFLOW_MARGIN,
    integration_pattern: sfn.IntegrationPattern = sfn.IntegrationPattern.REQUEST_RESPONSE,
    assign: dict[str, Any] | None = None,
    outputs: str | None = None,
) -> tasks.LambdaInvoke:
    return tasks.LambdaInvoke.jsonata(
        scope,
        name,
        lambda_function=function,
        payload=sfn.TaskInput.from_object(messages.event_of(message)),
        task_timeout=sfn.Timeout.duration(timeout),
        integration_pattern=integration_pattern,
        # Retries are listed below, on purpose.
        retry_on_service_exceptions=False,
        assign=assign,
        outputs=outputs,
    )


def _outcome(outcome: str) -> sfn.Condition:
    return sfn.Condition.jsonata(f"{{% $admission.outcome = '{outcome}' %}}")


def _retry_lost_invocations(state: tasks.LambdaInvoke) -> None:
    state.add_retry(
        errors=[
            "Lambda.AWSLambdaException",
            "Lambda.ClientExecutionTimeoutException",
            "Lambda.SdkClientException",
            "Lambda.ServiceException",
            "Lambda.TooManyRequestsException",
            THROTTLED,
            # Step Functions may be a moment behind itself.
            NoSuchExecution.__name__,
        ],
        interval=Duration.seconds(1),
        backoff_rate=2,
        max_attempts=4,
    )


def _retry_while_taken(state: tasks.LambdaInvoke) -> None:
    """What only one session may have is waited for, as is a rotation that takes its time.

    More than a day's worth; the session's own deadline is nearer, and then this is refused.
    """
    state.add_retry(
        errors=[TryAgain.__name__],
        interval=Duration.seconds(1),
        backoff_rate=1.5,
        max_delay=Duration.seconds(30),
        max_attempts=3000,
    )


def _retry_until_confirmed(state: tasks.LambdaInvoke) -> None:
    """About a quarter of an hour."""
    state.add_retry(
        errors=["States.ALL"],
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_delay=Duration.seconds(60),
        max_attempts=20,
    )
