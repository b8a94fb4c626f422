"""Whether the account's Lambda quota holds what the stacks reserve."""

from collections.abc import Iterable, Iterator

from deployment.assembly import Stack, resources
from deployment.preflight.check import Check, Finding, Surroundings, ok, pages, warning, wrong

KEPT_UNRESERVED = 100
"""AWS lets nobody reserve the last hundred (Lambda Developer Guide, reserved concurrency)."""
USUAL_QUOTA = 1_000
_RAISE = (
    "ask AWS for more: Service Quotas, Lambda, Concurrent executions (L-B99A9384); it takes hours"
)


def reserved_by(stacks: Iterable[Stack], region: str) -> int:
    """What the templates of one region reserve, added up."""
    return sum(
        int(properties.get("ReservedConcurrentExecutions", 0))
        for stack in stacks
        if stack.region == region
        for _, properties in resources(stack, "AWS::Lambda::Function")
    )


def _look(around: Surroundings) -> Iterator[Finding]:
    region = around.config.region
    lambda_ = around.clients("lambda", region)
    limit = lambda_.get_account_settings()["AccountLimit"]
    quota = limit["ConcurrentExecutions"]
    wanted = reserved_by(around.own_stacks, region)
    had = _reserved_by_ours(around, lambda_) if wanted else 0
    left = limit["UnreservedConcurrentExecutions"] + had - wanted
    figures = f"{quota} at once, of which the stacks reserve {wanted}"
    if wanted and left < KEPT_UNRESERVED:
        yield wrong(
            f"{figures}: {left} would stay unreserved, and AWS insists on {KEPT_UNRESERVED}",
            f"{_RAISE}; or reserve less (cdk.json)",
        )
    elif quota < USUAL_QUOTA:
        yield warning(
            f"{figures}: a new account's quota. Whoever floods one function starves the others, "
            "the end of sessions among them",
            _RAISE,
        )
    else:
        yield ok(figures)


def _reserved_by_ours(around: Surroundings, lambda_: object) -> int:
    """By what is deployed already: it is counted as reserved."""
    ours = tuple(f"{stack.name}-" for stack in around.own_stacks)
    named = [
        function["FunctionName"]
        for function in pages(lambda_, "list_functions", "Functions")
        if function["FunctionName"].startswith(ours)
    ]
    return sum(
        around.clients("lambda", around.config.region)
        .get_function_concurrency(FunctionName=name)
        .get("ReservedConcurrentExecutions", 0)
        for name in named
    )


CHECKS = (
    Check(
        name="Lambda quota",
        reason="functions that cannot start end no session",
        look=_look,
        blocks=True,
    ),
)
