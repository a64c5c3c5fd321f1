"""The bill of materials of what a brief needs, from the lock file and the table of licences: `.ci/lock` runs it.

    requirements.lock + .ci/licences.tsv  ->  sbom.cdx.json (CycloneDX 1.6)

The same lock gives the same bytes: no time of writing, no serial number of chance.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
LICENCES: Final = ROOT / ".ci" / "licences.tsv"
_PIN: Final = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^\s;]+)(?: ; (.*?))?(?: \\)?$")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def licences(table: Path = LICENCES) -> dict[str, tuple[str, str]]:
    """Read the table: name, SPDX expression, and why a licence that is not permissive is fine here."""
    rows = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return {name: (spdx, reason) for name, spdx, reason in rows}


def bill(lock: str) -> dict[str, Any]:
    """Write the bill of one lock file."""
    known, components = licences(), []
    for block in re.split(r"\n(?=[a-z0-9])", lock):
        pin = _PIN.match(block.partition("\n")[0].strip())
        if not pin:
            continue
        name, version = pin[1], pin[2]
        components.append(
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "bom-ref": f"pkg:pypi/{name}@{version}" + (f"#{pin[3]}" if pin[3] else ""),
                "licenses": [{"expression": known[name][0]}],
                "hashes": [{"alg": "SHA-256", "content": one} for one in sorted(_HASH.findall(block))],
            }
        )
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "reportgen", "licenses": [{"expression": "MIT"}]}},
        "components": components,
    }


def main() -> None:
    """Print the bill of requirements.lock."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    sys.stdout.write(json.dumps(bill(lock), indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
