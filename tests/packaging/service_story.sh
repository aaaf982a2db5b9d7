#!/bin/bash
# The life of the service, told inside of the view that under_systemd.sh makes. Ends by writing /tmp/story/good.
config=/etc/sluice/sluice.cfg

fail() {
    echo "failed: $*"
    systemctl status sluice --no-pager -l
    journalctl --no-pager | tail -40
    exit 1
}
# patient COMMAND...: until it succeeds, ten seconds at most.
patient() {
    for _ in $(seq 100); do
        "$@" && return
        sleep 0.1
    done
    return 1
}
ask() {
    exec 3<>/dev/tcp/127.0.0.1/80 || return
    printf 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
    head -1 <&3
    exec 3>&-
} 2>/dev/null
answers() { ask | grep -q " $1 "; }
of_service() { systemctl show -p "$1" --value sluice; }
worker() { pgrep -u sluice -x sluice | head -1; }
fact() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }

serve() {  # serve STATUS: the configuration that came with it, and a frontend that answers so
    sed '/^#frontend/,$d' /tmp/story/original >$config
    printf 'frontend www\n    bind 127.0.0.1:80\n    http-request return status %s\n' "$1" >>$config
}

cp $config /tmp/story/original
echo "== as it is installed"
systemctl start sluice || fail "it does not start"
[ -S /run/sluice/admin.sock ] || fail "no stats socket"
[ -S /run/sluice/master.sock ] || fail "no socket of the master"
[ "$(cat /run/sluice/sluice.pid)" = "$(of_service MainPID)" ] || fail "the pid file does not name the master"
systemctl stop sluice
[ "$(of_service Result)" = success ] || fail "stopping is not a success: $(of_service Result)"
[ ! -e /run/sluice ] || fail "/run/sluice is still there"

echo "== at work"
serve 200
systemctl start sluice || fail "it does not start with a frontend"
patient answers 200 || fail "no answer"
pid=$(worker)
[ -n "$pid" ] || fail "no process of user sluice"
[ "$(fact "$pid" CapEff)" = 0000000000000000 ] || fail "the worker has rights: $(fact "$pid" CapEff)"
[ "$(fact "$pid" NoNewPrivs)$(fact "$pid" Seccomp)" = 12 ] || fail "the worker is not closed in"
[ "$(readlink "/proc/$pid/root")" = /var/lib/sluice ] || fail "no chroot: $(readlink "/proc/$pid/root")"
logged() { journalctl --no-pager -t sluice | grep -q 'www www/<NOSRV>'; }
patient logged || fail "no line of the request in the journal"

echo "== reload"
master=$(of_service MainPID)
serve 202
systemctl reload sluice || fail "the reload failed"
patient answers 202 || fail "the new configuration is not used"
[ "$(of_service MainPID)" = "$master" ] || fail "another master"

echo "== a reload that cannot work"
echo nonsense >>$config
systemctl reload sluice 2>/dev/null && fail "a wrong configuration was taken"
patient answers 202 || fail "it does not serve any more"
journalctl --no-pager -u sluice | grep -q nonsense || fail "the journal does not say what is wrong"
serve 202

echo "== a master that dies"
kill -9 "$master"
again() { [ "$(of_service NRestarts)" = "$1" ] && answers 202; }
patient again 1 || fail "it was not started again"

echo "== a worker that dies"
kill -9 "$(worker)"
patient again 2 || fail "it was not started again"

echo "== stop"
systemctl stop sluice || fail "it does not stop"
[ "$(of_service Result)" = success ] || fail "stopping is not a success: $(of_service Result)"
gone() { [ -z "$(worker)" ]; }
patient gone || fail "a worker is left"
: >/tmp/story/good
