"""Command line of verify.py."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from openai_images import __version__
from openai_images.cli.app import run_image_command
from shared.cli.app import output_options
from shared.errors import BadInput, UnusableResult
from shared.i18n.catalog import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openai_images.verify.rules import Document, Verdict
    from shared.cli.context import CommandContext

REPORT_FIELDS = ("provider", "model", "mode", "input_images", "ok", "bytes")
"""The fields of a result in the report for a reviewer."""
REFERENCE_FIELDS = ("path", "media_type", "width", "height", "bytes", "sha256")
MAX_LISTED_REFERENCES, MAX_FIELD_LENGTH = 64, 4096


def verify(argv: Sequence[str], launcher: str) -> int:
    """Run verify.py and return its exit code."""
    return run_image_command(_verify, argv, launcher)


@click.command(help="Check a result.json, or the folder of a run or batch, against the acceptance rules.")
@click.argument("path", required=False, metavar="RESULT|FOLDER")
@click.option("--self-test", "testing", is_flag=True, help="Test the rules on made-up results instead.")
@click.version_option(__version__)
@output_options
def _verify(context: CommandContext, path: str | None, testing: bool) -> None:
    if testing == (path is not None):
        raise BadInput("verify_what")
    if path is None:
        from openai_images.verify.self_test import self_test  # noqa: PLC0415

        context.summary_lines.append(context.catalog.format("self_test_done", count=self_test()))
        context.note(status="succeeded")
        return
    from openai_images.verify.rules import documents, judge  # noqa: PLC0415

    rows = [_report(context, file, document, judge(document)) for file, document in documents(path)]
    refused = sum(not row["accepted"] for row in rows)
    context.summary_lines.append(context.catalog.format("verify_scope"))
    context.note_own(scope=context.catalog.format("verify_scope"))
    context.note_own(verdicts=rows, accepted=bool(rows) and not refused)
    context.note(status="succeeded" if context.result.extra["accepted"] else "failed")
    if not context.result.extra["accepted"]:
        raise UnusableResult("verify_refused", remedy="none", refused=refused, total=len(rows))


def _report(
    context: CommandContext, file: Path, document: Document, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Add the verdicts of one result to the summary, and return its row for the report."""
    say = context.catalog.format
    accepted = all(verdict.holds for verdict in verdicts)
    context.summary_lines.append(f"{say('verify_accepted' if accepted else 'verify_not_accepted')}  {file}")
    if not document:
        context.summary_lines.append(f"   {say('verify_no_result')}")
    for verdict in verdicts if document else ():
        sign = say("verdict_ok") if verdict.holds else say("verdict_failed")
        detail = f": {verdict.detail}" if verdict.detail else ""
        context.summary_lines.append(f"   {sign}  {say(f'rule_{verdict.rule}')}{detail}")
    shown = {name: _bounded(document.get(name)) for name in REPORT_FIELDS}
    return {"path": str(file), "accepted": accepted, **shown, "rules": [asdict(verdict) for verdict in verdicts]}


def _bounded(value: Any) -> Any:
    """Return a field of a document for the report: a text as one line, a reference by its identifying fields."""
    if isinstance(value, str):
        return sanitize_line(value, MAX_FIELD_LENGTH)
    if isinstance(value, list):
        rows = [row for row in value[:MAX_LISTED_REFERENCES] if isinstance(row, dict)]
        return [{name: _bounded(row[name]) for name in REFERENCE_FIELDS if name in row} for row in rows]
    is_plain = isinstance(value, bool | int) and abs(value) < 1 << 53
    return value if is_plain else None
