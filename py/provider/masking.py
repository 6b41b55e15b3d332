"""A process of Airflow that is no task does not load what only a task needs.

Airflow hides the secrets of its settings in each of its processes as it starts. To tell the supervisor of a
task as well it loads a third of itself (0.8 s of a core), also where there is none: each `airflow …` waits
for that.

Airflow loads this module in every process (entry point `airflow.policy`), before most of itself.
"""

import sys
from collections.abc import Callable
from typing import Any

import wrapt

TASK = "airflow.sdk.execution_time.task_runner"  # loaded in whoever may have a supervisor


@wrapt.when_imported("airflow.sdk.log")
def _spare(module: Any) -> None:
    def mask(ask: Callable[..., None], _: Any, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        if TASK in sys.modules:
            ask(*args, **given)
        else:
            module._secrets_masker().add_mask(*args, **given)

    wrapt.wrap_function_wrapper(module, "mask_secret", mask)
