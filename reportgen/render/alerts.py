"""The alerts of a brief as bytes: alerts.json for programs, alerts.csv for a spreadsheet or a charting tool.

Stands at the last arrow, Brief -> bytes; the same brief gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Final

from reportgen.alerts import Alert, alerts_of
from reportgen.brief import Brief

ALERTS_JSON: Final = "alerts.json"
ALERTS_CSV: Final = "alerts.csv"
_VERSION: Final = 1


def alert_files(brief: Brief) -> Mapping[str, bytes]:
    """Write both files, by name; a brief without zones gives empty lists, not no files."""
    alerts = alerts_of(brief)
    return {ALERTS_JSON: _json(brief, alerts), ALERTS_CSV: _csv(alerts)}


def _json(brief: Brief, alerts: tuple[Alert, ...]) -> bytes:
    whole = {
        "alerts_version": _VERSION,
        "as_of": brief.as_of,
        "horizon_hours": brief.horizon_hours,
        "simulated": brief.simulated,
        "alerts": [asdict(alert) for alert in alerts],
    }
    return f"{json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()


def _csv(alerts: tuple[Alert, ...]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [field.name for field in fields(Alert)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(alert) for alert in alerts)
    return text.getvalue().encode()
