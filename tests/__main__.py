"""Run every part of the tests, each in a process of its own, and print a summary.

    python -m tests              all parts
    python -m tests js faults    these parts

The browser tests are a process of their own because Playwright and pytest-asyncio each want the
event loop. What a part needs and is missing is installed with apt-get when we are root.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.programs import ServiceError, apt_install

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [sys.executable, "-m", "pytest", "-q"]


def python_tests() -> list[str]:
    """Everything below tests/ that needs neither a browser nor killed servers."""
    return PYTEST


def embedded_tests() -> list[str]:
    """What counts on the database, once more on what `make run` has: SQLite and one process."""
    return ["env", "TEST_TOPOLOGY=embedded", *PYTEST, "tests/sessions_app", "tests/llm/stats"]


def browser_tests() -> list[str]:
    """Whole stories in a real browser; screenshots go to artifacts/screenshots."""
    os.environ["CHROMIUM"] = program(
        "chromium", os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"
    )
    # Playwright's synchronous interface keeps an event loop in the thread of the test.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    (ROOT / "artifacts" / "screenshots").mkdir(parents=True, exist_ok=True)
    return [*PYTEST, "tests/browser"]


def fault_tests() -> list[str]:
    """kill -9 of every kind of process during traffic."""
    return [*PYTEST, "tests/faults"]


def javascript_tests() -> list[str]:
    """Models and helpers of the pages, without a DOM."""
    files = sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "tests/js").glob("**/*.test.*js")
    )
    if not files:
        raise ServiceError("There are no files tests/js/**/*.test.js.")
    return [program("nodejs", "node", "nodejs"), "--test", "--test-reporter=spec", *files]


PARTS = {
    "python": python_tests,
    "embedded": embedded_tests,
    "browser": browser_tests,
    "faults": fault_tests,
    "js": javascript_tests,
}


def program(package: str, *names: str) -> str:
    """The path of the first program there is; its Debian package is installed when none is."""
    for attempt in ("look", "install"):
        for name in filter(None, names):
            if found := shutil.which(name):
                return found
        if attempt == "look":
            if os.geteuid() != 0 or not shutil.which("apt-get"):
                break
            print(f"Installing {package} with apt-get…", flush=True)
            apt_install([package])
    raise ServiceError(f"Missing: {package}. Install it and run this again.")


def run(part: str) -> tuple[bool, float]:
    """Run one part; returns whether it passed and how many seconds it took."""
    print(f"\n── {part} tests ──", flush=True)
    started = time.monotonic()
    try:
        passed = wait_for(subprocess.Popen(PARTS[part](), cwd=ROOT)) == 0
    except ServiceError as error:
        print(error, flush=True)
        passed = False
    return passed, time.monotonic() - started


def wait_for(process: subprocess.Popen[bytes]) -> int:
    """The exit status of a part; when we are told to end, it ends first and stops its servers."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise


def main(arguments: Sequence[str]) -> int:
    """Returns 0 only when every part passed."""
    unknown = set(arguments) - set(PARTS)
    if unknown:
        print(f"No such part: {', '.join(sorted(unknown))}. There are {', '.join(PARTS)}.")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    results = {part: run(part) for part in arguments or PARTS}
    print("\n── summary ──")
    for part, (passed, seconds) in results.items():
        print(f"{part:10} {'passed' if passed else 'FAILED':8} {seconds:6.1f} s")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
