#!/bin/sh
# package_life.sh SLUICE.deb COMPAT.deb: installs, upgrades, removes and purges the packages in a copy-on-write view of
# this system, which is gone afterwards. The service manager there is a script that writes down what it is asked.
# Status: 0 as it should be, 1 not, 77 cannot be tried here.
set -e
sluice=$1 compat=$2

if [ -z "$IN_VIEW" ]; then
    unshare -m true 2>/dev/null || { echo "no mount namespaces here"; exit 77; }
    IN_VIEW=1 exec unshare -m "$0" "$@"
fi
. "$(dirname "$0")/view.sh"
make_view
mount -t proc proc $root/proc 2>/dev/null || mount --bind /proc $root/proc
cp "$sluice" $root/tmp/sluice.deb
cp "$compat" $root/tmp/compat.deb

mkdir -p $root/run/systemd/system $root/usr/local/bin
calls=$root/tmp/calls
: >$calls
cat >$root/usr/local/bin/systemctl <<'FAKE'
#!/bin/sh
case $1 in --root=*) exec /bin/systemctl.real "$@" ;; esac
echo "$*" >>/tmp/calls
case "$*" in
    *is-enabled*) if [ -e /etc/systemd/system/multi-user.target.wants/sluice.service ]; then echo enabled; else echo disabled; fi ;;
    *is-active*) exit 3 ;;
    *) echo ok ;;
esac
FAKE
chmod 755 $root/usr/local/bin/systemctl
[ -e $root/bin/systemctl ] || cannot "no systemctl here"
mv $root/bin/systemctl $root/bin/systemctl.real
ln -sf /usr/local/bin/systemctl $root/bin/systemctl

fail() {
    echo "failed: $*"
    echo "-- what the service manager was asked:"
    cat $calls
    exit 1
}
wanted=$root/etc/systemd/system/multi-user.target.wants/sluice.service

# A haproxy of another package has to come back in the end. Where none is installed, one without an owner stands in.
[ -e $root/usr/sbin/haproxy ] || { printf '#!/bin/sh\necho another\n' >$root/usr/sbin/haproxy; chmod 755 $root/usr/sbin/haproxy; }
before=$(cksum <$root/usr/sbin/haproxy)

echo "== install"
in_view dpkg -i /tmp/sluice.deb || fail "dpkg -i"
in_view getent passwd sluice || fail "no user"
[ -L $wanted ] || fail "the service is not enabled"
grep -q 'start sluice.service' $calls || fail "the service was not started"
in_view sluice -c -V -dW -f /etc/sluice/sluice.cfg || fail "the configuration that comes with it is refused"
[ "$(cksum <$root/usr/sbin/haproxy)" = "$before" ] || fail "haproxy was touched"

echo "== compat"
in_view dpkg -i /tmp/compat.deb || fail "dpkg -i compat"
in_view haproxy -v | grep 'This is Sluice' || fail "haproxy is not sluice"
[ "$(cksum <$root/usr/sbin/haproxy.distrib)" = "$before" ] || fail "the other haproxy is not aside"

echo "== upgrade"
echo '# edited' >>$root/etc/sluice/sluice.cfg
: >$calls
in_view dpkg -i /tmp/sluice.deb /tmp/compat.deb || fail "upgrade"
grep -q 'restart sluice.service' $calls || fail "the service was not restarted"
grep -q '# edited' $root/etc/sluice/sluice.cfg || fail "the configuration was overwritten"

echo "== an administrator's choice"
rm $wanted
in_view dpkg -i /tmp/sluice.deb || fail "second upgrade"
[ ! -e $wanted ] || fail "a disabled service was enabled again"

echo "== remove"
in_view dpkg -r sluice-compat || fail "dpkg -r compat"
[ "$(cksum <$root/usr/sbin/haproxy)" = "$before" ] || fail "the other haproxy did not come back"
: >$calls
in_view dpkg -r sluice || fail "dpkg -r"
grep -q 'stop sluice.service' $calls || fail "the service was not stopped"
[ -e $root/etc/sluice/sluice.cfg ] || fail "removing took the configuration away"
[ ! -e $root/usr/bin/sluice ] || fail "the program is still there"

echo "== purge"
in_view dpkg -P sluice || fail "dpkg -P"
left=$(cd $root && find etc run usr/bin usr/sbin usr/share/doc usr/share/man/man1 \
    usr/share/bash-completion usr/share/zsh usr/lib/systemd usr/lib/sysusers.d usr/lib/tmpfiles.d \
    var/lib/sluice var/lib/systemd/deb-systemd-helper-enabled -name '*sluice*' 2>/dev/null || true)
[ -z "$left" ] || fail "left behind: $left"
in_view dpkg -s sluice 2>/dev/null && fail "still known to dpkg"
echo "== done"
