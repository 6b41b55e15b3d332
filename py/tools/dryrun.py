"""The dry run: whether this process only says what it would do.

Kept in one place, beside the doors that it guards (`process.run`, and every call of an API), so that no
command can forget to pass it on. The command line sets it once.
"""

enabled = False


def would(what: str) -> bool:
    """True in a dry run, after printing `would …`: the caller then leaves the deed undone."""
    if enabled:
        print(f"would {what}", flush=True)
    return enabled
