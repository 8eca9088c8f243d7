"""The audit of dependencies: what it finds fails the build, and what it could not look at is said."""

import importlib.util
import json

import pytest

from tests.servers import ROOT

SPEC = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
assert SPEC is not None
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

FINE = {"name": "fine", "version": "1.0", "vulns": []}
SKIPPED = {"name": "elsewhere", "skip_reason": "Dependency not found on PyPI and could not be audited"}
WEAK = {
    "name": "weak",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-2025-1"], "fix_versions": ["2.1"]}],
}


def verdict(*packages, accepted=()):
    return audit.verdict(json.dumps({"dependencies": packages, "fixes": []}), dict(accepted))


def test_nothing_found():
    code, words = verdict(FINE)
    assert code == 0
    assert words == "1 packages audited, 0 vulnerabilities that are not accepted."


def test_a_vulnerability_fails_the_build_and_names_the_fix():
    code, words = verdict(FINE, WEAK)
    assert code == 1
    assert "weak 2.0: PYSEC-1, fixed in 2.1" in words


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-2025-1"])
def test_one_that_is_accepted_is_still_said(name):
    code, words = verdict(WEAK, accepted={name: "the part is not used"}.items())
    assert code == 0
    assert "accepted: the part is not used" in words


def test_packages_without_advisories_are_not_called_safe():
    code, words = verdict(SKIPPED, SKIPPED)
    assert code == 0
    assert words == "NOT AUDITED: no advisories could be reached for any of 2 packages."
    assert "NOT AUDITED: elsewhere" in verdict(FINE, SKIPPED)[1]


@pytest.mark.parametrize(
    "answer", ["", "Traceback (most recent call last):", "[]", "null", '{"dependencies": 3}']
)
def test_an_audit_that_did_not_happen_is_said(answer):
    code, words = audit.verdict(answer, {})
    assert code == 0
    assert words.startswith("NOT AUDITED")


def test_what_is_accepted_has_a_reason():
    assert all(len(reason) > 20 for reason in audit.ACCEPTED.values())
