"""Opens an address that is a secret: a browser is started with a file's name, not with the address.

Everybody on the machine can read a process's arguments; the file is for its owner alone, in a
folder that nobody else may enter, and is there for a few seconds only.
"""

import html
import os
import tempfile
import time
import webbrowser
from pathlib import Path

from cli.holder import place
from cli.holder.transport import NoPlaceError
from cli.problems import Failure, one_line

SECONDS = 10.0
"""For which the file is there; a browser that has to start first needs some of them."""
_PAGE = (
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0;url={address}"><title>pam</title>'
    '<a href="{address}">Sign in</a>\n'
)


def open_secretly(address: str) -> None:
    """Raises Failure if there is no browser to open; the address is then nowhere."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error as error:
        message = "there is no browser here; --print prints the address"
        raise Failure(message) from error
    try:
        descriptor, name = tempfile.mkstemp(dir=_folder(), prefix="sign-in-", suffix=".html")
    except OSError as error:
        message = f"no file for the browser: {one_line(error)}; --print prints the address"
        raise Failure(message) from error
    page = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_PAGE.format(address=html.escape(address, quote=True)))
        if not browser.open(page.as_uri()):
            message = "the browser could not be opened; --print prints the address"
            raise Failure(message)
        time.sleep(SECONDS)
    finally:
        page.unlink(missing_ok=True)


def _folder() -> Path | None:
    """The lease holder's, whose owner and mode are checked; None: the one for temporary files, in
    which a new file is for its owner alone, too.
    """
    try:
        return place.folder() if hasattr(os, "geteuid") else None
    except NoPlaceError:
        return None
