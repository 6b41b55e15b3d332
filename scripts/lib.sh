# What the scripts share: where things are kept, and how progress is told. Sourced, never run.
# shellcheck shell=bash

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
state=${XDG_STATE_HOME:-$HOME/.local/state}/windtunnel
cache=${XDG_CACHE_HOME:-$HOME/.cache}/windtunnel
export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' red='' green='' dim='' plain=''
fi

say() { printf '%s\n' "$*" >&2; }

# die CODE LINE...: says what is wrong and what to do next, one line each.
die() {
    local code=$1
    shift
    printf '%s\n' "${red}$1${plain}" "${@:2}" >&2
    exit "$code"
}

has() { command -v "$1" >/dev/null 2>&1; }

# retry SECONDS COMMAND...: until it succeeds or the time is over.
retry() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.3
    done
}

# One apt at a time; the lists are fetched once a day at most, and again when a package is not found in old ones.
apt_install() {
    mkdir -p "$state"
    exec 9>"$state/apt.lock"
    flock 9
    local options=(-y --no-install-recommends -o DPkg::Lock::Timeout=300)
    export DEBIAN_FRONTEND=noninteractive
    if [[ -z $(find /var/lib/apt/lists -name '*_Packages*' -mtime -1 -print -quit 2>/dev/null) ]]; then
        apt-get update
    fi
    apt-get install "${options[@]}" "$@" || { apt-get update && apt-get install "${options[@]}" "$@"; }
    exec 9>&-
}
