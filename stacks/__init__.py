"""The infrastructure of PAM: one construct for each noun of MOD-046, composed in `stage.py`.

`lambdas/` is the functions' import root. The stacks share names, settings and the policy compiler
with them, so an import of the stacks adds that root as well.
"""

import sys
from pathlib import Path

_LAMBDAS = str(Path(__file__).resolve().parent.parent / "lambdas")
if _LAMBDAS not in sys.path:
    sys.path.insert(0, _LAMBDAS)
