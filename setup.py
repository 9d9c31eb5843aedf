"""With ESA_AUTH_COMPILE=1 compiles the modules that `setup.cfg` names."""

import os
from configparser import ConfigParser
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# One version: another one would make other machine code of the same commit.
MYPY = "mypy == 2.4.1"


def extensions() -> list[Extension]:
    """Translate the modules to C."""
    # Not there when setuptools asks what it takes to build.
    from mypyc.build import mypycify

    settings = ConfigParser()
    settings.read("setup.cfg")
    names = settings["tool:mypyc"]["modules"].split()
    made = mypycify(
        [
            # Neither our settings nor what is installed changes what is made.
            "--config-file=",
            "--no-site-packages",
            "--ignore-missing-imports",
            "--cache-dir=/dev/null",
            *(f"plugin/{name.replace('.', '/')}.py" for name in names),
        ],
        debug_level="0",
        group_name="esa_auth",
    )
    for extension in made:
        for source in map(Path, extension.sources):
            repair(source)
    return made  # type: ignore[return-value]  # to the stubs it has two classes


def repair(source: Path) -> None:
    """Let C slice bytes as Python does."""
    # mypyc gives the size of b"abc"[2:1] as -1, which is a SystemError.
    source.write_text(
        "#include <Python.h>\n"
        "#define PyBytes_FromStringAndSize(from, size) "
        "PyBytes_FromStringAndSize(from, Py_MAX(size, 0))\n" + source.read_text()
    )


class BuildCompiled(build_ext):
    """Has mypyc make the extensions only when they are built."""

    def finalize_options(self) -> None:
        """Put them in the place of the one that stands for all."""
        if self.editable_mode:
            raise SystemExit("ESA_AUTH_COMPILE=1 is not for an editable installation")
        self.distribution.ext_modules = [*extensions()]
        super().finalize_options()


if os.environ.get("ESA_AUTH_COMPILE") == "1":
    setup(
        setup_requires=[MYPY],
        cmdclass={"build_ext": BuildCompiled},
        ext_modules=[Extension("esa_auth__mypyc", [])],
    )
else:
    setup()
