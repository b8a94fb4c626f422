"""What the service answers where it does not do what it is asked."""


class ServiceError(Exception):
    """An error of the API: its `code`, as botocore's models have it, and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class DownError(Exception):
    """The service is not there: every call is answered 503."""


class AnswerLostError(Exception):
    """What was asked was done, and the connection ended before the answer."""


def not_found(kind: str, name: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", f"{kind} {name} not found")


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message)


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def denied(message: str) -> ServiceError:
    return ServiceError("AccessDeniedException", message)
