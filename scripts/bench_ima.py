"""The benchmark's section on ai-nano-banana-ima."""

from scripts.bench_queue import Subject
from scripts.bench_queue import measure as measure_queue
from tests.providers.ima import TaskPlan

IMA = Subject(
    skill="ai-nano-banana-ima",
    create=("ima_image_create.py", "--task-type", "text_to_image", "--json"),
    fixed=5.0,
    key=lambda house: {"IMA_API_KEY": house.ima.key},
    service=lambda house: house.ima,
    task_plan=TaskPlan,
)


def measure() -> None:
    """Print the tables."""
    measure_queue(IMA)
