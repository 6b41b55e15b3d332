# Parts of the set-up made ready side by side, each as soon as the parts it needs are there. Sourced by scripts/setup.

declare -A stage process begun # stage: waiting, running, done, failed, left out

make_all_ready() {
    set -m # a process group per part, so that ^C ends what a part has started too
    trap 'exit 130' INT TERM
    trap stop_all EXIT # ^C may also end us by the failure of a command that it hit before the line above
    say "setting up: $(titles "$@")"
    local name
    for name in "$@"; do stage[$name]=waiting; done
    while any waiting || any running; do
        for name in "$@"; do
            case ${stage[$name]} in
            waiting) start_when_possible "$name" ;;
            running) kill -0 "${process[$name]}" 2>/dev/null || finish "$name" ;;
            esac
        done
        show_progress
        sleep 0.2
    done
    trap - INT TERM EXIT
    ! any failed || die 1 "Set-up did not finish." "Put right what is written above, then run it again: it goes on from there."
    say "${green}ready${plain} after $SECONDS s"
}

any() { [[ " ${stage[*]} " == *" $1 "* ]]; }

titles() {
    local name line=''
    for name in "$@"; do line+=", $(part "$name" value title)"; done
    echo "${line:2}"
}

start_when_possible() {
    local need
    for need in $(part "$1" value needs); do
        case ${stage[$need]:-done} in
        done) ;;
        failed | 'left out')
            stage[$1]='left out'
            tell "$red-$plain $(part "$1" value title): left out, it needs $(part "$need" value title)"
            return
            ;;
        *) return ;;
        esac
    done
    begun[$1]=$SECONDS
    stage[$1]=running
    part "$1" make_ready >"$logs/$1.log" 2>&1 </dev/null {lock}>&- & # what outlives us must not hold the lock
    process[$1]=$!
    tell "${dim}·$plain $(part "$1" value title) …"
}

finish() {
    local title took
    title=$(part "$1" value title) took=$((SECONDS - begun[$1]))
    if wait "${process[$1]}"; then
        stage[$1]="done"
        tell "$green✓$plain $title ($took s)"
        return
    fi
    stage[$1]=failed
    tell "$red✗ $title failed$plain after $took s; the end of $logs/$1.log:"
    tail -n 15 "$logs/$1.log" | sed 's/^/    /' >&2
}

# A line that stays; the line of progress, if one is shown, makes room.
tell() { say "$erase$1"; }

erase=''
[[ ! -t 2 ]] || erase=$'\r\e[K'
next_sign_of_life=20

# On a terminal one line that changes; in a log a line now and then.
show_progress() {
    local name line=''
    for name in "${!stage[@]}"; do
        [[ ${stage[$name]} != running ]] || line+="  $(part "$name" value title) $((SECONDS - begun[$name])) s: $(last_line "$name")"
    done
    if [[ -t 2 ]]; then
        printf '%s' "$erase$dim${line:0:$(tput cols 2>/dev/null || echo 80)}$plain" >&2
    elif ((SECONDS >= next_sign_of_life)); then
        next_sign_of_life=$((SECONDS + 20))
        say "$line"
    fi
}

last_line() { tail -c 300 "$logs/$1.log" | tail -n 1 | tr -d '\r' | sed 's/^ *//'; }

stop_all() {
    any running || return 0
    local name
    trap '' INT TERM
    for name in "${!process[@]}"; do
        [[ ${stage[$name]} != running ]] || kill -TERM -- "-${process[$name]}" 2>/dev/null || true
    done
    say '' "stopped; the next set-up goes on from here"
    exit 130
}
