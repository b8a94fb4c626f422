"""Rotates the password of a static PostgreSQL account, for teams without MOD-045.

Trigger: Secrets Manager, four times a rotation. May touch: the catalogue's rotated secrets, and the
database that each of them names, as the account itself. A retry is safe: each step does what is
missing.
"""

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pam import wiring
from pam.settings import RotateSettings

logger = Logger()


@cache
def settings() -> RotateSettings:
    return RotateSettings.from_env()


@logger.inject_lambda_context
def handler(event: dict[str, str], context: Any) -> None:
    """`{SecretId, ClientRequestToken, Step}`."""
    from pam.postgres.rotation import Step

    step = Step(event["Step"])
    wiring.rotation(settings(), event["SecretId"]).run(step, event["ClientRequestToken"])
    logger.info("rotated", extra={"step": step.value, "version": event["ClientRequestToken"]})
