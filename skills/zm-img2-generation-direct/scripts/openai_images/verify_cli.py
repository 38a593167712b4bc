"""The command line of verify.py."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from openai_images import __version__
from openai_images.cli import SKILL
from shared.command import output_options, run_command
from shared.errors import BadInput, UnusableResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.run import Run


def verify(argv: Sequence[str], launcher: str) -> int:
    """Run verify.py and return its exit code."""
    return run_command(_verify, SKILL, argv, launcher)


@click.command(help="Tell by the acceptance rules whether a result.json, a run's or a batch's folder is proof.")
@click.argument("path", required=False, metavar="RESULT|FOLDER")
@click.option("--self-test", "testing", is_flag=True, help="Try the rules on made-up results instead.")
@click.version_option(__version__)
@output_options
def _verify(run: Run, path: str | None, testing: bool) -> None:
    if testing == (path is not None):
        raise BadInput("option_goes_with", flag="--self-test", other="RESULT|FOLDER")
    if path is None:
        from openai_images.self_test import self_test  # noqa: PLC0415

        run.lines.append(run.catalogue.say("self_test_done", count=self_test()))
        run.result.status = "succeeded"
        return
    from openai_images.verify import documents, judge  # noqa: PLC0415

    judged = [(str(file), document, judge(document)) for file, document in documents(path)]
    say = run.catalogue.say
    for file, document, verdicts in judged:
        accepted = all(verdict.holds for verdict in verdicts)
        run.lines.append(f"{say('verify_accepted' if accepted else 'verify_not_accepted')}  {file}")
        for verdict in verdicts:
            sign = say("verdict_ok") if verdict.holds else say("verdict_failed")
            detail = f": {verdict.detail}" if verdict.detail else ""
            run.lines.append(f"   {sign}  {say(f'rule_{verdict.rule}')}{detail}")
        run.result.extra.setdefault("verdicts", []).append(
            {
                "path": file,
                "accepted": accepted,
                **{
                    name: document.get(name)
                    for name in ("provider", "model", "mode", "input_images", "ok", "bytes")
                },
                "rules": [asdict(verdict) for verdict in verdicts],
            }
        )
    rows = run.result.extra.setdefault("verdicts", [])
    refused = sum(not row["accepted"] for row in rows)
    run.result.extra["accepted"] = bool(rows) and not refused
    if refused or not rows:
        run.result.status = "failed"
        raise UnusableResult("verify_refused", remedy="none", refused=refused, total=len(rows))
    run.result.status = "succeeded"
