#!/bin/bash
# Installs the programs that `make test` calls and this machine lacks: install.sh [PACKAGE:COMMAND ...]. Only Debian's apt is known here;
# elsewhere it says what is missing and fails.
set -euo pipefail

missing=()
for need in "$@"; do
  command -v "${need#*:}" >/dev/null || missing+=("${need%%:*}")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "The tests need ${missing[*]} (Debian's names). There is no apt-get here: please install them with this system's own tool." >&2
  exit 1
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "The tests need ${missing[*]}. Please install them as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi
echo "Installing ${missing[*]}"
"${root[@]}" apt-get update -q
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
