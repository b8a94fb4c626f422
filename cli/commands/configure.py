"""`pam configure`: a profile by which every AWS tool borrows a resource."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import aws, circle, config_file, profiles, render, wording
from cli.invocation import Invocation, command
from cli.next_command import yours
from cli.problems import ApiProblem, Failure
from cli.text import clean

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}", re.ASCII)
_KEPT = frozenset({"region"})
"""What a person may have changed in a profile of ours."""
_BY_PROFILE = "aws-role"


@command
def configure(
    invocation: Invocation,
    resource: Annotated[str, typer.Argument(help="The resource.")],
    profile_name: Annotated[
        str | None,
        typer.Option("--profile-name", metavar="NAME", help="[default: the resource's name]"),
    ] = None,
) -> None:
    """Write an AWS profile that borrows a resource.

    Any AWS tool may then use it while you have a session: aws --profile RESOURCE s3 ls. It goes
    into the AWS config file, of which nothing else changes. pam signs with the profile that you
    use now (--profile, AWS_PROFILE).
    """
    name = profile_name or resource
    if not _NAME.fullmatch(name) or name == "default":
        message = f"{name!a} cannot name a profile; choose one with --profile-name"
        raise typer.BadParameter(message, param_hint="--profile-name")
    session = invocation.aws_session()
    own = circle.chosen(invocation.profile)
    known: Mapping[str, profiles.Settings] = session.full_config["profiles"]
    _check_signer(own, name, known)
    region = aws.region_of(session, invocation.region)
    _check_resource(invocation.api().get("/pam/resources"), resource)
    path = config_file.place()
    _check_free(path, name, resource)
    line = profiles.joined(_words(invocation, own=own, region=region, resource=resource))
    settings = {"credential_process": line, "region": region}
    changed = config_file.write(path, name, settings, kept=_KEPT)
    document = {"profile": name, "resource": resource, "file": os.fspath(path)}
    document |= {"signs_with": own, "credential_process": line}
    invocation.emit(document | {"changed": changed}, lambda: _say(document, changed=changed))


def _words(invocation: Invocation, *, own: str, region: str, resource: str) -> list[str]:
    words = [*profiles.this_command(), "--profile", own]
    url = invocation.api_url or os.environ.get("PAM_API_URL")
    env = invocation.env or os.environ.get("PAM_ENV")
    if env:
        words += ["--env", env]
    if url:
        words += ["--api-url", url]
    return [*words, "--region", region, "credentials", resource, "--format", "process"]


def _check_signer(own: str, name: str, known: Mapping[str, profiles.Settings]) -> None:
    if own not in known:
        message = (
            f"there is no profile {own!r} that pam could sign with later; "
            "choose one with --profile (`aws configure list-profiles` names those there are)"
        )
        raise Failure(message)
    way, current = [own], profiles.signs_with(known[own])
    while current is not None and current not in way:
        way.append(current)
        current = profiles.signs_with(known.get(current, {}))
    if name in way or profiles.circle_from(own, known):
        message = (
            f"the profile {name!r} would get its credentials from itself ({' -> '.join(way)}); "
            "choose another one to sign with by --profile, or another name by --profile-name"
        )
        raise Failure(message)


def _check_resource(document: Mapping[str, Any], resource: str) -> None:
    items = [item for item in document.get("items") or [] if isinstance(item, Mapping)]
    kinds = {str(item.get("resource")): str(item.get("kind")) for item in items}
    if resource not in kinds:
        near = wording.alike(resource, [name for name in kinds if kinds[name] == _BY_PROFILE])
        then = f"did you mean {near}?" if near else f"`{yours('resources')}` has those there are"
        detail = f"{clean(resource)}: no resource that you may ask for; {then}"
        raise ApiProblem(code="NOT_FOUND", detail=detail)
    if kinds[resource] != _BY_PROFILE:
        message = (
            f"{resource} is of the kind {clean(kinds[resource])}, for which AWS has no profiles; "
            "`pam credentials` and `pam exec` say how to use it"
        )
        raise Failure(message)


def _check_free(path: Path, name: str, resource: str) -> None:
    """Raises Failure for a name that means something else already."""
    found = config_file.read(path)["profiles"].get(name)
    mine = found is None or profiles.resource_of(found) == resource
    if not mine or name in _sections(config_file.keys_place()):
        message = (
            f"there is a profile {name!r} already, and it is not one for {resource}; nothing was "
            "changed. Choose another name with --profile-name"
        )
        raise Failure(message)


def _sections(path: Path) -> set[str]:
    from botocore.configloader import raw_config_parse
    from botocore.exceptions import ConfigNotFound

    with aws.explained():
        try:
            return set(raw_config_parse(os.fspath(path)))
        except ConfigNotFound:
            return set()


def _say(document: Mapping[str, Any], *, changed: bool) -> None:
    name, resource = document["profile"], document["resource"]
    done = "wrote" if changed else "unchanged:"
    render.put(f"{done} the profile {name} in {clean(document['file'])}")
    render.put(f"while you have a session of {resource}, any AWS tool may use it:")
    render.put(f"  aws --profile {name} sts get-caller-identity")
    render.put(f"without one: {yours(f'request {resource} --reason TEXT --wait')}")
