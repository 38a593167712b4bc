"""The command line of verify.py."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from openai_images import __version__
from openai_images.cli.app import SKILL
from shared.cli.app import output_options, run_command
from shared.errors import BadInput, UnusableResult
from shared.i18n.catalog import sanitize_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from openai_images.verify.rules import Document, Verdict
    from shared.cli.context import CommandContext

PROOF = ("provider", "model", "mode", "input_images", "ok", "bytes")
"""The fields of a result that a report for a review shows."""
REFERENCE = ("path", "media_type", "width", "height", "bytes", "sha256")
MAX_REFERENCES, LONGEST_PROOF = 64, 4096


def verify(argv: Sequence[str], launcher: str) -> int:
    """Run verify.py and return its exit code."""
    return run_command(_verify, SKILL, argv, launcher)


@click.command(help="Tell by the acceptance rules whether a result.json, a run's or a batch's folder is proof.")
@click.argument("path", required=False, metavar="RESULT|FOLDER")
@click.option("--self-test", "testing", is_flag=True, help="Try the rules on made-up results instead.")
@click.version_option(__version__)
@output_options
def _verify(run: CommandContext, path: str | None, testing: bool) -> None:
    if testing == (path is not None):
        raise BadInput("verify_what")
    if path is None:
        from openai_images.verify.self_test import self_test  # noqa: PLC0415

        run.summary_lines.append(run.catalog.format("self_test_done", count=self_test()))
        run.result.status = "succeeded"
        return
    from openai_images.verify.rules import documents, judge  # noqa: PLC0415

    rows = [_told(run, file, document, judge(document)) for file, document in documents(path)]
    refused = sum(not row["accepted"] for row in rows)
    run.result.extra |= {"verdicts": rows, "accepted": bool(rows) and not refused}
    run.result.status = "succeeded" if run.result.extra["accepted"] else "failed"
    if not run.result.extra["accepted"]:
        raise UnusableResult("verify_refused", remedy="none", refused=refused, total=len(rows))


def _told(run: CommandContext, file: Path, document: Document, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Say what the rules say of one result, and return it with what a reviewer wants to see of it."""
    say = run.catalog.format
    accepted = all(verdict.holds for verdict in verdicts)
    run.summary_lines.append(f"{say('verify_accepted' if accepted else 'verify_not_accepted')}  {file}")
    if not document:
        run.summary_lines.append(f"   {say('verify_no_result')}")
    for verdict in verdicts if document else ():
        sign = say("verdict_ok") if verdict.holds else say("verdict_failed")
        detail = f": {verdict.detail}" if verdict.detail else ""
        run.summary_lines.append(f"   {sign}  {say(f'rule_{verdict.rule}')}{detail}")
    shown = {name: _bounded(document.get(name)) for name in PROOF}
    return {"path": str(file), "accepted": accepted, **shown, "rules": [asdict(verdict) for verdict in verdicts]}


def _bounded(value: Any) -> Any:
    """Return a field of a document as a report shows it: a text as one line, a reference by what names it."""
    if isinstance(value, str):
        return sanitize_line(value, LONGEST_PROOF)
    if isinstance(value, list):
        rows = [row for row in value[:MAX_REFERENCES] if isinstance(row, dict)]
        return [{name: _bounded(row[name]) for name in REFERENCE if name in row} for row in rows]
    is_plain = isinstance(value, bool | int) and abs(value) < 1 << 53
    return value if is_plain else None
