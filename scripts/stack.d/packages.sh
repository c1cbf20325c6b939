# Debian packages, installed when a component needs one that is missing. Sourced by scripts/stack.

installed() { dpkg-query -W -f='${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@" 9>&-
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then sudo "$@" 9>&-
  else return 1; fi
}

# apt_install WHY PACKAGE…: whatever is missing of them.
apt_install() {
  local why=$1 p missing=() log=$cache_dir/apt.log
  shift
  for p in "$@"; do installed "$p" || missing+=("$p"); done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "$why: installing by apt: ${missing[*]}"
  mkdir -p "$cache_dir"
  as_root true || die "$why needs packages that this user may not install; run once as root:" \
    "apt-get install --no-install-recommends ${missing[*]}"
  { as_root apt-get update -q \
    && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 \
    || die "apt could not install ${missing[*]}; see $log"
}

# The mirror that apt already uses for bookworm gets its backports suite too; no host is named here.
add_backports() {
  local codename mirror keyring options=""
  [ -z "$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm-backports' 2>/dev/null)" ] || return 0
  as_root true || die "this user may not add bookworm-backports to apt; run scripts/setup.sh once as root"
  codename=('Created-By: Packages' 'Codename: bookworm' 'Component: main')
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "${codename[@]}" | head -1)
  [ -n "$mirror" ] || die "apt knows no mirror for Debian bookworm; see 'apt-get indextargets'"
  keyring=$(apt-get indextargets --format '$(SIGNED_BY)' "${codename[@]}" | head -1)
  if [ -n "$keyring" ] && [ -f "$keyring" ]; then options="[signed-by=$keyring] "; fi
  echo "deb ${options}${mirror} bookworm-backports main" | as_root tee /etc/apt/sources.list.d/cdc-backports.list >/dev/null
}

# postgresql-15 would make and start a cluster of its own at the default port: switched off while it is installed.
install_postgresql() {
  [ -x "$postgres_bin/initdb" ] && return 0
  apt_install postgres postgresql-common
  local conf=/etc/postgresql-common/createcluster.conf
  as_root cp "$conf" "$conf.cdc" && as_root sed -i 's/^#\?create_main_cluster *=.*/create_main_cluster = false/' "$conf"
  local outcome=0
  (apt_install postgres postgresql-15) || outcome=$?
  as_root mv "$conf.cdc" "$conf"
  return $outcome
}

need_curl() { command -v curl >/dev/null 2>&1 || apt_install "the stack" curl ca-certificates; }

# pip_fetch WHAT REQUIREMENTS FOLDER: wheels with known hashes, unpacked into FOLDER; pip's own index and certificates apply.
pip_fetch() {
  local what=$1 requirements=$2 folder=$3 python=$root/.venv/bin/python log
  log=$cache_dir/$(basename "$requirements" .txt).log
  if ! "$python" -m pip --version >/dev/null 2>&1; then
    apt_install "$what" python3-venv
    /usr/bin/python3 -m venv "$folder.venv" || die "no Python environment could be made in $folder.venv"
    python=$folder.venv/bin/python
  fi
  say "downloading $what"
  with_progress "downloading $what" "$log" "$python" -m pip install --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: --require-hashes --target "$folder" -r "$requirements" || die "pip could not install $what; see $log"
  rm -rf "$folder.venv"
}
