"""What a reference to an image says: `r:5000/a/b:v1@sha256:…`."""


def repository(ref: str) -> str:
    """The reference without tag and digest: `r:5000/a/b`."""
    path = ref.partition("@")[0]
    head, slash, last = path.rpartition("/")
    return head + slash + last.partition(":")[0]


def has_registry(ref: str) -> bool:
    """Whether a reference says where to pull from; one that does not is of this machine's Docker."""
    first, slash, _ = ref.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")
