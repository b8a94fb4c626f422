"""An Okta inside the caller's process: what `httpx.MockTransport` takes."""

from collections.abc import Callable

import httpx

from local.okta.answers import Cut
from local.okta.service import Okta


def handler(okta: Okta) -> Callable[[httpx.Request], httpx.Response]:
    """A call that this Okta would answer later than its caller waits is a read timeout, at once: it
    is carried out all the same.
    """

    def answer(request: httpx.Request) -> httpx.Response:
        url, waits = str(request.url), request.extensions.get("timeout", {}).get("read")
        slow = okta.faults.delay(okta.operation_of(request.method, url))
        try:
            status, headers, body = okta.answer(
                request.method, url, request.headers.multi_items(), request.read()
            )
        except Cut:
            message = "connection reset"
            raise httpx.ReadError(message, request=request) from None
        if waits is not None and slow > waits:
            message = "timed out"
            raise httpx.ReadTimeout(message, request=request)
        return httpx.Response(status, headers=headers, content=body)

    return answer
