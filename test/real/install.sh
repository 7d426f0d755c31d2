#!/usr/bin/env bash
# Installs the real servers of test/real on Debian, as root: dovecot, postfix and gnome-keyring as packages, the FTP servers
# and exim4 (whose packages conflict with each other, and with postfix) unpacked side by side into a folder. Starts no service.
set -euo pipefail

cache="${POSTRIDER_REAL_CACHE:-/tmp/postrider-real}"
packages=(dovecot-pop3d postfix openssl python3 python3-pyftpdlib python3-openssl gnome-keyring dbus libsecret-1-0 mutt notmuch zstd bsdutils tidy zsh fish man-db microsocks tinyproxy-bin)
unpacked=(vsftpd libpam-pwdfile proftpd-core proftpd-mod-crypto pure-ftpd pure-ftpd-common exim4-daemon-light dovecot-lmtpd)

export DEBIAN_FRONTEND=noninteractive
# As root throughout: apt's own downloader user may not write into a folder of root's, and warns each time.
apt=(apt-get -qq -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0)

# While packages are set up, no service may start (policy-rc.d is Debian's way to say so).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

"${apt[@]}" update

mkdir -p "$cache/debs" "$cache/root"
for package in "${unpacked[@]}"; do
  if ! compgen -G "$cache/debs/${package}_*.deb" >/dev/null; then
    (cd "$cache/debs" && "${apt[@]}" download "$package")
  fi
  dpkg -x "$cache"/debs/"${package}"_*.deb "$cache/root"
done

# What the unpacked servers link to: the library packages among their dependencies.
mapfile -t libraries < <(
  for deb in "$cache"/debs/*.deb; do dpkg-deb -f "$deb" Depends; done |
    tr ',' '\n' | sed -E 's/^ *([a-z0-9.+-]+).*/\1/' | grep -E '^lib' | grep -vx 'libpam-runtime' | sort -u
)
"${apt[@]}" install -y --no-upgrade --no-install-recommends "${packages[@]}" "${libraries[@]}"

# exim4 looks its own user up before it reads its configuration.
getent passwd Debian-exim >/dev/null ||
  useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin --user-group Debian-exim

for server in vsftpd proftpd pure-ftpd; do
  if ldd "$cache/root/usr/sbin/$server" | grep -F 'not found'; then
    echo "$server lacks the libraries above" >&2
    exit 1
  fi
done
echo "real servers ready: FTP servers in $cache/root, dovecot $(dovecot --version | cut -d' ' -f1), postfix $(postconf -d -h mail_version)"
