"""What any proof of a trail must do at least: `python -m local.bench.bare_proof FOLDER`.

Each line is read as JSON and hashed twice (the record's own hash, and its leaf), and the signature
of each checkpoint is checked, with a key of its own: that takes as long with any.
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from cli.trail import layout


def main(folder: Path) -> None:
    with (folder / layout.RECORDS).open("rb") as lines:
        for line in lines:
            json.loads(line)
            hashlib.sha256(line).digest()
            hashlib.sha256(line).digest()
    key = ec.generate_private_key(ec.SECP256R1())
    for note in (folder / layout.CHECKPOINTS).iterdir():
        text = note.read_bytes()
        signature = key.sign(text, ec.ECDSA(SHA256()))
        key.public_key().verify(signature, text, ec.ECDSA(SHA256()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
