#!/usr/bin/env bash
# Build the function's package from this checkout: ./build-zip.sh bot.zip [python version, 3.12] [folder with handler.py]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
zip=$(realpath -m "${1:?"Where to? ./build-zip.sh bot.zip"}")
version=${2:-3.12}
bot=$(realpath "${3:-$root/examples/lambda_bot}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# This machine may be another kind than Lambda's, so compiled packages come ready-made.
lambda=(--platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 --python-version "$version" --only-binary :all:)
python3 -m pip install --quiet --target "$scratch/package" "${lambda[@]}" -r "$bot/requirements.txt"
python3 -m pip wheel --quiet --no-deps --wheel-dir "$scratch/wheels" "$root" "$root/providers/s3"
python3 -m pip install --quiet --no-deps --target "$scratch/package" "$scratch"/wheels/*.whl
cp "$bot"/*.py "$scratch/package"

rm -f "$zip"
(cd "$scratch/package" && python3 -m zipfile -c "$zip" ./*)
echo "$zip: $(du -k "$zip" | cut -f1) KiB"
