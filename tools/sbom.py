"""Says what a running desk is made of, in the words scanners of known flaws read (CycloneDX 1.6, https://cyclonedx.org).

`python tools/sbom.py` writes sbom.json from requirements.lock, for what the product itself needs, and from the manifest of
borrowed files; `--check` compares it, without network.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
SBOM = ROOT / "sbom.json"
BORROWED = ROOT / "web/plugdesk_web/static/vendor/manifest.json"
EXTRAS = ("postgres",)
TESTS_ONLY = {"axe-core"}


def main() -> int:
    made = json.dumps(bill(), indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        agrees = SBOM.exists() and SBOM.read_text(encoding="utf-8") == made
        print("sbom.json says what the lock says." if agrees else "sbom.json is out of date: run python tools/sbom.py")
        return 0 if agrees else 1
    SBOM.write_text(made, encoding="utf-8")
    return 0


def bill() -> dict[str, Any]:
    """The whole document. It holds neither a time nor a number of its own, so that the same lock makes the same file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions, wanted_by = read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    asked = [*project["dependencies"], *(each for extra in EXTRAS for each in project["optional-dependencies"][extra])]
    names = needed({canonicalize_name(Requirement(each).name) for each in asked}, wanted_by)
    borrowed = json.loads(BORROWED.read_text(encoding="utf-8"))["versions"]
    packages = [_component("pypi", name, versions[name]) for name in sorted(names)]
    scripts = [_component("npm", name, borrowed[name]) for name in sorted(borrowed) if name not in TESTS_ONLY]
    about = {"type": "application", "name": project["name"], "version": project["version"]}
    head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": about}}
    return {**head, "components": [*packages, *scripts]}


def read_lock(text: str) -> tuple[dict[str, str], dict[str, set[str]]]:
    """The version of each package of a lock, and which packages want it (its lines `# via`)."""
    versions, wanted_by, name = dict[str, str](), dict[str, set[str]](), ""
    for line in text.splitlines():
        if pinned := re.match(r"([\w.\-\[\],]+)==([^\s;\\]+)", line):
            name = canonicalize_name(pinned[1].partition("[")[0])
            versions[name], wanted_by[name] = pinned[2], set()
        elif name and (by := re.match(r"    #   (?:via )?([\w.\-]+)|    # via ([\w.\-]+)", line)):
            wanted_by[name].add(canonicalize_name(by[1] or by[2]))
    return versions, wanted_by


def needed(names: set[str], wanted_by: Mapping[str, set[str]]) -> set[str]:
    """These packages with everything they want, and what that wants."""
    found = names & wanted_by.keys()
    while more := {name for name, by in wanted_by.items() if by & found} - found:
        found |= more
    return found


def _component(kind: str, name: str, version: str) -> dict[str, str]:
    return {"type": "library", "name": name, "version": version, "purl": f"pkg:{kind}/{name.replace('@', '%40')}@{version}"}


if __name__ == "__main__":
    sys.exit(main())
