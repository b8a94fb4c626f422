"""`pam policy check` and `pam policy explain`: the policy files, offline and without AWS."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import render
from cli.invocation import Invocation, command
from cli.problems import ApiProblem, ExitCode, Failure, Outcome, problem_of_client
from cli.text import clean
from cli.wording import alike
from pam.domain import durations
from pam.domain.errors import Code, Refusal

if TYPE_CHECKING:
    from pam.policy.compiled import CompiledPolicy
    from pam.policy.compiler import PolicyFiles

PolicyDir = Annotated[
    Path, typer.Option("--policy-dir", metavar="DIR", help="Where the policy files are.")
]
IdentitiesFile = Annotated[
    Path | None,
    typer.Option("--identities", metavar="FILE", help="Who is who [default: DIR/identities.yaml]."),
]


@command
def check(
    invocation: Invocation,
    policy_dir: PolicyDir = Path("policy"),
    identities: IdentitiesFile = None,
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if there is a warning.")
    ] = False,
) -> None:
    """Check the policy files; the first fault is told with file and line.

    A warning names what is lawful and can never work, or is hardly meant.
    """
    from pam.policy.doubts import doubts, small_domains

    files = _read(policy_dir, identities)
    compiled = files.compiled
    small, found = small_domains(compiled), doubts(files)
    document = {
        "valid": True,
        "resources": len(compiled.resources),
        "policies": compiled.policy_count,
        "digest": compiled.digest,
        "small_domains": list(small),
        "slack": {"operators": compiled.channels.operators or None, "resources": _posted(compiled)},
        "warnings": [{"place": each.place, "message": each.message} for each in found],
    }

    def say() -> None:
        typer.echo(
            f"policy is valid: {len(compiled.resources)} resources, "
            f"{compiled.policy_count} policies, digest {compiled.digest}"
        )
        for channel, ids in _by_channel(compiled).items():
            where = f"Slack's channel {channel}" if channel else "no channel of Slack"
            typer.echo(f"{where} hears of {', '.join(ids)}")
        for domain in small:
            typer.echo(
                f"{domain} has fewer than two people who could review its break-glass; name "
                f"others under break_glass.reviewers in the catalogue"
            )
        for each in found:
            typer.echo(clean(f"warning: {each}"))

    invocation.emit(document, say)
    if strict and found:
        typer.echo(f"{len(found)} warning(s), and --strict takes none", err=True)
        raise typer.Exit(ExitCode.FAILED)


@command
def explain(
    invocation: Invocation,
    who: Annotated[
        str, typer.Argument(metavar="PERSON_OR_PRINCIPAL", help="A listed person, or an ARN.")
    ],
    resource: Annotated[str, typer.Argument(help="The resource.")],
    *,
    break_glass: Annotated[
        bool, typer.Option("--break-glass", help="As an emergency request.")
    ] = False,
    ticket: Annotated[str, typer.Option(help="As a request that names this ticket.")] = "",
    policy_dir: PolicyDir = Path("policy"),
    identities: IdentitiesFile = None,
) -> None:
    """Say whether somebody may ask for a resource, how many must approve, and by which policies.

    Exits 0 whatever the answer is; scripts read `allowed` from --json.
    """
    listed = identities or policy_dir / "identities.yaml"
    compiled = _read(policy_dir, listed).compiled
    try:
        document = _explain(compiled, who, resource, break_glass=break_glass, ticket=ticket)
    except Refusal as refusal:
        near = _near(compiled, who, resource, refusal)
        advice = f"did you mean {near}?" if near else ""
        if not near and refusal.code == Code.NOT_ELIGIBLE:
            advice = f"{listed} lists who there is (another: --identities)"
        problem = ApiProblem(code=refusal.code, detail=refusal.detail, advice=advice)
        raise problem from refusal
    invocation.emit(document, lambda: _print(document))


def _near(compiled: "CompiledPolicy", who: str, resource: str, refusal: Refusal) -> str:
    """What the files have that is called almost so."""
    if refusal.code == Code.NOT_FOUND:
        return alike(resource, (each.resource_id for each in compiled.resources))
    return alike(who, (each.person for each in compiled.identities if each.person))


def _read(policy_dir: Path, identities: Path | None) -> "PolicyFiles":
    from pam.policy.compiled import PolicyError
    from pam.policy.compiler import read

    if not policy_dir.is_dir():
        message = f"there is no folder {str(policy_dir)!r} here; name it with --policy-dir"
        raise Failure(message, document=_problem(message))
    try:
        return read(policy_dir, identities or policy_dir / "identities.yaml")
    except PolicyError as error:
        raise Outcome(str(error), document=_problem(str(error))) from error
    except OSError as error:
        raise Failure(str(error), document=_problem(str(error))) from error


def _posted(compiled: "CompiledPolicy") -> dict[str, str | None]:
    """By resource: the channel of Slack in which requests for it are posted."""
    return {
        each.resource_id: compiled.channels.of(each.resource_id, each.domain) or None
        for each in compiled.resources
    }


def _by_channel(compiled: "CompiledPolicy") -> dict[str | None, list[str]]:
    """The same the other way round; nothing where the catalogue names no channel at all."""
    found: dict[str | None, list[str]] = {}
    for resource_id, channel in _posted(compiled).items():
        found.setdefault(channel, []).append(resource_id)
    return found if any(found) else {}


def _problem(fault: str) -> dict[str, Any]:
    """`FILE:LINE: what`, as an object: of a failure that no API answered."""
    place, message = fault.split(": ", 1) if ": " in fault else ("", fault)
    more = {"valid": False, "errors": [{"place": place, "message": message}]}
    return problem_of_client(fault, title="the policy files are not usable", **more)


def _explain(
    compiled: "CompiledPolicy", who: str, resource_id: str, *, break_glass: bool, ticket: str
) -> dict[str, Any]:
    """The answer as an object, of a call signed with SigV4. Raises Refusal for an unknown person or
    resource.
    """
    from pam.domain.approval import ApprovalsGathered
    from pam.domain.circumstances import Circumstances
    from pam.domain.errors import NotFound
    from pam.domain.people import Auth, Surface
    from pam.policy.cedar import CedarPolicy, UnlawfulForAll

    policy = CedarPolicy(compiled)
    person, resource = policy.identities.resolve(who), policy.resource(resource_id)
    if resource is None:
        known = ", ".join(sorted(known.resource_id for known in compiled.resources))
        message = f"the catalogue has no {resource_id!r}; it has {known}"
        raise NotFound(message)
    asked = Circumstances(
        surface=Surface.API, auth=Auth.SIGV4, break_glass=break_glass, ticket=ticket
    )
    decision = policy.may_request(person, resource, asked)
    answer: dict[str, Any] = {
        "person": person.name,
        "person_domain": person.domain,
        "resource": resource.resource_id,
        "environment": resource.environment.value,
        "domain": resource.domain,
        "break_glass": break_glass,
        "allowed": decision.allowed,
        "policy_ids": list(decision.policy_ids),
        "approvals": None,
        "max_duration": durations.render(resource.max_duration),
        "slack_channel": policy.slack_channel(resource.resource_id, resource.domain) or None,
        "policy_version": policy.version,
    }
    if not decision.allowed:
        return answer | {"code": decision.code.value}
    try:
        needed = policy.approvals_needed(person, resource, asked)
    except UnlawfulForAll:
        return answer

    def deciding(domain: int) -> tuple[str, ...]:
        gathered = ApprovalsGathered(total=needed.total, domain=domain)
        return policy.grant(person, resource, gathered, asked).policy_ids

    # A gate shows only where it is shut: what forbids with one of the domain's votes too few.
    gates = deciding(needed.domain - 1) if needed.domain else ()
    return answer | {
        "approvals": {
            "required": needed.total,
            "domain_required": needed.domain,
            "policy_ids": sorted({*deciding(needed.domain), *gates}),
        }
    }


def _print(answer: dict[str, Any]) -> None:
    by = ", ".join(answer["policy_ids"]) or "no policy permits it"
    what = f"{answer['resource']} ({answer['environment']}, {answer['domain']})"
    whom = f"{answer['person']} ({answer['person_domain']})"
    if not answer["allowed"]:
        render.put(clean(f"no: {whom} may not ask for {what}: {answer['code']}") + f"\nby: {by}")
        return
    render.put(clean(f"yes: {whom} may ask for {what}, {answer['max_duration']} at most"))
    render.put(f"by: {by}")
    render.put(f"posted in Slack: {answer['slack_channel'] or 'nowhere'}")
    approvals = answer["approvals"]
    if approvals is None:
        render.put("but no number of approvals makes a grant lawful")
        return
    line = f"approvals needed: {approvals['required']}"
    if approvals["domain_required"]:
        line += f", {approvals['domain_required']} of them by an approver of {answer['domain']}"
    render.put(f"{line}\nby: {', '.join(approvals['policy_ids'])}")
