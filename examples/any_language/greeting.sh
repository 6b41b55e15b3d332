#!/usr/bin/env bash
# Three steps in Bash: what a step gets is flags and environment, what it gives is a file and an exit code.
set -euo pipefail

fail() { echo "$2" >&2; exit "$1"; }

write() { # --name=WHO: write a greeting into the workspace and name the file as an output
  [[ ${1-} == --name=?* ]] || fail 2 "write needs --name=WHO"
  local file=$WORKSPACE/greeting.txt
  echo "Hello, ${1#--name=}, from $RUN_NAME" | tee "$file"
  # By hand there is no STEP_OUTPUTS: show the outputs instead.
  printf '{"file": "%s"}\n' "$file" > "${STEP_OUTPUTS:-/dev/stdout}"
}

keep() { # --file=PATH: keep the greeting among the run's artifacts
  [[ ${1-} == --file=?* ]] || fail 2 "keep needs --file=PATH"
  cp -- "${1#--file=}" "$ARTIFACTS/"
}

erase() { # undo write; a greeting that is not there is already erased
  rm -f -- "$WORKSPACE/greeting.txt"
}

case ${1-} in
  write | keep | erase) command=$1; shift; "$command" "$@" ;;
  *) fail 2 "usage: ${0##*/} write --name=WHO | keep --file=PATH | erase" ;;
esac
