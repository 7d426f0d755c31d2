#!/usr/bin/env bash
# Installs the real servers of test/real on Debian, as root: dovecot and postfix as packages, the FTP servers
# (whose packages conflict with each other) unpacked side by side into a folder. No service is started.
set -euo pipefail

cache="${POSTRIDER_REAL_CACHE:-/tmp/postrider-real}"
ftp_packages=(vsftpd libpam-pwdfile proftpd-core proftpd-mod-crypto pure-ftpd pure-ftpd-common)

packages=(dovecot-pop3d postfix openssl python3)

export DEBIAN_FRONTEND=noninteractive
# apt's own downloader user cannot write into root's folders; without this it warns on every download.
apt=(apt-get -o APT::Sandbox::User=root -o Dpkg::Use-Pty=0 -qq)

# The answers postfix would ask for; a policy file keeps packages from starting services while they are set up.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

"${apt[@]}" update

mkdir -p "$cache/debs" "$cache/root"
for package in "${ftp_packages[@]}"; do
  if ! compgen -G "$cache/debs/${package}_*.deb" >/dev/null; then
    (cd "$cache/debs" && "${apt[@]}" download "$package")
  fi
  dpkg -x "$cache"/debs/"${package}"_*.deb "$cache/root"
done

# What the unpacked servers link to: the library packages among their dependencies.
mapfile -t libraries < <(
  for deb in "$cache"/debs/*.deb; do dpkg-deb -f "$deb" Depends; done |
    tr ',' '\n' | sed -E 's/^ *([a-z0-9.+-]+).*/\1/' | grep -E '^lib[a-z0-9.+-]+$' | grep -v '^libpam-runtime$' | sort -u
)
"${apt[@]}" install -y --no-upgrade --no-install-recommends "${packages[@]}" "${libraries[@]}"

for server in vsftpd proftpd pure-ftpd; do
  if ldd "$cache/root/usr/sbin/$server" | grep -F 'not found'; then
    echo "$server lacks the libraries above" >&2
    exit 1
  fi
done
echo "real servers ready: FTP servers in $cache/root, dovecot $(dovecot --version | cut -d' ' -f1), postfix $(postconf -d -h mail_version)"
