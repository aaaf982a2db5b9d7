# A copy-on-write view of this system in a mount namespace of our own: what is done to it is gone with the last process in it.
# Sourced by scripts that ran `unshare -m`. Below /mnt, which the namespace has for itself.
cannot() {
    echo "$*"
    exit 77
}

# Sets root.
make_view() {
    mount -t tmpfs none /mnt 2>/dev/null || cannot "nothing can be mounted here"
    mkdir /mnt/upper /mnt/work /mnt/root
    root=/mnt/root
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work $root 2>/dev/null ||
        cannot "no overlay file system here"
    mount -t tmpfs none $root/run
    mount -t tmpfs none $root/tmp
    # Nothing keeps services from being started there, and nobody reads manual pages.
    rm -f $root/usr/sbin/policy-rc.d $root/var/lib/man-db/auto-update
}

in_view() { chroot $root /usr/bin/env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
