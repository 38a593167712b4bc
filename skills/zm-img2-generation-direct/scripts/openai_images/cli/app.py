"""Command lines of run.py, tasks.py and doctor.py, and the options that the other commands share."""

from __future__ import annotations

import dataclasses
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openai_images import __version__, parent_watch, wire
from openai_images.cli.options import (
    TOTAL_SECONDS,
    image_options,
    model_name,
    names_database,
    note_other_models,
    provider_name,
    reference_list,
    retry_policy,
    set_proof,
)
from openai_images.config.provider import DEFAULT_PROVIDER, NAME, find_provider
from openai_images.journal_entry import new_entry
from openai_images.messages import MESSAGES
from openai_images.request import (
    DEFAULT_NAME,
    DEFAULT_SIZE,
    ImageRequest,
    image_request,
    request_facts,
    task_name,
)
from shared.cli.app import Options, common_options, options_of, run_command
from shared.cli.context import CommandContext, Skill
from shared.cli.next_command import early_options
from shared.cli.preview import show_plan, show_preview
from shared.cli.prompt_input import read_prompt
from shared.errors import BadInput
from shared.i18n.catalog import short_repr
from shared.journal.claim import Journal
from shared.journal.states import PASSED_OVER_BY_NEW
from shared.openclaw.folders import output_folder, state_folders
from shared.polling import Deadline

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openai_images.config.provider import Provider
    from openai_images.services import Services
    from shared.output.outcome import Outcome
    from shared.provider import Context

SKILL = Skill(
    "zm-img2-generation-direct",
    DEFAULT_PROVIDER,
    __version__,
    MESSAGES,
    "run.py",
    repeat_options=("--on-unknown",),
    cost_unit=wire.COST_UNIT,
)

EXTRA_FIELDS: dict[str, Any] = {"output": None, "bytes": None, "run_dir": None, "raw": False, "proof": None}
"""Fields that only run.py's result document has, with their initial values."""


def run(argv: Sequence[str], launcher: str) -> int:
    """Run run.py and return its exit code."""
    parent_watch.watch()
    return run_image_command(_run, argv, launcher, EXTRA_FIELDS)


def tasks(argv: Sequence[str], launcher: str) -> int:
    """Run tasks.py and return its exit code; `resume ID` runs run.py --resume ID."""
    from shared.cli.again import again  # noqa: PLC0415
    from shared.cli.tasks import tasks_command  # noqa: PLC0415

    if argv[:1] == ["resume"] and argv[1:2] not in ([], ["--help"]):
        return run(["--resume", *argv[1:]], str(Path(launcher).with_name(SKILL.main_launcher)))
    if argv[:1] == ["again"]:
        return again(SKILL, argv[1:], launcher, run)
    return run_image_command(tasks_command(SKILL), argv, launcher)


def doctor(argv: Sequence[str], launcher: str) -> int:
    """Run doctor.py and return its exit code."""
    from openai_images.cli.doctor import doctor_config  # noqa: PLC0415
    from shared.cli.doctor import doctor_command  # noqa: PLC0415

    skill = SKILL
    examined = functools.partial(doctor_config, user_agent=SKILL.user_agent)
    if names_database(argv):
        from openai_images.fleet.doctor import fleet_checks  # noqa: PLC0415
        from openai_images.message_tables.fleet import FLEET  # noqa: PLC0415

        skill = dataclasses.replace(SKILL, messages={**SKILL.messages, **FLEET})
        examined = functools.partial(doctor_config, user_agent=SKILL.user_agent, more_checks=fleet_checks)
    options = (*PROVIDER_OPTIONS, DATABASE_OPTION, STORE_OPTION)
    return run_image_command(doctor_command(SKILL, examined, options), argv, launcher, skill=skill)


def run_image_command(
    command: click.Command,
    argv: Sequence[str],
    launcher: str,
    own: Mapping[str, Any] | None = None,
    *,
    skill: Skill = SKILL,
) -> int:
    """Run a command of this skill; its document names the configured provider, whatever else goes wrong."""
    name = (
        early_options(argv, (), "--provider")["provider"]
        or os.environ.get("OPENCLAW_IMAGE_PROVIDER")
        or DEFAULT_PROVIDER
    )
    skill = dataclasses.replace(skill, provider=name if NAME.fullmatch(name) else DEFAULT_PROVIDER)
    return run_command(command, skill, argv, launcher, own)


PROVIDER_OPTIONS = (
    click.option("--provider", metavar="NAME", help="Provider in OpenClaw's configuration (default: happy)."),
)
DATABASE_OPTION = click.option(
    "--database", metavar="ADDRESS", help="A fleet's PostgreSQL, without password (default: IMAGE_QUEUE_DATABASE)."
)
STORE_OPTION = click.option(
    "--store", metavar="PLACE", help="A fleet's shared folder or s3://BUCKET/PREFIX (default: IMAGE_QUEUE_STORE)."
)
IMAGE_OPTIONS = (
    *PROVIDER_OPTIONS,
    click.option("--model", metavar="NAME", help="Image model (default: gpt-image-2)."),
    click.option("--size", metavar="WxH", help=f"Size in pixels, or auto (default: {DEFAULT_SIZE})."),
    click.option(
        "--quality", metavar="LEVEL", help="Quality: auto, low, medium, high; newer models also xhigh, max."
    ),
    click.option("--format", metavar="TYPE", help="File type: png (default), jpeg or webp."),
    click.option("--compression", metavar="N", help="Quality of jpeg and webp, 0 to 100 (default: 100)."),
    click.option("--background", metavar="KIND", help="Background: auto, opaque or transparent (png and webp)."),
    click.option("--moderation", metavar="LEVEL", help="Content filter of the service: auto or low."),
    click.option("--n", metavar="N", help="Images per paid request: 1 (default) to 10."),
    click.option("--input-fidelity", metavar="LEVEL", help="Fidelity to the reference images: high or low."),
)
ATTEMPT_OPTIONS = (
    click.option("--timeout-ms", metavar="MS", help="Time limit of one attempt (default: 600000)."),
    click.option("--max-attempts", metavar="N", help="Send at most N paid requests (default: 3, maximum: 5)."),
    click.option("--retry-base-delay", metavar="SECONDS", help="Delay before the second attempt (default: 8)."),
    click.option("--retry-max-delay", metavar="SECONDS", help="Longest delay between two attempts (default: 45)."),
    click.option("--retry-jitter", metavar="SECONDS", help="Random addition to each delay, at most (default: 5)."),
    click.option(
        "--on-unknown",
        metavar="fail|retry",
        help="If a request may have been charged but no image arrived: stop (default), or send it again, up to "
        "--max-attempts; for a task of an earlier run that ended this way, once.",
    ),
)
ACCEPTED_OPTIONS = (
    click.option("--raw", is_flag=True, help="Note this in the result; prompts are never altered anyway."),
    click.option("--no-send", is_flag=True, help="Accepted for compatibility; the caller always delivers."),
)


@click.command(help="Create one image from text and up to 16 reference images, or resume a task (--resume ID).")
@click.option("--prompt", metavar="TEXT", help="Description of the image, sent unchanged.")
@click.option(
    "--prompt-file", metavar="FILE", help="Read the prompt from FILE (- for stdin), without a final newline."
)
@click.option("--task-name", default=DEFAULT_NAME, metavar="NAME", help="Prefix of the file names.")
@click.option(
    "--input-image", "--image", "--reference-image", "inputs", multiple=True, metavar="PATH",
    help="Reference image (PNG, JPEG or WebP); repeatable.",
)  # fmt: skip
@click.option(
    "--images", metavar="LIST", help="More reference images: a JSON array, or paths separated by commas."
)
@click.option("--mask", metavar="PATH", help="PNG of the first reference's size; its transparent part is redrawn.")
@options_of(*IMAGE_OPTIONS, *ATTEMPT_OPTIONS, *ACCEPTED_OPTIONS)
@click.version_option(__version__)
@common_options
def _run(context: CommandContext, options: Options, **params: Any) -> Outcome:
    context.note_own(raw=params["raw"])
    name = task_name("--task-name", params["task_name"])
    request = None if options.resume is not None else _request(context, options, params)
    command = _Command(context, options, params)
    return command.plan(request, name) if options.dry_run else command.run(request, name)


_OPTION_HELP = {
    "output_dir": "Save images to DIR (default: generated-images in OpenClaw's state folder).",
    "timeout": "Time limit of all attempts together (default: 1700); one that is cut off may have been charged.",
    "no_wait": "Do not wait for another process that is working on the same request.",
    "resume": "Resume the task with this ID. Free unless --on-unknown retry is set.",
}
"""Help of the common options for a service that returns the image itself and stores nothing."""
for _option in _run.params:
    if isinstance(_option, click.Option):
        _option.help = _OPTION_HELP.get(str(_option.name), _option.help)


class _Command:
    """The options besides the request, checked before anything is sent or written."""

    def __init__(self, context: CommandContext, options: Options, params: dict[str, Any]) -> None:
        self._context = context
        self._options = options
        self._retry_policy = retry_policy(params)
        self._total_seconds = options.seconds() or TOTAL_SECONDS
        self._states = state_folders()
        self._folder = output_folder(
            options.output_dir, self._states[0], default=self._states[0] / "generated-images"
        )
        context.note(provider=provider_name(params["provider"]))
        self._provider = find_provider(context.result.provider)
        if options.resume is None:
            self._provider.check_model(str(context.result.model))
        self._journal = Journal(SKILL.slug, self._states, run_budget=options.run_budget(SKILL))
        if options.resume is not None and not self._journal.find(options.resume):
            raise BadInput("task_unknown", identifier=short_repr(options.resume))
        context.resume_options = {"--provider": self._provider.name}
        if options.output_dir is not None:
            context.resume_options["--output-dir"] = str(self._folder)

    def run(self, request: ImageRequest | None, name: str) -> Outcome:
        """Create the image, or resume a task."""
        from openai_images import (  # noqa: PLC0415  - with requests, which costs the most
            provider,
            run_folder,
        )

        ui = self._context
        services, context = self._services(name)
        with services.client:
            if request:
                entry = new_entry(request, self._provider, variant=self._options.variant, folder=self._folder)
                ui.result = provider.generate(request, entry, services, context, ui.result)
            else:
                ui.result = provider.resume(str(self._options.resume), services, context, ui.result)
        if not ui.result.error:
            set_proof(ui, ui.result.provider, [str(ui.result.model)])
        run_folder.record(ui)
        folder = ui.result.extra["run_dir"]
        lines = (ui.catalog.format("output_line", path=folder),) if folder and not ui.result.error else ()
        return dataclasses.replace(ui.result, lines=lines)

    def plan(self, request: ImageRequest | None, name: str) -> Outcome:
        """Return what would be sent and where files would go; nothing is sent or written."""
        plan: dict[str, Any] = {"resume": self._options.resume}
        if request:
            plan = request_plan(request, self._provider)
            plan["output"] = str(self._folder / f"{name}-<id>.png")
            plan["run_dir"] = str(self._folder / "_runs" / f"{name}-<id>")
            draft = new_entry(request, self._provider, variant=self._options.variant, folder=self._folder)
            passed_over = PASSED_OVER_BY_NEW if self._options.new else ()
            show_preview(self._context, draft, self._journal, passed_over=passed_over)
        plan["output_dir"] = str(self._folder)
        show_plan(self._context, plan)
        return self._context.result

    def _services(self, name: str) -> tuple[Services, Context]:
        from openai_images.client import Client  # noqa: PLC0415
        from openai_images.private_folder import private_folder  # noqa: PLC0415
        from openai_images.services import OutputPaths, Services  # noqa: PLC0415
        from shared.images.download import check_output_folder  # noqa: PLC0415
        from shared.provider import Context  # noqa: PLC0415

        client = Client(self._provider, user_agent=SKILL.user_agent)
        check_output_folder(self._folder)
        runs = private_folder(self._folder / "_runs", "--output-dir")
        context = Context(
            self._context,
            self._journal,
            self._states[0],
            self._folder,
            Deadline.after(self._total_seconds),
            no_wait=self._options.no_wait,
            new=self._options.new,
        )
        return Services(self._provider, client, self._retry_policy, OutputPaths(self._folder, runs, name)), context


def request_plan(request: ImageRequest, provider: Provider) -> dict[str, Any]:
    """Return the request that would be sent, with the key masked."""
    plan: dict[str, Any] = {"method": "POST", "url": provider.base_url + wire.PATHS[request.mode]}
    plan["headers"] = {"Authorization": f"Bearer {provider.secret}"}
    plan["body"] = wire.generation_body(request)
    plan["input_images"] = [reference.row() for reference in request.references]
    plan["estimate"] = request.estimate(provider.prices)
    return plan


def _request(context: CommandContext, options: Options, params: dict[str, Any]) -> ImageRequest:
    prompt = read_prompt(params["prompt"], params["prompt_file"])
    context.set_language(prompt, options.lang)
    references = [("--input-image", path) for path in params["inputs"]]
    if params["images"] is not None:
        references += [("--images", path) for path in reference_list("--images", params["images"])]
    request = image_request(
        prompt=prompt,
        model=model_name(params["model"]),
        size=params["size"] if params["size"] is not None else DEFAULT_SIZE,
        references=references,
        options=image_options(params),
        mask=None if params["mask"] is None else ("--mask", params["mask"]),
    )
    note_other_models(context, [request.model])
    context.note(**request_facts(request))
    return request
