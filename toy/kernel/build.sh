#!/bin/sh
# Builds kernel.wasm (or the file named as argument) from the sources in c/. Needs clang-19 and lld-19.
#
# Linking is a step of its own because clang's own link calls whatever wasm-opt it finds. There is no relaxed SIMD and no fast-math:
# their results differ between machines. No bulk memory: nothing here copies or fills by instruction.
set -eu
cd "$(dirname "$0")"
out=${1:-kernel.wasm}
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
for source in c/*.c; do
  clang-19 --target=wasm32 -std=c17 -O3 -msimd128 -ffp-contract=off -nostdlib -ffreestanding -fno-builtin -Wall -Wextra -Werror \
    -c "$source" -o "$objects/$(basename "$source" .c).o"
done
wasm-ld-19 --no-entry --import-memory --strip-all -o "$out" "$objects"/*.o
