"""Every locked package has a licence that we may ship beside, and the bill of materials is that of the lock."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path
from typing import Final

import pytest

from scripts.write_sbom import bill, licences

ROOT: Final = Path(__file__).resolve().parent.parent
PERMISSIVE: Final = frozenset(
    {
        *("MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Apache-2.0", "PSF-2.0", "Zlib"),
        *("Unlicense", "CC0-1.0", "CNRI-Python", "LicenseRef-matplotlib"),
    }
)
"""Ask for no more than a notice; matplotlib's own licence is that of Python."""
LOCKED: Final = sorted(
    {
        name
        for lock in ("requirements.lock", "requirements-dev.lock")
        for name in re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    }
)


def is_permissive(spdx: str) -> bool:
    """Tell whether every part that must be kept is permissive; of alternatives one is enough."""
    parts = re.split(r" AND (?![^(]*\))", spdx)
    return all(any(one.strip("() ") in PERMISSIVE for one in part.split(" OR ")) for part in parts)


@pytest.mark.parametrize("name", LOCKED)
def test_a_locked_package_is_on_the_list(name: str) -> None:
    """A package that is not in .ci/licences.tsv, or is not permissive without a reason beside it, fails by name."""
    spdx, reason = licences()[name]
    assert is_permissive(spdx) or reason, f"{name} is {spdx}: say in .ci/licences.tsv why that is fine"


def test_the_list_agrees_with_what_is_installed() -> None:
    """Where a package says its licence as an SPDX expression, the list holds the same."""
    known = licences()
    said = {}
    for name in LOCKED:
        try:
            said[name] = importlib.metadata.metadata(name).json.get("license_expression")
        except importlib.metadata.PackageNotFoundError:  # of another system
            continue
    assert {name: spdx for name, spdx in said.items() if spdx and spdx != known[name][0]} == {}
    assert any(said.values())


def test_the_bill_of_materials_is_that_of_the_lock() -> None:
    """Every pin stands in sbom.cdx.json with its hashes and licence; `.ci/lock` writes it."""
    kept = json.loads((ROOT / "sbom.cdx.json").read_bytes())
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert kept == bill(lock)
    assert len(kept["components"]) == len(re.findall(r"^[a-z0-9][^\s]*==", lock, re.MULTILINE))
    assert all(one["hashes"] and one["licenses"] for one in kept["components"])
    references = [one["bom-ref"] for one in kept["components"]]
    assert len(set(references)) == len(references)


def test_the_list_holds_no_package_that_is_gone() -> None:
    """A package that is locked no more leaves the list too."""
    assert sorted(licences()) == LOCKED
