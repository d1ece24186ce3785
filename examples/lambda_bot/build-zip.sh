#!/usr/bin/env bash
# Build the function's package for the Python and the processor of the function:
#   ./build-zip.sh bot.zip [python version, 3.12] [x86_64 | arm64]
# It needs a Python of that version, such as python3.12, which compiles the modules. PYTHON=/path/to/python names another one.
# Wheels in the folder wheels/, if there is one, are installed instead of those that the package index offers.
set -euo pipefail

fail() {
  echo "build-zip.sh: $*" >&2
  exit 1
}

bot=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 1 ] || fail "Name the file to write: ./build-zip.sh bot.zip"
zip=$(realpath -m "$1")
version=${2:-3.12}
architecture=${3:-x86_64}

# Compiled modules are of use only to the Python version that compiled them. Lambda would compile all of them at each cold start.
python=${PYTHON:-python$version}
found=$("$python" -c 'import sys; print(sys.implementation.name, "%d.%d" % sys.version_info[:2])' 2>/dev/null) || found=
if [ -n "$found" ]; then problem="$python is $found"; else problem="$python was not found or does not start"; fi
[ "$found" = "cpython $version" ] || fail "$problem, but the function runs cpython $version. Install Python $version," \
  "pass the path of one (PYTHON=/path/to/python$version ./build-zip.sh ...), or pass the version that you have, and the same to" \
  "the function (./build-zip.sh $1 3.11 and runtime = \"python3.11\")."
"$python" -m pip --version >/dev/null 2>&1 || fail "$python has no pip. Run: $python -m ensurepip"

case $architecture in
  x86_64) processor=x86_64 ;;
  arm64) processor=aarch64 ;;
  *) fail "$architecture is not a processor of Lambda. Pass x86_64 or arm64." ;;
esac
# This machine may differ from Lambda's, so compiled packages come ready-made. Up to 3.11, Lambda has an older glibc (2.26).
lambda=(--platform "manylinux2014_$processor" --platform "manylinux_2_17_$processor")
case $version in
  3.10 | 3.11) ;;
  *) lambda+=(--platform "manylinux_2_28_$processor" --platform "manylinux_2_34_$processor") ;;
esac
lambda+=(--python-version "$version" --implementation cp --only-binary :all:)

package=$(mktemp -d)
trap 'rm -rf "$package"' EXIT
shopt -s nullglob

"$python" -m pip install --quiet --no-compile --target "$package" "${lambda[@]}" "$bot"/wheels/*.whl -r "$bot/requirements.txt"
for module in "$bot"/*.py; do
  case $(basename "$module") in test_* | conftest.py) ;; *) cp "$module" "$package" ;; esac
done

# Commands, tests, sources in C, and pip's notes about this machine. The rest of *.dist-info stays: entry points and versions are read.
rm -rf "$package/bin"
find "$package" -mindepth 2 -type d -name tests -prune -exec rm -rf {} +
find "$package" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' \) -delete
find "$package" -path '*.dist-info/*' \( -name RECORD -o -name INSTALLER -o -name REQUESTED -o -name direct_url.json \) -delete

# Unpacked in another time zone, files have other times, which would make modules that were compiled with times stale.
"$python" -m compileall -q -s "$package" -p /var/task --invalidation-mode unchecked-hash "$package" || fail "A module cannot be compiled."

rm -f "$zip"
(cd "$package" && "$python" -m zipfile -c "$zip" ./*)
echo "$zip: $(du -k "$zip" | cut -f1) KiB, for Python $version on $architecture"
