"""How the emulator runs functions: nearer to Lambda, and fast enough to work with.

Each function runs in processes of its own, one for each request it serves at a time. As the
emulator starts them they would see this project's whole environment, unpack the same 10 MB anew
each time, and compile what they import each time: some seconds for each first call.
"""

import hashlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.bridges.patching import BridgeError, existing
from pam.names import DATABASE_CA

_STALE_AFTER_SECONDS = 3 * 24 * 3600
_PROCESSES_PER_FUNCTION = 3
_BURST_WAITS_AT_MOST = 2.0
_START_TAKES_AT_MOST = 20.0
_WITHOUT_INSTALLED_PACKAGES = """\
import sys
sys.path[:] = [path for path in sys.path if not path.endswith(("site-packages", "dist-packages"))]
"""


def build_all(code_cache: Path, authority: Path) -> None:
    """`authority` is the file of the certificate by which the stack's databases are known."""
    a_function_sees_its_bundle_only()
    code_is_unpacked_once(code_cache, authority)
    log_lines_are_not_waited_for()
    errors_are_named_as_in_lambda()
    a_process_outlives_the_errors_of_its_function()
    a_burst_waits_for_processes()


def a_function_sees_its_bundle_only() -> None:
    """Lambda offers the standard library and the bundle; the interpreter of this environment would
    offer everything that the project's tools need, and hide what is missing in the bundle.
    """
    from ministack.core import lambda_runtime

    script = existing(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
    lambda_runtime._PYTHON_WORKER_SCRIPT = _WITHOUT_INSTALLED_PACKAGES + script
    detect = existing(lambda_runtime, "_detect_runtime_binary")
    outside = str(existing(sys, "_base_executable"))

    def detect_runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (outside if binary == sys.executable else binary), script

    lambda_runtime._detect_runtime_binary = detect_runtime_binary


def code_is_unpacked_once(cache: Path, authority: Path) -> None:
    """All processes of all functions share one unpacked bundle, and the bytecode beside it. Only
    the certificates of databases are each stack's own: these databases are not RDS's.
    """
    from ministack.core import lambda_runtime

    existing(lambda_runtime, "zipfile")
    cache.mkdir(parents=True, exist_ok=True)
    _forget_stale(cache)

    class SharedZip(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            archive, target = self.filename, Path(path or ".")
            if members or pwd or archive is None or any(target.iterdir()):
                super().extractall(path, members, pwd)
                return
            with Path(archive).open("rb") as content:
                shared = cache / hashlib.file_digest(content, "sha256").hexdigest()
            if not shared.exists():
                unfinished = Path(tempfile.mkdtemp(dir=cache, prefix="unpacking-"))
                super().extractall(unfinished)
                try:
                    unfinished.rename(shared)
                except OSError:  # another process was faster
                    shutil.rmtree(unfinished)
            os.utime(shared)
            (shared / "__pycache__").mkdir(exist_ok=True)
            for entry in shared.iterdir():
                (target / entry.name).symlink_to(entry)
            own = target / DATABASE_CA
            if own.exists():
                own.unlink()
                shutil.copyfile(authority, own)

    class Zipfile:
        """The module `zipfile`, but for the one class."""

        ZipFile = SharedZip
        BadZipFile = zipfile.BadZipFile
        LargeFileError = zipfile.LargeZipFile  # the emulator has the name wrong

    lambda_runtime.zipfile = Zipfile


def log_lines_are_not_waited_for() -> None:
    """After each call the emulator waits 50 ms for log lines that may still come; those that are
    late are not lost but stand with the next call.
    """
    from ministack.core import lambda_runtime

    worker = existing(lambda_runtime, "Worker")
    drain = existing(worker, "_drain_stderr_bounded")

    def drain_stderr_bounded(self: Any) -> str:
        return str(drain(self, first_line_wait=0.004, idle_confirm=0.002))

    worker._drain_stderr_bounded = drain_stderr_bounded


def errors_are_named_as_in_lambda() -> None:
    """Lambda reports a failed function with the class of its exception; the emulator calls all of
    them `Runtime.HandlerError`.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    script = existing(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
    plain = '"trace": traceback.format_exc()}'
    if script.count(plain) != 1:
        message = "the emulator's function processes report errors in another way now"
        raise BridgeError(message)
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(
        plain, plain.removesuffix("}") + ', "type": type(e).__name__}'
    )
    execute = existing(lambda_svc, "_execute_function_warm")
    worker = existing(lambda_runtime, "Worker")
    invoke = existing(worker, "invoke")
    seen = threading.local()

    def noted(self: Any, *given: Any, **named: Any) -> Any:
        result = invoke(self, *given, **named)
        seen.type = result.get("type")
        return result

    def execute_function_warm(func: Any, event: Any, request_id: str) -> Any:
        seen.type = None
        result = execute(func, event, request_id)
        if result.get("error") and seen.type and isinstance(result.get("body"), dict):
            result["body"]["errorType"] = seen.type
        return result

    worker.invoke = noted
    lambda_svc._execute_function_warm = execute_function_warm


def a_process_outlives_the_errors_of_its_function() -> None:
    """Lambda goes on with a process whose function raised an exception, and ends it only if it
    exits or takes too long; the emulator ends it and starts another one for the next request.
    """
    from ministack.core import lambda_runtime

    script = existing(lambda_runtime, "_PYTHON_WORKER_SCRIPT")
    failed = '{"status": "error", "error": str(e), "trace":'
    if script.count(failed) != 1:
        message = "the emulator's function processes report errors in another way now"
        raise BridgeError(message)
    # By its status the emulator decides on the process; whoever is answered sees an error again.
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(
        failed, '{"status": "ok", "raised": True, "error": str(e), "trace":'
    )
    worker = existing(lambda_runtime, "Worker")
    invoke = existing(worker, "invoke")

    def invoked(self: Any, *given: Any, **named: Any) -> Any:
        result = invoke(self, *given, **named)
        return {**result, "status": "error"} if result.get("raised") else result

    worker.invoke = invoked


def a_burst_waits_for_processes() -> None:
    """Lambda starts a process for each request that finds none free. On this machine, where the
    start of one takes longer than many requests, a request waits a little for those there are, and
    only one more is started at a time: fifty at once would take all of each other's time.
    """
    from ministack.services import lambda_svc

    acquire = existing(lambda_svc, "acquire_worker")
    enough = max(_PROCESSES_PER_FUNCTION, os.cpu_count() or 1)
    deciding = threading.Lock()

    def acquire_worker(
        name: str, config: Any, code: bytes, qualifier: str = "$LATEST", **named: Any
    ) -> Any:
        began = time.monotonic()
        while True:
            with deciding:
                patience = _patience(name, config, qualifier, enough)
                if time.monotonic() - began >= patience:
                    return acquire(name, config, code, qualifier=qualifier, **named)
            time.sleep(0.005)

    lambda_svc.acquire_worker = acquire_worker


def _patience(name: str, config: Any, qualifier: str, enough: int) -> float:
    """For how many seconds a request should rather wait than have another process started."""
    from ministack.core import lambda_runtime

    key = lambda_runtime._worker_key(name, config, qualifier)
    with lambda_runtime._lock:
        workers = lambda_runtime._workers.get(key, ())
        if len(workers) < enough or not all(worker.in_use for worker in workers):
            return 0
        starting = any(worker._cold for worker in workers)
    return _START_TAKES_AT_MOST if starting else _BURST_WAITS_AT_MOST


def start_on_signal(done: Path) -> None:
    """On SIGUSR1 each function gets its first process; `done` appears when all have one."""
    wanted = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: wanted.set())

    def wait() -> None:
        wanted.wait()
        from ministack.services import lambda_svc

        functions = existing(lambda_svc, "_functions")
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            list(pool.map(_start, _in_order_of_need(functions._data.values())))
        done.touch()

    threading.Thread(target=wait, daemon=True).start()


def _in_order_of_need(functions: Iterable[Any]) -> list[Any]:
    """The API's own first: a person waits for that one."""
    ours = [function for function in list(functions) if function.get("code_zip")]
    return sorted(ours, key=lambda function: "Api" not in function["config"]["FunctionName"])


def _start(function: Any) -> None:
    from ministack.core import lambda_runtime

    config = function["config"]
    worker, _ = lambda_runtime.acquire_worker(
        config["FunctionName"], config, function["code_zip"], qualifier=config["Version"]
    )
    try:
        lambda_runtime.ensure_spawned(worker)
    finally:
        lambda_runtime.release_worker(worker)


def _forget_stale(cache: Path) -> None:
    """What no process was started from for days; one that still runs has long loaded its code."""
    for folder in cache.iterdir():
        if time.time() - folder.stat().st_mtime > _STALE_AFTER_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
