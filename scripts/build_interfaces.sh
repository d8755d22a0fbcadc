#!/usr/bin/env bash
# Builds genmodels_interfaces into a virtual environment that holds the ROS 2 wheels (the environment is the ROS prefix).
# usage: build_interfaces.sh VENV
set -euo pipefail
venv=$(realpath "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
build="$venv/build/genmodels_interfaces"
stamp="$venv/build/genmodels_interfaces.sha256"

# One build at a time: a second one would delete the first one's files, and finds nothing left to do.
mkdir -p "$venv/build"
exec 9> "$venv/build/lock"
flock 9

# Nothing to do while the sources are the ones built last.
current=$(cd "$here/genmodels_interfaces" && find . -type f | sort | xargs sha256sum | sha256sum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$current" ] && exit 0

# The wheels' CMake files name the include directories of the machine that built them; point them at this one.
"$venv/bin/python" - <<'PYTHON'
import pathlib, sys, sysconfig
import numpy
here = {
    f"/opt/python/cp3{sys.version_info.minor}-cp3{sys.version_info.minor}/lib/python3.{sys.version_info.minor}"
    "/site-packages/numpy/_core/include": numpy.get_include(),
    f"/opt/python/cp3{sys.version_info.minor}-cp3{sys.version_info.minor}/include/python3.{sys.version_info.minor}":
    sysconfig.get_paths()["include"],
}
for file in pathlib.Path(sys.prefix, "share").glob("*/cmake/*.cmake"):
    text = file.read_text()
    fixed = text
    for there, path in here.items():
        fixed = fixed.replace(there, path)
    if fixed != text:
        file.write_text(fixed)
PYTHON

export PATH="$venv/bin:$PATH" AMENT_PREFIX_PATH="$venv" CMAKE_PREFIX_PATH="$venv"
rm -rf "$build"
cmake -S "$here/genmodels_interfaces" -B "$build" -DCMAKE_INSTALL_PREFIX="$venv" \
  -DPython3_EXECUTABLE="$venv/bin/python" -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release > "$venv/build/cmake.log" 2>&1 \
  || { tail -n 40 "$venv/build/cmake.log" >&2; exit 1; }
cmake --build "$build" --parallel "$(nproc)" --target install > "$venv/build/make.log" 2>&1 \
  || { tail -n 40 "$venv/build/make.log" >&2; exit 1; }
echo "$current" > "$stamp"
