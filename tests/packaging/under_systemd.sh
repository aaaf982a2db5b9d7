#!/bin/bash
# under_systemd.sh SLUICE.deb [PROGRAM]: installs the package in a copy-on-write view of this system, boots the real systemd there
# with nothing but a journal, and has service_story.sh start, reload, break, kill and stop the service. Own mounts, processes,
# network, host name and control groups; PROGRAM stands in for /usr/bin/sluice.
# Status: 0 as it should be, 1 not, 77 cannot be tried here.
set -e
here=$(cd "$(dirname "$0")" && pwd)
. "$here/view.sh"

case $STEP in
"")
    [ -x /lib/systemd/systemd ] || cannot "systemd is not installed"
    unshare -muinpCf true 2>/dev/null || cannot "no namespaces here"
    groups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
    group=$groups/sluice-view-$$
    [ -n "$groups" ] && mkdir "$group" 2>/dev/null || cannot "no control groups of version 2 here"
    trap 'find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true' EXIT
    status=0
    STEP=outside GROUP=$group timeout 100 unshare -muin "$0" "$@" || status=$?
    exit $status
    ;;
outside)
    echo $$ >"$GROUP/cgroup.procs" 2>/dev/null || cannot "control groups cannot be used here"
    make_view
    mount -t tmpfs none $root/dev
    for node in null zero full random urandom tty; do
        touch $root/dev/$node
        mount --bind /dev/$node $root/dev/$node
    done
    mkdir $root/dev/shm $root/dev/pts $root/dev/mqueue $root/dev/hugepages $root/oldroot
    ln -s pts/ptmx $root/dev/ptmx
    touch $root/dev/console
    echo 00000000000000000000000000000001 >$root/etc/machine-id

    cp "$1" $root/tmp/sluice.deb
    in_view dpkg -i /tmp/sluice.deb
    [ -z "$2" ] || { rm $root/usr/bin/sluice; cp "$2" $root/usr/bin/sluice; }
    mkdir $root/tmp/story
    cp "$here/service_story.sh" $root/tmp/story

    # Of all units only these: whatever else this system does when it boots must not happen.
    units=$root/lib/systemd/system
    mkdir /mnt/units
    for unit in systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket system.slice shutdown.target \
        umount.target final.target exit.target systemd-exit.service sluice.service; do
        cp $units/$unit /mnt/units/ 2>/dev/null || true
    done
    mount -t tmpfs none $root/etc/systemd
    mount -t tmpfs none $units
    cp /mnt/units/* $units/
    for target in sysinit basic network-online sockets; do
        printf '[Unit]\nDefaultDependencies=no\n' >$units/$target.target
    done
    cat >$units/story.target <<UNIT
[Unit]
DefaultDependencies=no
Requires=systemd-journald.service systemd-journald-dev-log.socket
Wants=story.service
UNIT
    cat >$units/story.service <<UNIT
[Unit]
DefaultDependencies=no
After=systemd-journald.service
[Service]
Type=oneshot
ExecStart=/bin/bash /tmp/story/service_story.sh
ExecStopPost=/bin/systemctl exit
StandardOutput=append:/tmp/story/said
StandardError=append:/tmp/story/said
TimeoutStartSec=80
UNIT
    # As PID 1 of a namespace of its own; all of it ends with PID 1.
    STEP=inside unshare -mpCf --kill-child "$0" "$@" || true
    cat $root/tmp/story/said 2>/dev/null || cannot "systemd does not boot in a view"
    [ -e $root/tmp/story/good ]
    ;;
inside)
    root=/mnt/root
    mount -t proc proc $root/proc
    mount -t sysfs none $root/sys
    mount -t tmpfs none $root/sys/fs/cgroup 2>/dev/null || true
    mount -t cgroup2 none $root/sys/fs/cgroup
    mount --bind $root/proc/sys $root/proc/sys
    mount -o remount,bind,ro $root/proc/sys
    ip link set lo up
    cd $root
    pivot_root . oldroot
    cd /
    umount -l /oldroot
    exec env -i container=view PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=story.target \
        --log-target=journal-or-kmsg --show-status=0 </dev/null >/dev/null 2>&1
    ;;
esac
