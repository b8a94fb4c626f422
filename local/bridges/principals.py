"""Where the emulator's policies see another caller than AWS's; see `__init__.py`."""

from typing import Any

from local.bridges.patching import existing


def build_all() -> None:
    a_session_is_its_role_to_conditions()
    principals_with_a_path_are_simulated()
    resource_policies_of_apis_bind_the_root()


def a_session_is_its_role_to_conditions() -> None:
    """`aws:PrincipalArn` of an assumed role is the role's ARN in AWS, with its path. In the
    emulator it is the session's, which has none.
    """
    from ministack.core import iam_evaluator
    from ministack.services import iam

    resolve = existing(iam_evaluator, "_resolve_condition_key")
    name_of = existing(iam_evaluator, "_role_name_from_assumed_arn")
    roles = existing(iam, "_roles")

    def resolve_condition_key(key: str, context: Any) -> Any:
        found = resolve(key, context)
        if key.lower() != "aws:principalarn" or context.principal_type != "AssumedRole":
            return found
        role = roles.get_scoped(context.principal_account, None, name_of(str(found)))
        return role["Arn"] if role else None

    iam_evaluator._resolve_condition_key = resolve_condition_key


def principals_with_a_path_are_simulated() -> None:
    """The emulator takes the path in an ARN for a part of the name, and finds no policy of such a
    principal.
    """
    from ministack.core import iam_evaluator

    for name in ("_gather_role_policies", "_gather_user_policies"):
        gather = existing(iam_evaluator, name)
        setattr(iam_evaluator, name, _without_path(gather))


def _without_path(gather: Any) -> Any:
    def gathered(name: str, *rest: Any) -> Any:
        return gather(name.rpartition("/")[2], *rest)

    return gathered


def resource_policies_of_apis_bind_the_root() -> None:
    """What an API's resource policy refuses, it refuses to the account's root as well. The emulator
    asks no policy about the root.
    """
    from ministack.core import iam_evaluator
    from ministack.services import apigateway_v1

    enforce = existing(iam_evaluator, "enforce")
    policy_of = existing(apigateway_v1, "rest_api_policy_for_arn")
    evaluate = existing(iam_evaluator, "evaluate_resource_policy")
    is_root = existing(iam_evaluator, "is_root_access_key")

    def bind_root(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", **named: Any
    ) -> Any:
        denied = enforce(key, action, service, region, resource_arn=resource_arn, **named)
        if denied is not None or action != "execute-api:Invoke" or not key or not is_root(key):
            return denied
        policy, account = policy_of(resource_arn) or ("", "")
        if not policy:
            return None
        root = f"arn:aws:iam::{account}:root"
        context = iam_evaluator.EvalContext(root, "Root", account, action, resource_arn, region)
        answer = evaluate(policy, context)
        return answer if answer.decision == "Deny" else None

    iam_evaluator.enforce = bind_root
