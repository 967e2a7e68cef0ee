"""Every check that is not a test, in one go: `python tools/check.py` runs all and names those that failed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

CHECKS = {
    "style": ["ruff", "check", "--output-format", "concise", "."],
    "format": ["ruff", "format", "--check", "--output-format", "concise", "."],
    "types": ["mypy", "--no-error-summary"],
    "layers": ["lint-imports", "--no-logo"],
    "templates": ["djlint", "--lint", "--quiet", "core", "web", "plugins"],
    "translations": ["python", "tools/translations.py", "check"],
    "pins": ["python", "tools/lock.py", "--check"],
    "bill of materials": ["python", "tools/sbom.py", "--check"],
    "reference": ["python", "tools/reference.py", "--check"],
    "manual": ["mkdocs", "build", "--strict", "--quiet", "--site-dir", "build/manual"],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        began = time.monotonic()
        done = subprocess.run(
            [_program(command[0]), *command[1:]], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout, flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _program(name: str) -> str:
    """The tool beside this Python, else the one on the path."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or name


if __name__ == "__main__":
    sys.exit(main())
