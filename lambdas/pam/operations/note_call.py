"""A door notes each call durably before it does anything, so that none is handled unnoted."""

from dataclasses import replace

from pam.domain.handled_call import HandledCall
from pam.ids import new_id
from pam.ports.calls import NotedCalls, RequestIdUsed


def note_call(call: HandledCall, calls: NotedCalls) -> None:
    """Raises RequestIdUsed for a request id that came before; that too is noted, to be told."""
    try:
        calls.note(call)
    except RequestIdUsed:
        calls.note(replace(call, again=new_id(call.noted_at)))
        raise
