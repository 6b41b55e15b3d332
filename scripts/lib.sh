# What the scripts share: where things are kept, and how they speak. Sourced, never run.

repo=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
state=${XDG_STATE_HOME:-$HOME/.local/state}/windtunnel
cache=${XDG_CACHE_HOME:-$HOME/.cache}/windtunnel
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin # iptables and dockerd live there; people's shells do not look

if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
    red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
    red='' green='' dim='' plain=''
fi

say() { printf '%s\n' "$@" >&2; }

# die CODE LINE...: what is wrong, then what to do, a line each.
die() {
    say "$red$2$plain" "${@:3}"
    exit "$1"
}

has() { command -v "$1" >/dev/null 2>&1; }

# retry SECONDS COMMAND...: until it succeeds or the time is over.
retry() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || return 1
        sleep 0.2
    done
}

# One apt at a time. Its lists are fetched when there are none, and once more when they turn out to be stale.
apt_install() {
    local get=(flock --close "$state/apt.lock" env DEBIAN_FRONTEND=noninteractive
        apt-get -y --no-install-recommends -o DPkg::Lock::Timeout=300)
    if [[ -z $(find /var/lib/apt/lists -name '*_Packages*' -print -quit) ]]; then
        "${get[@]}" update
    fi
    "${get[@]}" install "$@" || { "${get[@]}" update && "${get[@]}" install "$@"; }
}
