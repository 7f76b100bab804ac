"""Make `.venv` and install paperknife into it, with the libraries that a task needs: `python3 tools/environment.py dev`.

Every target of the Makefile that needs an environment calls this first. It costs a blink when there is nothing to do,
and it holds up against what happens on real machines: two `make` at once, an installation that was interrupted, a
folder that was moved, a Python that is too old, one without venv.

It runs on the Python that happens to be there, so it imports only the standard library, and its syntax is old enough
for a Python 3.6 to read it and say that it is too old.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent


def refusal(version, modules):
    """Return why this Python will not do, in one line that says what to do; None if it will."""
    if version < OLDEST:
        return (
            f"paperknife needs Python {OLDEST[0]}.{OLDEST[1]} or newer, and '{sys.executable}' is "
            f"{version[0]}.{version[1]}. Name a newer one, as in: make PYTHON=python3.12 demo"
        )
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        return (
            f"This Python comes without {' and '.join(missing)}, which make an environment. "
            "On Debian and Ubuntu: apt-get install python3-venv"
        )
    return None


class Environment:
    """The folder `.venv` of a checkout.

    Parameters
    ----------
    root : Path
        The checkout: where pyproject.toml and constraints.txt are.
    """

    def __init__(self, root):
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.unfinished = self.folder / ".unfinished"

    def ensure(self, extra):
        """Install an extra of pyproject.toml, unless exactly that has been done."""
        with self._alone():
            stamp = self.folder / f".installed-{extra}"
            wanted = self._wanted()
            installed = stamp.read_text(encoding="utf-8") if stamp.exists() else None
            if installed == wanted and not self.unfinished.exists():
                return
            self._say(
                f"Installing paperknife[{extra}] into .venv; this is done once and takes a minute or two."
            )
            if not self._works():
                self._run(sys.executable, "-m", "venv", "--clear", self.folder)
            elif not self._answers("-m", "pip", "--version"):
                self._run(self.python, "-m", "ensurepip", "--upgrade")
            # After a broken-off installation, or in a folder that was moved, what is there cannot be trusted.
            is_sound = not self.unfinished.exists() and self._is_at_home()
            self.unfinished.touch()
            self._install(extra, is_sound)
            self.unfinished.unlink()
            self._check()
            stamp.write_text(wanted, encoding="utf-8")

    def _wanted(self):
        digest = hashlib.sha256()
        for name in ("pyproject.toml", "constraints.txt"):
            digest.update((self.root / name).read_bytes())
        return f"{self.root}\n{digest.hexdigest()}\n"

    def _is_at_home(self):
        stamps = [stamp.read_text(encoding="utf-8") for stamp in self.folder.glob(".installed-*")]
        return all(stamp.startswith(f"{self.root}\n") for stamp in stamps)

    def _works(self):
        return self._answers("-c", f"import sys; sys.exit(sys.version_info < {OLDEST})")

    def _install(self, extra, is_sound):
        """Install by uv, which takes seconds; by pip where uv cannot be had or cannot reach the packages."""
        target = ["-c", "constraints.txt", "-e", f".[{extra}]"]
        if not self._answers("-m", "uv", "--version"):
            self._try(
                self.python, "-m", "pip", "install", "-q", "-c", "constraints.txt", "--only-binary=uv", "uv"
            )
        quiet = [] if sys.stderr.isatty() else ["-q"]
        again = [] if is_sound else ["--reinstall"]
        uv = [self.python, "-m", "uv", "pip", "install", *quiet, *again, "-p", self.python, *target]
        if self._answers("-m", "uv", "--version") and self._try(*uv):
            return
        self._say("Going on with pip instead of uv.")
        again = [] if is_sound else ["--force-reinstall"]
        self._run(self.python, "-m", "pip", "install", *quiet, *again, *target)

    def _check(self):
        """LightGBM's wheel leans on the system's OpenMP library, the one thing that pip cannot bring."""
        tried = subprocess.run(
            [str(self.python), "-c", "import lightgbm"], stderr=subprocess.PIPE, check=False
        )
        if tried.returncode and b"omp" in tried.stderr:
            sys.exit(
                "LightGBM needs the system's OpenMP library. On Debian and Ubuntu: apt-get install libgomp1. "
                "On macOS: brew install libomp. Then run make again."
            )

    def _answers(self, *arguments):
        with contextlib.suppress(OSError):
            command = [str(self.python), *arguments]
            output = subprocess.DEVNULL
            return subprocess.run(command, stdout=output, stderr=output, check=False).returncode == 0
        return False

    def _try(self, *command):
        return (
            subprocess.run([str(part) for part in command], cwd=str(self.root), check=False).returncode == 0
        )

    def _run(self, *command):
        if not self._try(*command):
            sys.exit(f"This failed: {' '.join(str(part) for part in command)}")

    @contextlib.contextmanager
    def _alone(self):
        """Wait until no other make installs; the system opens the lock even where its owner is killed."""
        with (self.root / "pyproject.toml").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _say(self, what):
        print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    reason = refusal(sys.version_info[:2], ("venv", "ensurepip"))
    if reason is not None:
        sys.exit(reason)
    Environment(ROOT).ensure(sys.argv[1])
