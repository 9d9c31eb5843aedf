"""Files with a secret, as the command wants them: for their owner alone."""

import os
from pathlib import Path


def write_secret(path: Path, secret: str | bytes) -> None:
    """Write ``secret`` to ``path``, which is made readable for its owner only."""
    data = secret.encode() if isinstance(secret, str) else secret
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
