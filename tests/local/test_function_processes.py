"""The emulator's processes of functions: which of them go on."""

import io
import zipfile
from collections.abc import Iterator

import pytest
from ministack.core import lambda_runtime
from ministack.core.lambda_runtime import Worker, kill_workers

from local.bridges import function_processes

# The emulator leaves the pipes of processes that it ends to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
SOURCE = """
import os, sys

def handler(event, context):
    if event == "raise":
        raise KeyError(event)
    if event == "exit":
        sys.exit(1)
    return os.getpid()
"""


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setattr(
        lambda_runtime, "_PYTHON_WORKER_SCRIPT", lambda_runtime._PYTHON_WORKER_SCRIPT
    )
    monkeypatch.setattr(Worker, "invoke", Worker.invoke)
    function_processes.a_process_outlives_the_errors_of_its_function()
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as bundle:
        bundle.writestr("it.py", SOURCE)
    config = {
        "FunctionName": "it",
        "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:it",
        "Handler": "it.handler",
        "Runtime": "python3.11",
    }
    process = Worker("it", config, code.getvalue())
    yield process
    kill_workers([process])


def test_a_process_goes_on_when_its_function_raised_an_exception(process: Worker) -> None:
    first = process.invoke({}, "1")
    failed = process.invoke("raise", "2")
    assert (failed["status"], failed["error"]) == ("error", "'raise'")
    assert "KeyError" in failed["trace"]
    again = process.invoke({}, "3")
    assert (again["status"], again["result"]) == ("ok", first["result"])


def test_a_process_that_ended_is_followed_by_another(process: Worker) -> None:
    first = process.invoke({}, "1")
    assert process.invoke("exit", "2")["status"] == "error"
    assert process.invoke({}, "3")["result"] not in {None, first["result"]}
