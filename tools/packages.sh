# tools/packages.sh: installs Debian packages that are missing, as root or through sudo. Sourced; say what and why first.
#
#   need_packages "to build" gcc meson ...
need_packages() {
    purpose=$1
    shift
    missing=
    for package in "$@"; do
        if ! dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then missing="$missing $package"; fi
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "These Debian packages are needed $purpose:$missing" >&2
        echo "This system has no apt-get: install them (or what they are called here) by hand." >&2
        return 1
    fi
    as_root=
    if [ "$(id -u)" != 0 ]; then
        as_root=sudo
        command -v sudo >/dev/null || { echo "Needed $purpose:$missing. Run this as root, or install sudo." >&2; return 1; }
    fi
    echo "Installing $purpose:$missing"
    # The lists of a fresh system are empty, and an old one names files that are gone.
    log=$(mktemp)
    if $as_root apt-get update -qq >"$log" 2>&1 &&
       $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >>"$log" 2>&1; then
        rm -f "$log"
    else
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "apt-get failed; the lines above say why." >&2
        return 1
    fi
}
BUILD_PACKAGES="gcc libc6-dev pkg-config meson ninja-build libwebsockets-dev libwebsockets-evlib-uv libcurl4-openssl-dev libcjson-dev libuv1-dev libssl-dev libwslay-dev"
