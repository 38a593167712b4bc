"""What breaks around a fleet at one place each: S3, the database, the disk, a frozen worker, a late cancel."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer
from openai_images.fleet import draw

from shared.errors import DiskError
from tests.contract.zm.stage import eventually, expect
from tests.fleet.stage import kill, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fleet.server import PostgresServer
    from tests.fleet.stage import FleetStage

BUCKET = "images"


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """Yield the address of a server on loopback that speaks S3's protocol."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(stage: FleetStage, s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the fleet's store be a bucket; return its address."""
    settings = {
        "AWS_ENDPOINT_URL_S3": s3_address,
        "AWS_ACCESS_KEY_ID": "dummy-id",
        "AWS_SECRET_ACCESS_KEY": "dummy-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    stage.environment |= settings
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    return f"s3://{BUCKET}/{stage.folder.name}"


# ---- S3


def test_pictures_and_references_go_through_a_bucket(stage: FleetStage, bucket: str) -> None:
    stage.picture("cat.png")
    stage.ask("submit", stage.save(2, images=["cat.png"]), "--store", bucket)
    (stage.work / "cat.png").unlink()
    stage.ask("worker", "--store", bucket, "--drain")
    assert stage.paid_once() == 2
    for row in stage.tasks().values():
        assert row["output"].startswith(f"{bucket}/pictures/")
        key = row["output"].removeprefix(f"s3://{BUCKET}/")
        content = boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]


def test_a_bucket_that_is_another_or_missing_is_refused(stage: FleetStage, bucket: str) -> None:
    stage.ask("submit", stage.save(1), "--store", bucket)
    stage.ask("worker", "--store", f"{bucket}-other", "--drain", code=12, error="store_not_shared")
    stage.ask("worker", "--store", "s3://no-such-bucket", "--drain", code=12, error="store_failed")
    assert stage.paid == []


# ---- the database


def test_a_database_that_goes_away_in_the_request_loses_no_picture(
    stage: FleetStage, server: PostgresServer
) -> None:
    stage.service.default_seconds = 2.0
    stage.submit(1)
    worker = stage.start_worker()
    eventually(lambda: stage.paid)
    server.stop()
    time.sleep(2.5)  # the answer comes while nobody can write it down
    server.start()
    eventually(lambda: stage.counts() == {"completed": 1})
    assert stop(worker) == 0
    assert stage.paid_once() == 1


def test_a_database_that_is_away_before_the_mark_sends_nothing(
    stage: FleetStage, server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.submit(2)
    turn = draw._wait_for_turn
    stopped = threading.Event()

    def stop_once(worker: draw.Worker) -> None:
        turn(worker)
        if not stopped.is_set():
            stopped.set()
            server.stop()
            threading.Timer(1.0, server.start).start()

    monkeypatch.setattr(draw, "_wait_for_turn", stop_once)
    stage.drain("--max-workers", "1")
    eventually(lambda: stage.ask("reconcile", "--apply", "--heartbeat", "1") and stage.drain() and
               stage.counts() == {"completed": 2})  # fmt: skip
    assert stage.paid_once() == 2


# ---- the disk and the store


def test_a_full_spool_sends_nothing_and_stops_the_worker(
    stage: FleetStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.submit(3)
    monkeypatch.setattr(draw, "MIN_FREE_BYTES", 1 << 62)
    stage.drain(code=12, error="spool_full")
    assert stage.paid == []
    assert stage.counts() == {"queued": 3}


def test_a_store_that_fails_keeps_the_paid_picture_for_the_next_start(
    stage: FleetStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.submit(1)

    def fail(*_arguments: object) -> str:
        raise DiskError("store_failed", place="the store", reason="away")

    with monkeypatch.context() as patched:
        patched.setattr(draw, "_put", fail)
        stage.drain(code=12, error="store_failed")
    assert stage.counts() == {"running": 1}
    assert stage.paid_once() == 1
    stage.drain()
    assert stage.counts() == {"completed": 1}
    assert stage.paid_once() == 1


# ---- owners


def test_a_frozen_worker_keeps_its_task(stage: FleetStage) -> None:
    stage.service.default_seconds = 1.0
    stage.submit(1)
    worker = stage.start_worker()
    eventually(lambda: stage.paid)
    os.kill(worker.pid, signal.SIGSTOP)
    time.sleep(2.0)  # past the heartbeat that reconcile is told to ask for
    assert stage.ask("reconcile", "--apply", "--heartbeat", "1")["counters"]["alive"] == 1
    assert stage.counts() == {"running": 1}
    os.kill(worker.pid, signal.SIGCONT)
    eventually(lambda: stage.counts() == {"completed": 1})
    assert stop(worker) == 0
    assert stage.paid_once() == 1


def test_an_answer_in_the_spool_of_a_killed_worker_is_taken(
    stage: FleetStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.submit(1)

    def die(*_arguments: object, **_more: object) -> None:
        raise DiskError("journal_failed", path=stage.store, reason="killed", remedy="resume")

    with monkeypatch.context() as patched:
        patched.setattr(draw, "deliver", die)
        stage.drain()
    assert stage.counts() == {"running": 1}
    stage.drain()
    assert stage.counts() == {"completed": 1}
    assert stage.paid_once() == 1


def test_a_cancel_that_races_with_the_mark_is_decided_once(
    stage: FleetStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.submit(1)
    turn = draw._wait_for_turn

    def cancel_first(worker: draw.Worker) -> None:
        turn(worker)
        expect(stage.queue("cancel", "k1"), 0)

    monkeypatch.setattr(draw, "_wait_for_turn", cancel_first)
    stage.drain()
    assert stage.counts() == {"cancelled": 1}
    assert stage.paid == []


def test_a_killed_worker_before_the_request_leaves_a_task_that_waits_again(stage: FleetStage) -> None:
    stage.submit(1)
    worker = stage.start_worker("--max-per-minute", "1")
    eventually(lambda: stage.counts() == {"completed": 1})
    stage.ask("submit", stage.save(1, "more.json", prompt="another picture"))
    eventually(lambda: stage.ask("status")["queues"] and stage.ask("status")["queues"][0]["status"] == "doing")
    kill(worker)
    stage.start_worker("--drain", "--max-per-minute", "0").wait(60)
    eventually(lambda: stage.ask("reconcile", "--apply", "--heartbeat", "1")["counters"]["again"] == 0 and
               stage.drain("--max-per-minute", "0") and stage.counts() == {"completed": 2})  # fmt: skip
    assert stage.paid_once() == 2
