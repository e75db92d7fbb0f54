# What the scripts need of the machine, installed only where it is missing. Sourced by scripts/test.
# Expects $root, the top of the repository. What is installed for the tests alone lies under target/.

toolkits="$root/target/toolkits"

say() { printf '== %s\n' "$*" >&2; }
stop() { printf 'stopped: %s\n' "$*" >&2; exit 1; }

# need_apt PACKAGE…: installs Debian packages.
need_apt() {
  command -v apt-get >/dev/null || stop "please install: $*"
  local as=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || stop "needs root to install: $*"
    as=(sudo)
  fi
  say "installing $*"
  "${as[@]}" apt-get update -qq
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# What every script uses: the compiler, a linker, Python and xmllint.
need_system() {
  command -v cargo >/dev/null || stop "needs Rust: cargo is not on the PATH"
  command -v cc >/dev/null || need_apt build-essential
  command -v python3 >/dev/null || need_apt python3
  command -v xmllint >/dev/null || need_apt libxml2-utils
}

# libfaketime: a process of the tests whose wall clock is set while it runs.
need_clock() {
  compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || need_apt libfaketime
}

# libpq, which the cargo feature `postgres` is built with.
need_libpq() {
  [ -e /usr/include/postgresql/libpq-fe.h ] || need_apt libpq-dev
}

# A PostgreSQL server for the tests alone; sets OIG_POSTGRES, its URL, and postgres, its folder, for whoever stops it.
need_postgres() {
  need_libpq
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || need_apt postgresql
  local started
  started="$("$root/scripts/lib/postgres" start)" || stop "PostgreSQL does not start"
  postgres="${started%% *}"
  export OIG_POSTGRES="${started#* }"
}

# A Python of our own with the packages of tests/toolkits/python; sets OIG_PYTHON.
need_python() {
  local wanted="$root/tests/toolkits/python/requirements.txt" here="$toolkits/python"
  if ! "$here/bin/python" -c '' 2>/dev/null || ! cmp -s "$wanted" "$here/installed.txt"; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || need_apt python3 python3-venv
    say "installing the Python packages of the tests"
    rm -rf "$here"
    python3 -m venv "$here"
    "$here/bin/python" -m pip install -q --disable-pip-version-check --no-deps -r "$wanted"
    cp "$wanted" "$here/installed.txt"
  fi
  export OIG_PYTHON="$here/bin/python"
}

# node with the packages of tests/toolkits/node; sets OIG_NODE. Debian's own node 18 will do.
need_node() {
  local wanted="$root/tests/toolkits/node/package-lock.json" here="$toolkits/node"
  command -v node >/dev/null || need_apt nodejs
  if [ ! -d "$root/tests/toolkits/node/node_modules" ] || ! cmp -s "$wanted" "$here/installed.json"; then
    command -v npm >/dev/null || need_apt npm
    say "installing the node packages of the tests"
    npm --prefix "$root/tests/toolkits/node" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    mkdir -p "$here"
    cp "$wanted" "$here/installed.json"
  fi
  mkdir -p "$here/bin"
  ln -sfn "$(command -v node)" "$here/bin/node"
  export OIG_NODE="$here/bin/node"
}

# Chromium, and the packages of tests/console that drive it. Needs node (need_node); sets OIG_CHROMIUM.
need_browser() {
  local wanted="$root/tests/console/package-lock.json" here="$toolkits/browser"
  command -v chromium >/dev/null || need_apt chromium
  if [ ! -d "$root/tests/console/node_modules" ] || ! cmp -s "$wanted" "$here/installed.json"; then
    command -v npm >/dev/null || need_apt npm
    say "installing the packages of the browser's tests"
    npm --prefix "$root/tests/console" ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    mkdir -p "$here"
    cp "$wanted" "$here/installed.json"
  fi
  OIG_CHROMIUM="$(command -v chromium)"
  export OIG_CHROMIUM
}

# Mono with wsdl and mcs, as .NET applications of old are built with; sets OIG_MONO. wsdl is in no smaller package.
need_mono() {
  local here="$toolkits/mono"
  if ! command -v wsdl >/dev/null || ! command -v mcs >/dev/null; then need_apt mono-devel; fi
  mkdir -p "$here/bin"
  ln -sfn "$(command -v mono)" "$here/bin/mono"
  export OIG_MONO="$here/bin/mono"
}
