"""The options about the service and the wait, checked before anything is sent or written."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ima_studio import __version__, wire
from ima_studio.logbook import Logbook
from ima_studio.messages import MESSAGES
from ima_studio.request import TASK_TYPES, ImageRequest, check_task_type
from shared.cli.app import Options, parse_number
from shared.cli.context import CommandContext, Skill
from shared.cli.preview import show_plan, show_preview
from shared.errors import BadInput, SkillError
from shared.i18n.catalog import short_repr
from shared.journal.entry import Entry, split_task_ref
from shared.journal.reader import JournalReader
from shared.journal.states import PASSED_OVER_BY_NEW
from shared.openclaw.folders import expand_path, output_folder, state_folders
from shared.polling import MIN_POLL_INTERVAL, Deadline
from shared.security.keys import KeySource, ResolvedKey, find_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ima_studio.client import Client
    from ima_studio.pricing import Offer
    from ima_studio.products import Product
    from ima_studio.provider import Order
    from ima_studio.request import TaskType
    from shared.output.outcome import Outcome
    from shared.provider import Context

KEY_NAME = "IMA_API_KEY"
KEY_FLAG, KEY_START = "--api-key", "ima_"
SKILL = Skill(
    "ai-nano-banana-ima",
    "ima",
    __version__,
    MESSAGES,
    "ima_image_create.py",
    key_variables=(KEY_NAME,),
    secret_options=(KEY_FLAG,),
    cost_unit=wire.COST_UNIT,
)
DEFAULT_TIMEOUT = 600.0  # seconds; the published time limit of the wait
MAX_INTERVAL = 3600.0  # seconds
MAX_POINTS = 10**10  # for all images of one request


class Service:
    """One run's way to the service; the key is found and the places for files are chosen when it is made."""

    def __init__(self, context: CommandContext, options: Options, params: dict[str, Any]) -> None:
        self._ui = context
        self._options = options
        self._params = params
        self._interval = parse_number("--poll-interval", params["poll_interval"], MIN_POLL_INTERVAL, MAX_INTERVAL)
        self._max_points = parse_number("--max-points", params["max_points"], 0, MAX_POINTS)
        self._seconds = options.seconds() or DEFAULT_TIMEOUT
        self._states = state_folders()
        self._folder = output_folder(options.output_dir, self._states[0])
        self._key = found_key(context, params["api_key"])
        self._log = Logbook(self._states[0])
        if options.output_dir is not None:
            context.resume_options = {"--output-dir": str(expand_path(options.output_dir))}

    def generate(self, request: ImageRequest, on_bought: Callable[[Offer], None], *, remembered: bool) -> Outcome:
        """Create the images of a request."""

        def work() -> Outcome:
            with self._client() as client:
                products = self._products(client, request.task_type)
                from ima_studio import provider  # noqa: PLC0415  - the first request need not wait for it

                order = self._order(request, on_bought, remembered=remembered)
                return provider.create(order, products, client, self._task_context(), self._ui.result)

        return self._logged(work)

    def resume(self, identifier: str | None) -> Outcome:
        """Resume a task."""
        if not wire.TASK_ID.fullmatch(split_task_ref(identifier or "")[1]):
            raise BadInput("resume_invalid", flag="--resume", got=short_repr(identifier))
        account = self._key.secret.account()
        imported = Entry("", SKILL.slug, SKILL.provider, "", "", base_url=f"https://{wire.HOST}", account=account)
        if self._options.dry_run:
            return self._plan({"method": "POST", "path": wire.DETAIL_PATH, "body": {"task_id": identifier}})

        def work() -> Outcome:
            from ima_studio.provider import Provider  # noqa: PLC0415
            from shared import queue_task  # noqa: PLC0415

            with self._client() as client:
                context = self._task_context()
                return queue_task.resume(str(identifier), imported, Provider(client), context, self._ui.result)

        return self._logged(work)

    def plan(self, request: ImageRequest, *, remembered: bool) -> Outcome:
        """Return what would be sent and what it costs; the free product list is read for that."""

        def work() -> Outcome:
            from ima_studio import provider  # noqa: PLC0415
            from ima_studio.submit import price_text  # noqa: PLC0415
            from ima_studio.user_messages import tell_notices, with_message  # noqa: PLC0415

            with self._client(writes=False) as client:
                order = self._order(request, lambda _offer: None, remembered=remembered)
                products = self._products(client, request.task_type)
                purchase = provider.price(order, products, client, self._task_context())
                self._ui.result = purchase.describe(self._ui.result)  # also where the price is above the limit
                purchase.check_price()
                notice = tell_notices(purchase, self._ui.reporter)
                if notice:
                    self._ui.result = with_message(self._ui.result, "notice", notice)
            links = [
                image if isinstance(image, str) else f"(uploaded first: {image.path.name})"
                for image in request.inputs
            ]
            body = wire.create_body(request.task_type, request.prompt, purchase.offer, links)
            uploads = [f"{image.path} -> {wire.UPLOAD_HOST}" for image in request.files]
            show_preview(
                self._ui,
                provider.new_entry(order, purchase, self._folder),
                JournalReader(SKILL.slug, self._states, access="read"),
                passed_over=PASSED_OVER_BY_NEW if self._options.new else (),
                public_files=[str(image.path) for image in request.files],
                agreed={"--max-points": price_text(purchase.offer.points)},
            )
            return self._plan({"method": "POST", "path": wire.CREATE_PATH, "body": body, "uploads": uploads})

        return self._logged(work)

    def list_models(self) -> Outcome:
        """Return what can be bought, with its points."""
        from ima_studio import model_list  # noqa: PLC0415

        named = self._params["task_type"]
        task_types = TASK_TYPES if named is None else (check_task_type(named),)

        def work() -> Outcome:
            models: dict[str, Any] = {}
            lines: list[str] = []
            with self._client(writes=False) as client:
                for task_type in task_types:
                    products = self._products(client, task_type)
                    models[task_type] = model_list.rows(products)
                    lines += model_list.lines(task_type, products, self._ui.catalog)
            extra = {**self._ui.result.extra, "models": models}
            return replace(self._ui.result, status="succeeded", extra=extra, lines=tuple(lines))

        return self._logged(work)

    def _order(self, request: ImageRequest, on_bought: Callable[[Offer], None], *, remembered: bool) -> Order:
        from ima_studio.provider import Order  # noqa: PLC0415

        account, options = self._key.secret.account(), self._options
        downgrade = self._params["allow_downgrade"]
        return Order(request, account, options.variant, downgrade, remembered, on_bought, self._max_points)

    def _plan(self, plan: dict[str, Any]) -> Outcome:
        headers = {**wire.headers(self._ui.catalog.language), "Authorization": f"Bearer {self._key.secret}"}
        plan = {
            "method": plan.pop("method"),
            "url": f"https://{wire.HOST}{plan.pop('path')}",
            "headers": headers,
            **plan,
            "cost": self._ui.result.cost,
            "output_dir": str(self._folder),
        }
        show_plan(self._ui, plan)
        return self._ui.result

    @contextlib.contextmanager
    def _client(self, *, writes: bool = True) -> Iterator[Client]:
        from ima_studio.client import Client  # noqa: PLC0415  - with requests, slower than all of the above
        from shared.images.download import check_output_folder  # noqa: PLC0415

        self._deadline = Deadline.after(self._seconds)
        language = self._ui.catalog.language
        with Client(self._key.secret, user_agent=SKILL.user_agent, language=language) as client:
            if writes:
                check_output_folder(self._folder)
            yield client

    def _task_context(self) -> Context:
        from shared.journal.claim import Journal  # noqa: PLC0415
        from shared.provider import Context  # noqa: PLC0415

        return Context(
            self._ui,
            Journal(SKILL.slug, self._states, run_budget=self._options.run_budget(SKILL)),
            self._states[0],
            self._folder,
            self._deadline,
            self._interval,
            no_wait=self._options.no_wait,
            new=self._options.new,
        )

    def _products(self, client: Client, task_type: TaskType) -> list[Product]:
        from ima_studio.client import read_list  # noqa: PLC0415

        return read_list(client, task_type, self._deadline)

    def _logged(self, work: Callable[[], Outcome]) -> Outcome:
        """Return the outcome of the work, and log how it began and ended."""
        asked = self._ui.result
        self._log.clear()
        self._log.note("begin", mode=asked.mode, model=asked.model, requested=asked.requested)
        try:
            outcome = work()
        except SkillError as error:
            outcome = replace(self._ui.result, error=error)
        except BaseException:
            self._log.task(self._ui.result)
            raise
        if isinstance(failure := outcome.error, SkillError):
            self._log.note("end", error=failure.code, code=failure.provider_code, status=failure.http_status)
        self._log.task(outcome)
        return outcome


def found_key(context: CommandContext, flag_value: str | None) -> ResolvedKey:
    """Return the key of --api-key, else of IMA_API_KEY, and report warnings about its source.

    Raises:
        BadInput: the flag has no value, so the next option was taken as the key.
        ConfigurationError: there is no key, or the first that is set is malformed.
    """
    key = find_key(key_sources(flag_value))
    for source, reason in key.passed_over:
        context.reporter.info(f"key_source_{reason}", source=source)
    if key.source == KEY_FLAG:
        context.reporter.info("key_in_argv")
    if not key.secret.reveal().startswith(KEY_START):
        context.reporter.info("key_form", source=key.source)
    return key


def key_sources(flag_value: str | None) -> list[KeySource]:
    """Return where a key may come from, first choice first.

    Raises:
        BadInput: the flag has no value, so the next option was taken as the key.
    """
    if flag_value is not None and flag_value.startswith("--"):
        raise BadInput("key_swallowed", flag=KEY_FLAG, got=short_repr(flag_value))
    return [KeySource(KEY_FLAG, lambda: flag_value), KeySource(KEY_NAME, lambda: os.environ.get(KEY_NAME))]
