# shellcheck shell=bash
# Shell functions that tools/demo and tools/check share; sourced, never run. The caller sets `root`,
# the repository's folder.
: "${root:?}"

# say WORDS...: a heading, so that a reader sees what a long step is doing.
say() { printf '\n== %s\n' "$*"; }

# fail WORDS...: one line on stderr, and the end.
fail() {
  printf '%s: %s\n' "$0" "$*" >&2
  exit 1
}

# missing_packages GROUP...: the packages of these groups (tools/packages.txt) that are not here.
missing_packages() {
  local installed group package program
  installed=" $(dpkg-query -W -f='${db:Status-Status}:${Package} ' 2>/dev/null)"
  while read -r group package program; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    case "$installed" in *" installed:$package "*) continue ;; esac
    if [ -n "$program" ] && command -v "$program" >/dev/null; then continue; fi
    echo "$package"
  done < <(grep -v '^#' "$root/tools/packages.txt")
}

# apt_get ARGUMENTS...: apt-get as root, without questions.
apt_get() {
  local options=(-o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=120)
  "${become_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$@"
}

# install_packages GROUP...: installs what is missing and nothing else; ends with what to install by
# hand when it may not or cannot. Package lists are fetched only when those here do not suffice.
install_packages() {
  local missing by_hand log=$root/build/install.log
  command -v dpkg-query >/dev/null ||
    fail "not a Debian machine; install by hand what tools/packages.txt lists"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  by_hand="install by hand: apt-get install --no-install-recommends ${missing[*]}"

  become_root=()
  if [ "$(id -u)" != 0 ]; then
    become_root=(sudo)
    [ -t 0 ] || become_root+=(-n)
    if ! command -v sudo >/dev/null || ! "${become_root[@]}" true 2>/dev/null; then
      fail "may not install packages (not root, and no sudo); $by_hand"
    fi
  fi

  say "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  mkdir -p "$root/build"
  apt_get install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 && return 0
  apt_get update >>"$log" 2>&1 || true
  apt_get install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 ||
    fail "cannot install packages ($(grep -m1 '^E:' "$log"), see $log); $by_hand"
}

# configure PRESET OPTIONS...: runs CMake, quietly unless it fails.
configure() {
  local preset=$1 log
  shift
  mkdir -p "$root/build"
  log=$root/build/configure-$preset.log
  if ! cmake --preset "$preset" "$@" >"$log" 2>&1; then
    cat "$log" >&2
    fail "CMake could not configure the preset '$preset'"
  fi
}
