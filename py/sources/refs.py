"""Which commits are asked for: a base and the pull requests that are merged onto it, as Prow writes them."""

import re
from collections.abc import Iterator

from py.tools.errors import UsageError
from py.tools.refs import Pull, Refs

_SHA = re.compile(r"[0-9a-f]{7,64}")
_NO_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[-/.]|[/.]$|^@$|\.lock(/|$)")
FULL = (40, 64)  # the digits of a whole SHA-1 and SHA-256


def parse(
    refs: str = "", *, pull: str = "", commit: str = "", base_commit: str = "", branch: str = ""
) -> Refs:
    """Read the flags of `clone` together; UsageError, in one line, where they are wrong or contradict.

    `commit` is the head of the pull request where there is one, and what is checked out where there is none.
    """
    whole = _whole(refs)
    pulls = _agreed("--refs and --pull", whole.pulls, tuple(_pulls(pull, "--pull")))
    head = _sha(commit, "--commit")
    base = _sha(base_commit, "--base_commit")
    if head and len(pulls) > 1:
        raise UsageError("--commit belongs to one pull request; write several as --pull=12:SHA,15:SHA")
    if head and pulls:
        (only,) = pulls
        pulls = (only._replace(sha=_same(f"the commits of pull request {only.number}", only.sha, head)),)
    elif head:
        base = _same("--base_commit and --commit without --pull", base, head)
    return Refs(
        _same("--refs and --branch", whole.base_ref, _ref(branch, "--branch")),
        _same("--refs and --base_commit or --commit", whole.base_sha, base),
        pulls,
    )


def _whole(text: str) -> Refs:
    if not text:
        return Refs()
    base, _, pulls = text.partition(",")
    name, _, sha = base.partition(":")
    return Refs(_ref(name, "--refs"), _sha(sha, "--refs"), tuple(_pulls(pulls, "--refs")))


def _pulls(text: str, flag: str) -> Iterator[Pull]:
    seen = set()
    for word in filter(None, text.split(",")):
        number, _, rest = word.partition(":")
        sha, _, ref = rest.partition(":")
        if not re.fullmatch("[1-9][0-9]{0,17}", number):
            raise UsageError(f"{flag}: {word!r} is no pull request; write 12, or 12:SHA")
        if number in seen:
            raise UsageError(f"{flag} names pull request {number} twice")
        seen.add(number)
        yield Pull(int(number), _sha(sha, flag), _ref(ref, flag))


def _sha(text: str, flag: str) -> str:
    """The commit in lower case; a branch is refused, since it would mean another commit tomorrow."""
    if text and not _SHA.fullmatch(text.lower()):
        raise UsageError(f"{flag}: {text!r} is no commit (7 to 64 hex digits); a branch goes into --branch")
    return text.lower()


def _ref(text: str, flag: str) -> str:
    """A name that git allows for a branch or tag, and that no program can take for an option."""
    if text and _NO_REF.search(text):
        raise UsageError(f"{flag}: {text!r} cannot be the name of a branch or tag")
    return text


def _same(what: str, one: str, other: str) -> str:
    """The longer of two spellings of one thing."""
    shorter, longer = sorted((one, other), key=len)
    if shorter != longer and shorter and not (_SHA.fullmatch(longer) and longer.startswith(shorter)):
        raise UsageError(f"{what} contradict each other: {one} and {other}; give one of them")
    return longer


def _agreed(what: str, one: tuple[Pull, ...], other: tuple[Pull, ...]) -> tuple[Pull, ...]:
    if not one or not other:
        return one or other
    if [p.number for p in one] != [p.number for p in other]:
        first, second = (",".join(str(p.number) for p in pulls) for pulls in (one, other))
        raise UsageError(f"{what} contradict each other: {first} and {second}; give one of them")
    return tuple(
        Pull(a.number, _same(f"{what} for {a.number}", a.sha, b.sha), _same(what, a.ref, b.ref))
        for a, b in zip(one, other, strict=True)
    )
