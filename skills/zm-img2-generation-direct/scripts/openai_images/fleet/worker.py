"""A worker of the fleet: runs one account's jobs until it is stopped, and finishes what it has paid for."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg_pool

from openai_images.fleet import engine
from openai_images.fleet.draw import draw
from openai_images.fleet.reconcile import reconcile, salvage_spool
from shared.errors import DiskError

if TYPE_CHECKING:
    from collections.abc import Callable

    import procrastinate

    from openai_images.fleet.draw import Worker

POLL_SECONDS = 2.0  # between two checks for jobs without a notification, such as delayed ones
TICK_SECONDS = 5.0  # between two signs of life of the session that holds the locks
RECONCILE_TICKS = 12  # ticks between two checks for the remains of crashed workers
DRAIN_WITHIN = 120.0  # seconds: a draining worker waits for jobs that may start so soon
RECONNECT_SECONDS = 2.0
STOP_SECONDS = 0.1  # between two looks whether the worker is to stop
DATABASE_GONE = (engine.ConnectorError, psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed, OSError)


class Fleet:
    """Runs one worker's loop; `on_trouble` hears once that the database is away, `on_back` that it is back."""

    def __init__(
        self,
        worker: Worker,
        queue: str,
        *,
        concurrency: int,
        drain: bool,
        on_trouble: Callable[[str], None],
        on_back: Callable[[], None],
    ) -> None:
        self._worker = worker
        self._queue = queue
        self._concurrency = concurrency
        self._drain = drain
        self._on_trouble = on_trouble
        self._on_back = on_back
        self._in_trouble = False
        self.signal_number: int | None = None

    def run(self) -> None:
        """Take jobs until a signal, an error that stops the worker, or, when draining, until none waits."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency + 2))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._on_signal, number)
        ticking = asyncio.create_task(self._tick())
        try:
            await self._serve()
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking

    def _on_signal(self, number: int) -> None:
        self.signal_number = self.signal_number or number
        self._worker.stopping.set()

    async def _serve(self) -> None:
        """Run the engine's worker; after a lost database, again as soon as it is back."""
        while not self._worker.stopping.is_set():
            try:
                if await self._serve_once():
                    return
            except DATABASE_GONE as error:
                self._report_trouble(str(error.__cause__ or error))
            await asyncio.to_thread(self._worker.stopping.wait, RECONNECT_SECONDS)

    async def _serve_once(self) -> bool:
        """Serve until the engine's worker ends; return whether there is nothing more to do."""
        app = engine.new_app(self._worker.store.conninfo)
        engine.add_task(app, self._draw)
        async with app.open_async():
            self._report_back()
            serving = asyncio.create_task(self._engine(app))
            while not serving.done() and not self._worker.stopping.is_set():
                await asyncio.wait({serving}, timeout=STOP_SECONDS)
            if not serving.done():
                serving.cancel()  # takes no more jobs, and waits for the running ones
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            if self._worker.stopping.is_set():
                return True
        return self._drain and not await asyncio.to_thread(self._waiting)

    async def _engine(self, app: procrastinate.App) -> None:
        await app.run_worker_async(
            queues=[self._queue],
            name=self._worker.name,
            concurrency=self._concurrency,
            wait=not self._drain,
            fetch_job_polling_interval=POLL_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
        )

    def _draw(self, local_id: str, task: dict[str, Any]) -> None:
        draw(self._worker, local_id, task)

    def _waiting(self) -> int:
        with self._worker.store.transaction() as connection:
            return engine.waiting(connection, self._queue, within=DRAIN_WITHIN)

    async def _tick(self) -> None:
        """Keep the locks' session alive, and clear up after crashed workers now and then."""
        ticks = 0
        while True:
            with contextlib.suppress(DiskError):
                await asyncio.to_thread(self._worker.store.ping)
                if ticks % RECONCILE_TICKS == 0:
                    await asyncio.to_thread(self._clear_up)
            ticks += 1
            await asyncio.sleep(TICK_SECONDS)

    def _clear_up(self) -> None:
        salvage_spool(self._worker)
        reconcile(self._worker.store, apply=True)

    def _report_trouble(self, reason: str) -> None:
        if not self._in_trouble:
            self._on_trouble(reason)
        self._in_trouble = True

    def _report_back(self) -> None:
        if self._in_trouble:
            self._on_back()
        self._in_trouble = False
