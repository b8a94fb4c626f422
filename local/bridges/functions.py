"""Where the emulator's Lambda differs from AWS's, as policies see it; see `__init__.py`."""

from typing import Any

from local.bridges.patching import existing

_functions: dict[str, str] = {}
"""Access key -> ARN of the function whose process it was given to."""


def of_access_key(key: str) -> str:
    """The ARN of the function that was given this access key; empty if none was."""
    return _functions.get(key, "")


def build_all() -> None:
    functions_are_known_by_their_credentials()


def functions_are_known_by_their_credentials() -> None:
    """AWS puts the ARN of the function into the context of what its code calls, and policies see it
    as `lambda:SourceFunctionArn`. The emulator gives each function credentials of its own and shows
    no such key. Here it goes by those very credentials, which nobody else is given: a session of
    the role that somebody else opened does not have it.
    """
    from ministack.core import iam_evaluator, lambda_runtime
    from ministack.services import sts

    credentials_of = existing(lambda_runtime, "execution_credentials")
    keys_of = existing(iam_evaluator, "_principal_keys")

    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        given: dict[str, str] = credentials_of(config)
        _functions[given["AWS_ACCESS_KEY_ID"]] = config["FunctionArn"]
        return given

    def principal_keys(credential: Any) -> dict[str, Any]:
        function = _functions.get(credential.access_key_id)
        shown = {"lambda:sourcefunctionarn": function} if function else {}
        return {**keys_of(credential), **shown}

    lambda_runtime.execution_credentials = execution_credentials
    iam_evaluator._principal_keys = principal_keys
    # Taken from its module by name when the service was loaded.
    existing(sts, "_principal_keys")
    sts._principal_keys = principal_keys
