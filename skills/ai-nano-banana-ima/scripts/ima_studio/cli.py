"""The commands of ai-nano-banana-ima: turn options into a request and run it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ima_studio import __version__, wire
from ima_studio.config import SKILL, Service, key_sources
from ima_studio.request import (
    DEFAULT_MODEL,
    INPUTS_FLAG,
    MODELS,
    SIZES,
    TASK_TYPES,
    check_task_type,
    check_user_id,
    image_request,
    input_rows,
)
from shared.cli.app import Options, common_options, run_command
from shared.cli.prompt_input import read_prompt
from shared.disk_reason import system_reason
from shared.errors import BadInput, DiskError, SkillError
from shared.i18n.catalog import LANGUAGES, short_repr
from shared.openclaw.folders import state_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ima_studio.preferences import Preferences, Remembered
    from ima_studio.pricing import Offer
    from ima_studio.request import ImageRequest, TaskType
    from shared.cli.context import CommandContext
    from shared.cli.doctor import DoctorConfig
    from shared.output.outcome import Outcome
    from shared.security.keys import ResolvedKey


def ima_image_create(argv: Sequence[str], launcher: str) -> int:
    """Run ima_image_create.py and return its exit code."""
    own = dict.fromkeys(("url", "cover_url", "model_id", "model_name", "credit")) | {"messages": {}}
    return run_command(_ima_image_create, SKILL, _one_flag_each(argv), launcher, own)


def tasks(argv: Sequence[str], launcher: str) -> int:
    """Run tasks.py and return its exit code; its `resume ID` is ima_image_create.py --resume ID."""
    from shared.cli.again import again  # noqa: PLC0415
    from shared.cli.tasks import tasks_command  # noqa: PLC0415

    if argv[:1] == ["resume"] and argv[1:2] not in ([], ["--help"]):
        return ima_image_create(["--resume", *argv[1:]], str(Path(launcher).with_name(SKILL.main_launcher)))
    if argv[:1] == ["again"]:
        return again(SKILL, argv[1:], launcher, ima_image_create)
    return run_command(tasks_command(SKILL), SKILL, argv, launcher)


def doctor(argv: Sequence[str], launcher: str) -> int:
    """Run doctor.py and return its exit code."""
    from shared.cli.doctor import doctor_command  # noqa: PLC0415

    return run_command(doctor_command(SKILL, _patient, [_KEY_OPTION]), SKILL, argv, launcher)


_KEY_OPTION = click.option("--api-key", metavar="KEY", help="API key; the variable IMA_API_KEY is safer.")


@click.command(help="Create or edit an image with Nano Banana on IMA Studio, or resume a task (--resume ID).")
@_KEY_OPTION
@click.option("--task-type", metavar="|".join(TASK_TYPES), help="Create from text, or edit images.")
@click.option("--list-models", is_flag=True, help="List the models and their prices in points, then exit.")
@click.option(
    "--model-id", metavar="ID", help=f"Model: {' or '.join(MODELS)} (default: the remembered one, else the first)."
)
@click.option("--version-id", metavar="ID", help="Version of the model (default: the newest).")
@click.option("--prompt", metavar="TEXT", help="Description of the image, sent unchanged.")
@click.option(
    "--prompt-file", metavar="FILE", help="Read the prompt from FILE (- for stdin), without a final newline."
)
@click.option("--size", metavar="|".join(SIZES), help="Image size (default: the model's own).")
@click.option("--extra-params", metavar="JSON", help='More parameters, such as {"aspect_ratio":"16:9","n":2}.')
@click.option(INPUTS_FLAG, "inputs", multiple=True, metavar="URL|FILE", help="Images to edit; repeatable.")
@click.option("--allow-downgrade", is_flag=True, help="Use a smaller size if the service refuses this one.")
@click.option("--max-points", metavar="N", help="Pay at most N points for all images together.")
@click.option("--user-id", metavar="ID", help="User whose chosen model is remembered.")
@click.option("--forget-preference", is_flag=True, help="Forget the model of --user-id, then exit.")
@click.option("--language", metavar="zh|en", help="Same as --lang.")
@click.option("--poll-interval", metavar="SECONDS", help="Poll every SECONDS (default: adaptive).")
@click.version_option(__version__)
@common_options
def _ima_image_create(context: CommandContext, options: Options, **params: Any) -> Outcome:
    try:
        outcome = _dispatch(context, options, params)
    except SkillError as error:
        outcome = replace(context.result, error=error)
    from ima_studio.user_messages import with_messages  # noqa: PLC0415  - the first request need not wait for it

    return with_messages(outcome, context.catalog)


def _dispatch(context: CommandContext, options: Options, params: dict[str, Any]) -> Outcome:
    lang = _language(options, params["language"])
    context.set_language(context.words, lang)
    user_id = check_user_id(params["user_id"])
    if params["forget_preference"]:
        return _forget(context, user_id, params["task_type"])
    if options.resume is not None:
        return Service(context, options, params).resume(options.resume)
    if params["list_models"]:
        return Service(context, options, params).list_models()
    return _make(context, options, params, user_id, lang)


def _make(
    context: CommandContext, options: Options, params: dict[str, Any], user_id: str | None, lang: str
) -> Outcome:
    task_type = check_task_type(params["task_type"])
    named = params["model_id"] is not None
    remembered = _preferences().remembered(user_id, task_type) if user_id and not named else None
    request = _request(context, params, remembered, lang)
    service = Service(context, options, params)
    if options.dry_run:
        return service.plan(request, remembered=remembered is not None)
    on_bought = _remembering(context, user_id if named else None, task_type)
    return service.generate(request, on_bought, remembered=remembered is not None)


def _request(
    context: CommandContext, params: dict[str, Any], remembered: Remembered | None, lang: str
) -> ImageRequest:
    prompt = read_prompt(params["prompt"], params["prompt_file"])
    context.set_language(prompt, lang)
    default = remembered.model_id if remembered else DEFAULT_MODEL
    request = image_request(
        task_type=params["task_type"],
        prompt=prompt,
        model_id=default if params["model_id"] is None else params["model_id"],
        version_id=params["version_id"],
        size=params["size"],
        extra_params=params["extra_params"],
        inputs=params["inputs"],
    )
    context.result = replace(
        context.result,
        mode=request.task_type,
        model=request.model_id,
        requested={"size": request.size, "aspect_ratio": request.aspect_ratio, "n": request.count},
        input_images=input_rows(request.inputs),
        extra={**context.result.extra, "model_id": request.model_id},
    )
    return request


def _preferences() -> Preferences:
    from ima_studio.preferences import Preferences  # noqa: PLC0415  - only for those who say who they are

    return Preferences(state_folders()[0])


def _remembering(context: CommandContext, user_id: str | None, task_type: TaskType) -> Callable[[Offer], None]:
    """Return the callback that remembers the user's model once the service has accepted a task for it."""

    def remember(offer: Offer) -> None:
        if user_id is None:
            return
        product = offer.product
        try:
            _preferences().remember(user_id, task_type, product.model_id, product.label, offer.rule.points)
        except (OSError, ValueError, SkillError) as error:
            context.reporter.always("preference_not_saved", reason=type(error).__name__)

    return remember


def _forget(context: CommandContext, user_id: str | None, task_type: str | None) -> Outcome:
    if user_id is None:
        raise BadInput("user_id_needed", flag="--user-id")
    named = None if task_type is None else check_task_type(task_type)
    preferences = _preferences()
    try:
        gone = preferences.forget(user_id, named)
    except (OSError, ValueError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else str(error)
        raise DiskError("disk_failed", path=preferences.path, reason=reason) from error
    say = context.catalog.format
    line = say("preference_forgotten", tasks=", ".join(gone)) if gone else say("preference_none")
    extra = {**context.result.extra, "forgotten": gone}
    return replace(context.result, status="succeeded", extra=extra, lines=(line,))


def _language(options: Options, option: str | None) -> str:
    """Return --lang, else --language, which also accepts forms such as zh-CN."""
    if option is None:
        return options.lang
    language = option.replace("_", "-").partition("-")[0].lower()
    if language not in (*LANGUAGES, "auto"):
        raise BadInput("language_invalid", flag="--language", got=short_repr(option))
    return options.lang if options.lang != "auto" else language


def _one_flag_each(argv: Sequence[str]) -> list[str]:
    """Repeat --input-images before each of its values: the option takes many values, and click takes one."""
    arguments: list[str] = []
    flag = ""
    for argument in argv:
        if argument.startswith("-") and len(argument) > 1:
            flag = argument.partition("=")[0]
        elif flag == INPUTS_FLAG and arguments[-1] != INPUTS_FLAG:
            arguments.append(INPUTS_FLAG)
        arguments.append(argument)
    return arguments


def _patient(params: dict[str, Any]) -> DoctorConfig:
    from shared.cli.doctor import DoctorConfig  # noqa: PLC0415

    def ask(key: ResolvedKey) -> str:
        from ima_studio.client import LIST_SECONDS, Client  # noqa: PLC0415

        with Client(key.secret, user_agent=SKILL.user_agent, language="en") as client:
            client.products("text_to_image", LIST_SECONDS)
        return "service_accepts_no_balance"

    return DoctorConfig(key_sources(params["api_key"]), f"https://{wire.HOST}", ask)
