"""The service changes whenever the foundation does, so that it takes up what is new there."""

import json
from pathlib import Path
from typing import Any

from stacks.foundation_digest import CONTEXT_KEY, METADATA_KEY, digest_of
from stacks.synthesis import build, new_app, templates
from tests.stacks.conftest import TWO_ACCOUNTS
from tests.stacks.template import Deployment


def digests(service: Any) -> set[str]:
    return {
        resource["Metadata"][METADATA_KEY]
        for resource in service["Resources"].values()
        if "Fn::GetStackOutput" in json.dumps(resource)
    }


def synthesised(**context: object) -> dict[str, dict[str, Any]]:
    app = new_app("prod", **context)
    build(app)
    found = templates(app)
    foundation = app.synth().get_stack_by_name("pam-prod-foundation").template_full_path
    written = digest_of(Path(foundation).read_bytes(), str(context.get(CONTEXT_KEY, "")))
    assert digests(found["pam-prod-service"]) == {written}
    return found


def test_what_names_something_of_the_foundation_says_which_foundation(
    every: Deployment,
) -> None:
    (digest,) = digests(every.service)
    assert len(digest) == 16


def test_nothing_else_is_resolved_late(two_accounts: Deployment) -> None:
    """What a stack without the digest took from another would grow stale."""
    assert two_accounts.witness is not None
    for template in (two_accounts.foundation, two_accounts.witness):
        assert "Fn::GetStackOutput" not in json.dumps(template)


def test_a_change_of_the_foundation_changes_every_resource_of_the_service(
    prod: Deployment,
) -> None:
    kept_longer = {"region": "eu-west-1", "witness": "none: it is a test of templates only"}
    changed = synthesised(environments={"prod": kept_longer | {"archive_retention_days": 3000}})

    assert changed["pam-prod-foundation"] != prod.foundation
    assert not digests(changed["pam-prod-service"]) & digests(prod.service)


def test_a_foundation_that_was_deleted_and_made_anew_is_another_one(
    two_accounts: Deployment,
) -> None:
    anew = synthesised(
        environments={"prod": TWO_ACCOUNTS}, **{CONTEXT_KEY: "arn:aws:cloudformation:second"}
    )

    assert anew["pam-prod-foundation"] == two_accounts.foundation
    assert not digests(anew["pam-prod-service"]) & digests(two_accounts.service)
