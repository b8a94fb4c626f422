"""What an unknown signal means is said by a policy; where none says it, unknown denies."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product
from types import MappingProxyType

import pytest

from pam.domain import circumstances
from pam.domain.approval import ApprovalsGathered
from pam.domain.circumstances import NONE, SIGNALS, UNKNOWN, Circumstances
from pam.domain.resource import Environment
from pam.policy.cedar import Action, CedarPolicy, Decision
from pam.policy.unknown_signals import unsaid
from tests.fakes.story import COMPILED, PLAIN, POLICY, Story

ENOUGH = ApprovalsGathered(total=9, domain=9)
ALICE = POLICY.identities.resolve("alice")
RESOURCES = {r.environment: r for r in COMPILED.resources if r.domain == "bank-core"}
SCOPE = '(principal, action == PAM::Action::"grant", resource)'


@pytest.fixture(autouse=True)
def risk(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = MappingProxyType({**SIGNALS, "risk": frozenset({"low", "high"})})
    monkeypatch.setattr(circumstances, "SIGNALS", rows)


def with_rules(*rules: str, scope: str = SCOPE) -> CedarPolicy:
    """The policies as shipped and these, under a schema that declares the signal."""
    more = "\n".join(
        f'@id("rule-{number}") {rule.replace("HERE", scope)};' for number, rule in enumerate(rules)
    )
    schema = COMPILED.cedar_schema.replace("ticket: String,", "ticket: String, risk: String,")
    return CedarPolicy(replace(COMPILED, cedar=COMPILED.cedar + more, cedar_schema=schema))


def risky(word: str) -> Circumstances:
    return PLAIN if word == NONE else replace(PLAIN, signals={"risk": word})


def granted(policy: CedarPolicy, word: str, approvals: int = 9) -> Decision:
    gathered = ApprovalsGathered(total=approvals, domain=approvals)
    return policy.grant(ALICE, RESOURCES[Environment.UAT], gathered, risky(word))


NOT_HIGH = 'forbid HERE when { context.risk == "high" }'
ONLY_LOW = 'permit HERE when { context.risk == "low" }'
SILENT = {
    "a forbid that would let it pass": NOT_HIGH,
    "a permit": ONLY_LOW,
    "an exception": 'forbid HERE unless { context.risk != "high" }',
    "a condition": 'forbid HERE when { if context.risk == "high" then true else false }',
    "a set": 'forbid HERE when { ["high"].contains(context.risk) }',
    "a pattern": 'forbid HERE when { context.risk like "h*" }',
    "another signal's unknown": """forbid HERE when {
        context.risk == "high" && context.ticket == "unknown" }""",
    "the context taken whole": """forbid HERE when {
        (if context.breakGlass then context else context).risk == "high" }""",
    "the context in a set": """forbid HERE when { [context].contains({
        approvals: 9, domainApprovals: 9, breakGlass: false,
        surface: "api", auth: "sigv4", ticket: "none", risk: "high"}) }""",
    "unknown in another place": 'forbid HERE when { context.risk == "high" || "unknown" == "x" }',
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", SILENT)
def test_a_policy_set_that_reads_a_signal_and_does_not_say_what_unknown_means_denies(
    case: str,
) -> None:
    policy = with_rules(SILENT[case])
    assert granted(policy, "low").allowed, "the same rule, with the signal known"
    decision = granted(policy, UNKNOWN)
    assert not decision.allowed
    assert decision.policy_ids == ("rule-0",)


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("scope", ['in PAM::Action::"asks"', 'in [PAM::Action::"asks"]'])
def test_a_rule_for_a_group_of_actions_is_a_rule_for_each(scope: str) -> None:
    schema = COMPILED.cedar_schema.replace("ticket: String,", "ticket: String, risk: String,")
    grouped = schema.replace("action grant applies", "action asks; action grant in [asks] applies")
    rule = NOT_HIGH.replace("HERE", f"(principal, action {scope}, resource)")
    text = f'{COMPILED.cedar}@id("rule-0") {rule};'
    policy = CedarPolicy(replace(COMPILED, cedar=text, cedar_schema=grouped))
    assert granted(policy, "low").allowed
    assert not granted(policy, "high").allowed
    assert granted(policy, UNKNOWN).policy_ids == ("rule-0",)


UNKNOWN_NEEDS_THREE = {
    "its own policy": 'forbid HERE when { context.risk == "unknown" && context.approvals < 3 }',
    "either side": 'forbid HERE when { "unknown" == context.risk && context.approvals < 3 }',
    "in a set": """forbid HERE when {
        ["unknown", "odd"].contains(context.risk) && context.approvals < 3 }""",
    "all but": 'forbid HERE unless { context.risk != "unknown" || context.approvals >= 3 }',
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("case", UNKNOWN_NEEDS_THREE)
def test_a_policy_says_what_unknown_means_and_it_may_make_approval_harder(case: str) -> None:
    policy = with_rules(NOT_HIGH, UNKNOWN_NEEDS_THREE[case])
    told = {
        (word, count): granted(policy, word, count).allowed
        for word, count in product((NONE, "low", "high", UNKNOWN), (1, 2, 3))
    }
    assert told == {
        (word, count): word != "high" and count >= (3 if word == UNKNOWN else 1)
        for word, count in told
    }
    needed = policy.approvals_needed(ALICE, RESOURCES[Environment.UAT], risky(UNKNOWN))
    assert needed.total == 3


def test_what_is_said_for_one_action_says_nothing_for_another() -> None:
    asking = 'permit (principal, action == PAM::Action::"request", resource)'
    policy = with_rules(NOT_HIGH, f'{asking} when {{ context.risk == "unknown" }}')
    assert not granted(policy, UNKNOWN).allowed
    assert policy.may_request(ALICE, RESOURCES[Environment.UAT], risky(UNKNOWN)).allowed


ABOUT_A_REQUEST: dict[str, Callable[[CedarPolicy, Circumstances], Decision]] = {
    "request": lambda policy, asked: policy.may_request(ALICE, RESOURCES[Environment.UAT], asked),
    "approve": lambda policy, asked: policy.may(
        Action.APPROVE,
        POLICY.identities.resolve("bob"),
        replace(Story().request(), circumstances=asked),
    ),
    "grant": lambda policy, asked: policy.grant(ALICE, RESOURCES[Environment.UAT], ENOUGH, asked),
}


@pytest.mark.guarantee("G2")
@pytest.mark.parametrize("action", ABOUT_A_REQUEST)
@pytest.mark.parametrize(
    ("attribute", "here", "elsewhere"),
    [
        ("breakGlass == true", replace(PLAIN, break_glass=True), PLAIN),
        ('surface == "runbook"', replace(PLAIN, surface=circumstances.Surface.RUNBOOK), PLAIN),
        ('auth == "none"', replace(PLAIN, auth=None), PLAIN),
        ('ticket == "named"', replace(PLAIN, ticket="INC-1"), PLAIN),
        ('risk == "high"', risky("high"), risky("low")),
    ],
)
def test_each_circumstance_is_told_for_each_action_that_is_about_a_request(
    action: str, attribute: str, here: Circumstances, elsewhere: Circumstances
) -> None:
    scope = f'(principal, action == PAM::Action::"{action}", resource)'
    policy = with_rules(f"forbid HERE when {{ context.{attribute} }}", scope=scope)
    ask = ABOUT_A_REQUEST[action]
    assert ask(policy, elsewhere).allowed
    assert not ask(policy, here).allowed


def test_a_policy_set_of_an_earlier_day_is_told_what_its_schema_declares() -> None:
    """Its records are judged by it for as long as they are kept."""
    schema = COMPILED.cedar_schema
    for later in ("surface: String,", "auth: String,", "ticket: String,", "context: Asked,"):
        assert later in schema
        schema = schema.replace(later, "")
    earlier = CedarPolicy(replace(COMPILED, cedar_schema=schema))
    for break_glass, environment in product((False, True), Environment):
        asked = replace(PLAIN, break_glass=break_glass, ticket="INC-1")
        for policy in (POLICY, earlier):
            resource = RESOURCES[environment]
            needed = policy.approvals_needed(ALICE, resource, asked)
            assert needed == POLICY.approvals_needed(
                ALICE, resource, PLAIN if not break_glass else asked
            )
    for ask in ABOUT_A_REQUEST.values():
        assert ask(earlier, PLAIN).allowed


def test_no_end_hangs_on_a_signal() -> None:
    policy = with_rules("forbid (principal, action, resource) when { false }", NOT_HIGH)
    session = replace(Story().request(), circumstances=risky(UNKNOWN))
    assert not granted(policy, UNKNOWN).allowed
    assert policy.may(Action.END, ALICE, session).allowed
    assert policy.may(Action.REVOKE, POLICY.identities.resolve("sam"), session).allowed


def test_the_policies_as_shipped_read_no_signal() -> None:
    assert unsaid(COMPILED.cedar) == {}
    assert not any(f"context.{name}" in COMPILED.cedar for name in SIGNALS)
