#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs every test of ptprep on Debian 12 and newer: builds with gcc and clang, unit, golden and corpus tests under the
# sanitizers, style checks, short fuzz runs, and boots of real systems in QEMU. What it needs is installed first (as root).
#
#   tests/run.sh             everything
#   tests/run.sh STAGE...    only these stages: packages gcc boot clang style fuzz valgrind packaging
#
# A test that cannot run where it is started says so on the terminal, with its reason; where CI is set that is a failure.
# Limits of time only end what hangs: they are many times what a quiet machine takes.
#
# The fuzz stage draws the same inputs in the same order each time, so that what it finds depends on the source and not on
# luck; a faster machine gets further. By hand: PTPREP_FUZZ_SEED (1) for other inputs, PTPREP_FUZZ_SECONDS (4) for more.

set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$top/build
logs=$build/logs
all_stages="packages gcc boot clang style fuzz valgrind packaging"
passed=0
failed=0
summary=

mkdir -p "$logs"

# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
# "SUITE: PACKAGE" counts for that suite alone
list() { sed -e 's/#.*//' -e "s/^$suite:[[:space:]]*//" -e '/:/d' -e '/^[[:space:]]*$/d' "$@"; }

missing_packages() {
        list "$top/conf/packages-build.txt" "$top/conf/packages-test.txt" | while read -r package; do
                dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
        done
}

stage_packages() {
        missing=$(missing_packages)
        [ -n "$missing" ] || return 0
        if [ "$(id -u)" != 0 ]; then
                printf 'run this as root, or install first:\n%s\n' "$missing"
                return 1
        fi
        apt-get update || return 1
        # shellcheck disable=SC2086  # one word a package
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

# configure DIRECTORY [OPTION...]: a build directory, made anew when its options change
configure() {
        directory=$1
        shift
        if [ -f "$directory/.options" ] && [ "$(cat "$directory/.options")" = "$*" ]; then
                return 0
        fi
        rm -rf "$directory"
        meson setup --prefix=/usr --sysconfdir=/etc --localstatedir=/var "$@" "$directory" "$top" || return 1
        printf '%s' "$*" >"$directory/.options"
}

# run_tests DIRECTORY [OPTION...]: all of meson's tests there
run_tests() {
        directory=$1
        shift
        rm -f "$directory/meson-logs/testlog.json" # of another run
        status=0
        meson test -C "$directory" --print-errorlogs "$@" || status=1
        # a test says in its log why it was skipped; that another one fails does not make it run
        skipped=$(python3 "$top/tests/skipped.py" "$directory/meson-logs/testlog.json") || return 1
        if [ -n "$skipped" ]; then
                printf '%s\n' "$skipped"
                [ -z "${CI-}" ] || status=1
        fi
        return "$status"
}

stage_gcc() {
        CC=gcc configure "$build/gcc" -Dwerror=true || return 1
        ninja -C "$build/gcc" || return 1
        run_tests "$build/gcc" --timeout-multiplier 4
}

stage_clang() {
        CC=clang configure "$build/clang" -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false \
                -Dbuildtype=debug || return 1
        ninja -C "$build/clang" || return 1
        # Not what looks at the sources, nor what other programs make of documents that are written in the golden tests as well, and not the same runs once for
        # each call that can fail: a process costs ten times as much here, most of it before main(). Nor what runs in a chroot with a
        # /proc of its own: the sanitizers read their options there, and look for leaks.
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 run_tests "$build/clang" --timeout-multiplier 16 \
                --no-suite lint --no-suite outputs --no-suite faults --no-suite chroot
}

sources() { git -C "$top" ls-files -- '*.c' '*.h'; }

# Each release of these two has another opinion of the same source: that of Debian 12 counts.
stage_style() {
        status=0
        release=$(clang-format --version | sed -n 's/.*version \([0-9]*\).*/\1/p')
        if [ "$release" = 14 ]; then
                (cd "$top" && sources | xargs clang-format --dry-run --Werror) || status=1
                CC=clang configure "$build/tidy" || return 1
                ninja -C "$build/tidy" version.h >/dev/null 2>&1 || true
                "$top/tests/lint/run-tidy.py" "$build/tidy" || status=1
        else
                echo "SKIPPED style: clang-format and clang-tidy are asked where they are release 14, and these are $release"
                [ -z "${CI-}" ] || status=1
        fi
        (cd "$top" && git ls-files -- '*.sh' '.ci/run' | xargs shellcheck) || status=1
        (cd "$top" && python3 -m compileall -q tests) || status=1
        return $status
}

# The tables that the firmware hands over are the longest and most tangled input; the other parsers read short text.
fuzz_seconds() {
        case $1 in
        fuzz-dmar | fuzz-ivrs) echo $((4 * seconds)) ;;
        *) echo "$seconds" ;;
        esac
}

# fuzz_one TARGET: its log is shown when it finds something. One seed alone does not make two runs alike: samples are taken in
# the order of their names, what an earlier run has found is left out, and so is the tracing of comparisons, which has addresses.
fuzz_one() {
        name=$(basename "$1")
        log=$logs/$name.log
        samples=$(find "$top/tests/fuzz/corpus/$name" -type f | LC_ALL=C sort | paste -s -d ,)
        rm -rf "$build/fuzz/corpus/$name"
        mkdir -p "$build/fuzz/corpus/$name"
        if "$1" -seed="${PTPREP_FUZZ_SEED:-1}" -use_cmp=0 -seed_inputs="$samples" -max_total_time="$(fuzz_seconds "$name")" \
                -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=160 \
                -print_final_stats=1 -artifact_prefix="$build/fuzz/$name-" "$build/fuzz/corpus/$name" >"$log" 2>&1; then
                printf '%-20s %s\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: */executions: /p' "$log")"
        else
                tail -n 60 "$log"
                return 1
        fi
}

stage_fuzz() {
        seconds=${PTPREP_FUZZ_SECONDS:-4}
        CC=clang configure "$build/fuzz" -Dfuzzing=true -Dwerror=true -Db_sanitize=address,undefined -Db_lundef=false || return 1
        # the longest first: with those of equal length behind them both processors have work to the end
        targets=$(cd "$top" && find tests/fuzz -name 'fuzz-*.c' | sed 's/\.c$//' | sort | while read -r target; do
                echo "$(fuzz_seconds "$(basename "$target")") $target"
        done | sort -s -k 1,1nr | cut -d ' ' -f 2)
        # shellcheck disable=SC2086  # one word a target
        ninja -C "$build/fuzz" $targets || return 1
        status=0
        running=
        for target in $targets; do
                fuzz_one "$build/fuzz/$target" &
                if [ -n "$running" ]; then
                        wait "$running" || status=1
                fi
                running=$!
        done
        if [ -z "$running" ]; then
                echo 'no fuzz target was built'
                return 1
        fi
        wait "$running" || status=1
        return $status
}

stage_valgrind() {
        CC=gcc configure "$build/gcc" -Dwerror=true || return 1
        ninja -C "$build/gcc" || return 1
        status=0
        valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
                "$build/gcc/agent/ptprep" --check --json || { [ $? -ne 99 ] || status=1; }
        # valgrind of Debian 12 has no openat2(2): only tests that open nothing below a test root
        meson test -C "$build/gcc" check check-device check-image judgement plan kargs pciaddr --print-errorlogs --timeout-multiplier 20 \
                --wrap='valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible' || status=1
        return $status
}

stage_boot() {
        status=0
        # A little of what it takes to judge what a host lives on, and below firmware that nobody has thought of; more of both by
        # hand, with other seeds. This one is one guest after the other, and does not fill a processor.
        "$top/tests/boot/take-away" --stacks 2 --seed 1 &
        taking=$!
        "$top/tests/boot/run" --chosen || status=1
        "$top/tests/boot/differential" --boots 2 --seed 1 || status=1
        wait "$taking" || status=1
        return $status
}

stage_packaging() { "$top/tests/packaging/run"; }

run_stage() {
        begin=$(date +%s)
        echo "=== $1"
        # the boot runner prints one line a boot: show it while it goes
        if [ "$1" = boot ] || [ "$1" = packages ] || [ "$1" = packaging ]; then
                if "stage_$1" 2>&1; then status=0; else status=$?; fi
        elif "stage_$1" >"$logs/$1.log" 2>&1; then
                status=0
        else
                status=$?
                tail -n 120 "$logs/$1.log"
        fi
        grep -h '^SKIPPED' "$logs/$1.log" 2>/dev/null | sort -u || true
        seconds=$(($(date +%s) - begin))
        if [ "$status" = 0 ]; then
                passed=$((passed + 1))
                verdict=ok
        else
                failed=$((failed + 1))
                verdict=FAILED
        fi
        line=$(printf '%-10s %-7s %4d s' "$1" "$verdict" "$seconds")
        echo "=== $line"
        summary="$summary$line
"
}

# shellcheck disable=SC2086  # one word a stage
[ $# -gt 0 ] || set -- $all_stages
for stage in "$@"; do
        case " $all_stages " in
        *" $stage "*) ;;
        *)
                echo "there is no stage $stage: $all_stages" >&2
                exit 64
                ;;
        esac
done
for stage in "$@"; do
        run_stage "$stage"
        if [ "$stage" = packages ] && [ "$failed" != 0 ]; then
                break
        fi
done
printf '\n%s\n%d passed, %d failed\n' "$summary" "$passed" "$failed"
[ "$failed" = 0 ]
