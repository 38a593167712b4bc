"""An entry as a row of the database: what is looked up in columns, the rest as JSON, every text masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared.journal.entry import Entry
from shared.security.keys import redact_record

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

COLUMNS = (
    "local_id", "task_id", "fingerprint", "sequence", "variant", "skill", "base_url", "account", "mode", "model",
    "state", "created_at", "submitted_at", "finished_at", "charged", "possible_charges",
)  # fmt: skip
DERIVED = ("requested", "amount", "unit", "source", "details")


def row_of(entry: Entry) -> dict[str, Any]:
    """Return an entry's columns; every text from outside passes the redactor, ids and addresses stay."""
    document = entry.to_document()
    row = {name: document.pop(name) for name in COLUMNS}
    requested = document.pop("requested")
    amount, unit, source = ((entry.cost or {}).get(name) for name in ("amount", "unit", "source"))
    details = json.dumps(redact_record(document))
    return row | {
        "requested": json.dumps(redact_record(requested), sort_keys=True),
        "amount": amount, "unit": unit, "source": source, "details": details,
    }  # fmt: skip


def entry_of(row: sqlite3.Row | Mapping[str, Any]) -> Entry:
    """Return the entry of a row, of any version of the database.

    Raises:
        ValueError: the row cannot be interpreted.
    """
    try:
        document, requested = json.loads(row["details"]), json.loads(row["requested"])
        known = {name: row[name] for name in COLUMNS if name in row.keys()}  # noqa: SIM118  - a row has values in it
        return Entry.from_document({**document, **known, "requested": requested})
    except (TypeError, IndexError, RecursionError) as error:
        raise ValueError("a task that cannot be judged") from error
