"""`python -m tests.fuzz TARGET [options of libFuzzer]`: guided by coverage.

What is new is put beside the seeds; a finding is left as ``crash-...`` in the folder
that the command was started in. `-merge=1 FOLDER` puts into FOLDER what of it is needed
to cover the same.
"""

import shlex
import sys

import atheris

with atheris.instrument_imports(include=["esa_auth"]):
    from tests.fuzz.targets import CORPUS, TARGETS


def main() -> None:
    """Fuzz one target until libFuzzer's options say that it is enough."""
    target = TARGETS[sys.argv[1]]
    folder = CORPUS / target.__name__
    # libFuzzer starts it again, by a shell, to merge.
    program = f"{shlex.quote(sys.executable)} -m tests.fuzz {target.__name__}"
    words = [program, *sys.argv[2:], "-max_len=4096", "-timeout=20"]
    atheris.Setup([*words, str(folder)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
