"""Where the emulator's Secrets Manager differs from AWS's; see `__init__.py`."""

import contextvars
import threading
from typing import Any

from local.bridges.patching import existing

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_rotating: set[str] = set()
_lock = threading.Lock()


def build_all() -> None:
    a_version_without_a_value_is_not_found()
    a_rotation_calls_its_function()
    a_version_is_put_once()


def a_version_without_a_value_is_not_found() -> None:
    """While a rotation is under way its version has a label but no value yet; in the emulator, a
    value without content.
    """
    from ministack.core.responses import error_response_json
    from ministack.services import secretsmanager

    get = existing(secretsmanager, "_get_secret_value")
    resolve = existing(secretsmanager, "_resolve")

    def get_secret_value(data: dict[str, Any]) -> Any:
        _, secret = resolve(data.get("SecretId"))
        version = (secret or {"Versions": {}})["Versions"].get(data.get("VersionId"))
        if version is not None and not _has_value(version):
            message = "Secrets Manager can't find the specified secret value."
            return error_response_json("ResourceNotFoundException", message, 400)
        return get(data)

    secretsmanager._get_secret_value = get_secret_value


def a_version_is_put_once() -> None:
    """AWS refuses another value for a version that has one, and moves each label that is named. The
    emulator overwrites the value, and moves no other label than AWSCURRENT.
    """
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import secretsmanager

    put = existing(secretsmanager, "_put_secret_value")
    resolve = existing(secretsmanager, "_resolve")

    def put_secret_value(data: dict[str, Any]) -> Any:
        _, secret = resolve(data.get("SecretId"))
        version = (secret or {"Versions": {}})["Versions"].get(data.get("ClientRequestToken"))
        if secret is not None and version is not None and _has_value(version):
            if version.get("SecretString") != data.get("SecretString"):
                message = "A resource with the ID you requested already exists."
                return error_response_json("ResourceExistsException", message, 400)
            made = {"VersionId": data["ClientRequestToken"], "VersionStages": version["Stages"]}
            return json_response({"ARN": secret["ARN"], "Name": secret["Name"], **made})
        answer = put(data)
        stages = data.get("VersionStages", [])
        if secret is not None and {"AWSCURRENT", "AWSPENDING"} <= set(stages):
            for name, each in secret["Versions"].items():
                if "AWSPENDING" in each["Stages"]:
                    each["Stages"].remove("AWSPENDING")
                if name == data["ClientRequestToken"]:
                    each["Stages"].append("AWSPENDING")
        return answer

    secretsmanager._put_secret_value = put_secret_value


def a_rotation_calls_its_function() -> None:
    """AWS labels a new version AWSPENDING and calls the rotation function four times, which makes
    the value, sets it at the database, tries it and makes it current. The emulator copies the
    current value into the new version and calls nobody.
    """
    from ministack.core.responses import error_response_json, json_response
    from ministack.services import secretsmanager

    rotate = existing(secretsmanager, "_rotate_secret")
    resolve = existing(secretsmanager, "_resolve")

    def rotate_secret(data: dict[str, Any]) -> Any:
        _, secret = resolve(data.get("SecretId"))
        function = data.get("RotationLambdaARN") or (secret or {}).get("RotationLambdaARN")
        if secret is None or secret.get("DeletedDate") or not function:
            return rotate(data)
        secret |= {
            "RotationLambdaARN": function,
            "RotationRules": data.get("RotationRules") or secret.get("RotationRules"),
            "RotationEnabled": True,
        }
        answer = {"ARN": secret["ARN"], "Name": secret["Name"]}
        if data.get("RotateImmediately") is False:
            return json_response(answer)
        token = str(data["ClientRequestToken"])
        if _pending_elsewhere(secret, token):
            message = "A previous rotation isn't complete. That rotation will be reattempted."
            return error_response_json("InvalidRequestException", message, 400)
        _begin(secret, token)
        return json_response({**answer, "VersionId": token})

    secretsmanager._rotate_secret = rotate_secret


def _begin(secret: dict[str, Any], token: str) -> None:
    """Once: a token that has been used up, or is being worked on, starts nothing."""
    with _lock:
        version = secret["Versions"].get(token)
        if token in _rotating or (version and "AWSPENDING" not in version["Stages"]):
            return
        if version and "AWSCURRENT" in version["Stages"]:
            return
        _rotating.add(token)
    for other in secret["Versions"].values():
        if "AWSPENDING" in other["Stages"]:
            other["Stages"].remove("AWSPENDING")
    pending: dict[str, Any] = {"SecretString": None, "CreatedDate": 0, "Stages": []}
    secret["Versions"].setdefault(token, pending)["Stages"].append("AWSPENDING")
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(_run_steps, secret, token), daemon=True).start()


def _run_steps(secret: dict[str, Any], token: str) -> None:
    from ministack.services import lambda_svc

    find = existing(lambda_svc, "_get_func_record_for_ref")
    prepared = existing(lambda_svc, "_execution_record_for_config")
    execute = existing(lambda_svc, "_execute_function_with_config_scope")
    try:
        record, config, _ = find(secret["RotationLambdaARN"])
        for step in _STEPS:
            event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
            if (execute(prepared(record, config), event) or {}).get("error"):
                return  # it stays pending, until somebody asks for the rotation again
    finally:
        _rotating.discard(token)


def _pending_elsewhere(secret: dict[str, Any], token: str) -> bool:
    return any(
        "AWSPENDING" in version["Stages"] and "AWSCURRENT" not in version["Stages"]
        for name, version in secret["Versions"].items()
        if name != token
    )


def _has_value(version: dict[str, Any]) -> bool:
    return version.get("SecretString") is not None or version.get("SecretBinary") is not None
