"""Run git in one folder, so that no setting, hook or prompt of this machine changes or hangs it."""

import os
import re
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from py.sources.repository import Repository
from py.tools import dryrun, process
from py.tools.censor import Censor
from py.tools.errors import CommandFailed, WindtunnelError

PAUSES = (1.0, 3.0, 9.0)  # seconds before the network is tried again

# Those of `git rev-parse --local-env-vars` that would lead us into another repository.
_ELSEWHERE = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_CONFIG",
)  # fmt: skip

# The same commits give the same tree and the same merge everywhere, whatever the user's own settings are.
_STEADY = {
    "advice.detachedHead": "false",
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.lowSpeedLimit": "1000",  # bytes a second; less for a minute is a connection that hangs
    "http.lowSpeedTime": "60",
    "i18n.commitEncoding": "utf-8",
    "init.defaultBranch": "main",
    "maintenance.auto": "false",
    "merge.directoryRenames": "conflict",
    "merge.log": "false",
    "merge.renames": "true",
    "merge.renormalize": "false",
    "merge.verifySignatures": "false",
    "rerere.enabled": "false",
    "submodule.recurse": "false",
}

# A shell runs this, so the user's own way to call ssh is kept, and cannot ask anything.
_SSH = "$(git config core.sshCommand || echo ssh) -oBatchMode=yes -oConnectTimeout=30"

_TRANSIENT = re.compile(
    r"Could not resolve host|Connection (reset|refused|timed out)|Failed to connect|early EOF|RPC failed"
    r"|unexpected disconnect|hung up unexpectedly|Operation (timed out|too slow)|error: 5\d\d|tls_handshake",
    re.IGNORECASE,
)


class GitFailed(WindtunnelError):
    """git ended badly; `output` is all that it said."""

    def __init__(self, message: str, output: str) -> None:
        super().__init__(message)
        self.output = output

    @property
    def last_word(self) -> str:
        """The line of git's output that says why: its first `fatal:` or `error:`, else its last."""
        return _last_word(self.output)


class Done(NamedTuple):
    """A command that ran: what Prow's clone-records.json keeps of it; `nanoseconds` as Go counts."""

    command: str
    output: str
    error: str
    nanoseconds: int


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for git: never a prompt, English messages, steady settings after the user's own."""
    env = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    env |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never"}
    env |= {"LC_ALL": "C", "LANGUAGE": ""}
    if not env.get("GIT_SSH") or env.get("GIT_SSH_COMMAND"):
        ssh = env.get("GIT_SSH_COMMAND")
        env["GIT_SSH_COMMAND"] = f"{ssh} -oBatchMode=yes" if ssh else _SSH
        env.setdefault("GIT_SSH_VARIANT", "ssh")
    first = int(env.get("GIT_CONFIG_COUNT") or 0)
    for number, (key, value) in enumerate((_STEADY | dict(settings or {})).items(), first):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        env["GIT_CONFIG_COUNT"] = str(number + 1)
    return env


class Git:
    """git in `folder` and nowhere else: a damaged `.git` never makes it work on a repository further up."""

    def __init__(self, folder: Path, repository: Repository) -> None:
        self.folder = folder
        self.done: list[Done] = []
        self._secrets = repository.secrets
        local = {"protocol.file.allow": "always"} if repository.local else {}
        self._env = environment(repository.settings | local) | {"GIT_DIR": str(folder / ".git")}

    def do(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command, stream and keep what it prints; GitFailed unless it ends with 0."""
        argv = ("git", "-C", str(self.folder), *words)
        censor = Censor(self._secrets)
        shown = censor.clean(shlex.join(argv).encode()).decode()
        if dryrun.would("run: " + shown):
            return ""
        print("+ " + shown, flush=True)
        kept = bytearray()

        def sink(piece: bytes) -> None:
            kept.extend(piece)
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()

        whole = {**self._env, **(env or {})}
        result = process.follow(argv, lambda piece: sink(censor.feed(piece)), env=whole)
        sink(censor.flush())
        output = _without_progress(kept.decode(errors="replace"))
        error = f"exit status {result.code}" if result.code else ""
        self.done.append(Done(shown, output, error, int(result.seconds * 1e9)))
        if result.code:
            raise GitFailed(f"{shown}: {_last_word(output)}", output)
        return output

    def over_the_network(self, *words: str) -> str:
        """Run a command that asks a server; what a flaky network may cause is tried again, three times."""
        for pause in PAUSES:
            try:
                return self.do(*words)
            except GitFailed as error:
                if not _TRANSIENT.search(error.output):
                    raise
                print(f"trying again in {pause:g} s: {error.last_word}", flush=True)
                time.sleep(pause)
        return self.do(*words)

    def ask(self, *words: str, placeholder: str = "") -> str:
        """What a command answers; CommandFailed unless it ends with 0."""
        argv = ("git", "-C", str(self.folder), *words)
        return process.capture(argv, env=self._env, placeholder=placeholder)

    def holds(self, *words: str) -> bool:
        """Whether a command ends with 0; True in a dry run."""
        try:
            self.ask(*words)
        except CommandFailed:
            return False
        return True

    def end_orphans(self) -> None:
        """End what a clone that was killed left running in this folder."""
        import psutil  # late: only a repair pays for it

        if dryrun.would(f"end what still runs in {self.folder}"):
            return
        for each in psutil.process_iter():
            try:
                if each.environ().get("GIT_DIR") == self._env["GIT_DIR"]:
                    process.end_tree(each.pid)
            except (psutil.Error, OSError):
                continue


def progress() -> Sequence[str]:
    """What makes git show how far it is: only for people, since a log would hold a thousand lines of it."""
    return ("--progress",) if sys.stdout.isatty() else ("--quiet",)


def _without_progress(text: str) -> str:
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n") if line.strip())


def _last_word(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:", "CONFLICT"))]
    return (fatal or lines[-1:] or ["it said nothing"])[0]
