"""What a bucket's server may have against us, in the same words for all: what is wrong, what next."""

_LONGEST = 300  # characters of a server's own words


def no_bucket(bucket: str) -> str:
    """A name that is wrong, or a bucket that is still to be made."""
    return f"there is no bucket {bucket}; make it, or name another store"


def denied(words: str) -> str:
    """An account that may not do what was asked."""
    return f"{_line(words)}; give the account the right to list, read, write and delete there, or use another"


def not_accepted(words: str, log_in: str) -> str:
    """Credentials that are wrong or too old, or that there are none of."""
    return f"the credentials are not accepted ({_line(words)}); {log_in}"


def wrong_clock(words: str) -> str:
    """A machine with another time than the server's."""
    return f"this machine's clock is wrong ({_line(words)}); set it, as by `timedatectl set-ntp true`"


def unreachable(server: str, words: str) -> str:
    """A server that does not answer."""
    return (
        f"{server} does not answer ({_line(words)}); see whether that name is right, and this machine online"
    )


def failing(words: str) -> str:
    """A server that answers, but not as it should."""
    return f"the server refuses ({_line(words)}); try again later, or name another store"


def root(error: BaseException) -> str:
    """What is below the clients' own words for a call that came to nothing."""
    below = [*error.args, getattr(error, "reason", None), getattr(error, "kwargs", {}).get("error")]
    cause = next((each for each in below if isinstance(each, Exception)), None)
    return root(cause) if cause else str(error.args[-1] if error.args else error).rpartition(": ")[2]


def _line(words: str) -> str:
    line = " ".join(words.split()).rstrip(".")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
