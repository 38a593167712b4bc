"""The benchmark's section on image2."""

from scripts.bench_queue import Subject
from scripts.bench_queue import measure as measure_queue
from tests.providers.kexiang import TaskPlan

IMAGE2 = Subject(
    skill="image2",
    create=("create_task.py", "--mode", "text2img", "--size", "1:1", "--json"),
    fixed=8.0,
    key=lambda house: {"X_API_KEY": house.kexiang.key},
    service=lambda house: house.kexiang,
    task_plan=TaskPlan,
)


def measure() -> None:
    """Print the tables."""
    measure_queue(IMAGE2)
