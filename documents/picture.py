"""Makes `docs/demo.svg`, the picture that the README shows, of what `make demo` said.

`python -m documents.picture` draws `docs/demo.txt` anew; with `--record` it first takes that from a
demo's output on stdin. Ids and days differ from run to run, so these stand in it in one form.
"""

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

DOCS = Path(__file__).resolve().parent.parent / "docs"
KEPT, PICTURE = DOCS / "demo.txt", DOCS / "demo.svg"
WIDTH = 96
SHOWN = (
    "Nobody has standing access; two approvers lend it, for a window",
    "An operator takes access back before its time",
    "Break-glass: at once, loudly, and not across domains",
)
"""The chapters in the picture: it is to fit a screen."""
_ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z")
_CLOCK = re.compile(r"^ +\d+\.\d s(?= )")
_THEME = TerminalTheme(
    (22, 27, 34),
    (230, 237, 243),
    [(72, 79, 88), (255, 123, 114), (86, 211, 100), (227, 179, 65)] + [(230, 237, 243)] * 4,
)
"""Light on dark in a frame of its own, so that it is read on a light page and on a dark one."""
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>make demo</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, \
"DejaVu Sans Mono", monospace; font-size: {char_height}px; line-height: {line_height}px }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def taken(said: str) -> str:
    """Of all that a demo said, the chapters that are shown. Raises ValueError if one is missing."""
    chapters = re.split(r"\n(?=\S)", re.sub(r"\x1b\[[0-9;]*m", "", said))
    by_title = {chapter.partition("\n")[0].strip(): chapter.rstrip() for chapter in chapters}
    if missing := [title for title in SHOWN if title not in by_title]:
        message = f"the demo did not come to: {'; '.join(missing)}"
        raise ValueError(message)
    return "\n\n".join(_alike(by_title[title]) for title in SHOWN) + "\n"


def _alike(chapter: str) -> str:
    lines = []
    for line in chapter.splitlines():
        bare = _CLOCK.sub("", line)
        if bare.startswith("    "):
            continue  # a note beside the story
        for pattern, form in ((_ID, "01M7XKKX57…"), (_TIME, "tomorrow")):
            bare = pattern.sub(form, bare)
        lines.append(bare if len(bare) < WIDTH else f"{bare[: WIDTH - 2]}…")
    return "\n".join(lines)


def drawn(text: str) -> str:
    """The picture of these lines, the same for the same lines."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text("$ make demo", style="bold"))
    for line in text.splitlines():
        console.print(_styled(line), no_wrap=True, crop=True)
    return console.export_svg(
        title="make demo", theme=_THEME, code_format=_FORMAT, unique_id="demo"
    )


def _styled(line: str) -> Text:
    if line.startswith("  ✓"):
        return Text.assemble("  ", ("✓", "green"), line[3:])
    return Text(line, style="bold" if line and not line.startswith(" ") else "")


def main() -> int:
    if "--record" in sys.argv[1:]:
        KEPT.write_text(taken(sys.stdin.read()), encoding="utf-8")
    PICTURE.write_text(drawn(KEPT.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
