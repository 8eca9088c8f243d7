"""Known vulnerabilities of what the playground is built on, by pip-audit; with plain words for what it finds.

Exits with 1 if there is a vulnerability that is not accepted below. Where no advisory can be reached, which
pip-audit itself calls "no known vulnerabilities", it says so and exits with 0: a build without a network
proves nothing, and breaks nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 300
# advisory → why it does not concern the playground
ACCEPTED: dict[str, str] = {}


def verdict(answer: str, accepted: dict[str, str]) -> tuple[int, str]:
    """Exit code and words for the JSON that pip-audit printed. "" or no JSON: it could not do its work."""
    try:
        packages = json.loads(answer)["dependencies"]
        found = [
            (
                package["name"],
                package.get("version", ""),
                one["id"],
                one.get("fix_versions", []),
                one.get("aliases", []),
            )
            for package in packages
            for one in package.get("vulns", [])
        ]
        audited = [package["name"] for package in packages if "vulns" in package]
        skipped = [package["name"] for package in packages if "vulns" not in package]
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, "NOT AUDITED: pip-audit could not ask for advisories; run it where there is a network."
    lines, bad = [], 0
    for name, version, advisory, fixes, aliases in found:
        reason = next((accepted[one] for one in (advisory, *aliases) if one in accepted), None)
        bad += reason is None
        after = f"accepted: {reason}" if reason else f"fixed in {', '.join(fixes) or 'no version yet'}"
        lines.append(f"{name} {version}: {advisory}, {after}")
    if not audited:
        lines.append(f"NOT AUDITED: no advisories could be reached for any of {len(skipped)} packages.")
    else:
        lines.append(f"{len(audited)} packages audited, {bad} vulnerabilities that are not accepted.")
        if skipped:
            lines.append(f"NOT AUDITED: {', '.join(sorted(skipped))}")
    return int(bad > 0), "\n".join(lines)


def main() -> int:
    """Audit the packages of requirements.txt as they are installed, with all that they need."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--format",
        "json",
        "--progress-spinner",
        "off",
        *sys.argv[1:],
    ]
    if not sys.argv[1:]:
        command += ["--requirement", str(ROOT / "requirements.txt")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        answer = done.stdout
    except subprocess.TimeoutExpired:
        answer = ""
    code, words = verdict(answer, ACCEPTED)
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
