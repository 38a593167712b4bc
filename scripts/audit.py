"""Check the skills' requirements and this environment for known vulnerabilities, with pip-audit.

Exit 0: every package was checked; none has a known vulnerability. 1: one has, or some were not checked.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PIP_AUDIT = (sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off")


def complaints(what: str, report: str) -> list[str]:
    """Return a sentence for each vulnerability in pip-audit's JSON, and one for unchecked packages."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    audited = len(packages) - len(skipped)
    print(f"audit: {what}: {audited} of {len(packages)} packages looked up")
    found = [
        f"{package['name']} {package['version']}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'none'}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    if not audited:
        return [f"{what}: nothing was audited: the advisory database cannot be reached from here"]
    if skipped:
        found.append(f"{what}: not audited: {', '.join(skipped)}")
    return found


def main() -> int:
    """Audit both; this project itself, which is on no index, is left out."""
    requirements = [f"--requirement={path}" for path in sorted(ROOT.glob("skills/*/requirements.txt"))]
    told: list[str] = []
    for what, argv in (
        ("the skills' requirements", requirements),
        ("the developers' environment", ["--local", "--skip-editable"]),
    ):
        run = subprocess.run([*PIP_AUDIT, *argv], capture_output=True, text=True, check=False)
        told += complaints(what, run.stdout)
        if not run.stdout:
            print(run.stderr, file=sys.stderr)
    for sentence in told:
        print(f"audit: {sentence}", file=sys.stderr)
    if any("nothing was audited" in sentence for sentence in told):
        print("audit: without a network, make check OFFLINE=yes leaves this part out", file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
