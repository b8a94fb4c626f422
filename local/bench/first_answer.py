"""A function's process up to its first answer, as a script.

`first_answer.py BUNDLE HANDLER DESCRIPTOR`
Reads the event, JSON, from its standard input; writes JSON to the descriptor: the CPU time
that the process had used once the handler was imported, and once it had answered, in seconds, and
what it answered. It imports nothing that the interpreter has not loaded by itself until then.
"""

import sys
import time

sys.path[:] = [sys.argv[1], *(path for path in sys.path[1:] if "-packages" not in path)]


class Context:
    """As Lambda hands it over."""

    function_name = sys.argv[2]
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function_name}"
    aws_request_id = "4c2b4f6e-0000-4000-8000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 25_000


def loaded() -> list[str]:
    """The names of packages and modules in the bundle."""
    names = {name.partition(".")[0] for name in list(sys.modules)}
    return sorted(
        name
        for name in names
        if (getattr(sys.modules.get(name), "__file__", None) or "").startswith(sys.argv[1])
    )


def main() -> None:
    handler = __import__(sys.argv[2]).handler
    imported = time.process_time()
    loaded_at_import = loaded()
    listed = time.process_time() - imported
    # Lambda's own runtime has loaded this before it comes to the handler; so has either side here.
    import json

    event = json.load(sys.stdin)
    answer = handler(event, Context())
    answered = time.process_time() - listed
    with open(int(sys.argv[3]), "w") as out:  # noqa: PTH123 - a number, no path
        json.dump(
            {
                "imported": imported,
                "answered": answered,
                "answer": answer,
                "loaded_at_import": loaded_at_import,
                "loaded": loaded(),
            },
            out,
            default=str,
        )


main()
