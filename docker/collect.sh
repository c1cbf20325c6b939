#!/usr/bin/env bash
# Gathers what a run-time image needs of a build:  collect.sh BIN_DIR OUT_DIR
#   OUT/bin       the programs, stripped
#   OUT/lib       shared libraries that belong to no Debian package (Arrow and Parquet of the pyarrow wheel, librdkafka of confluent-kafka), stripped
#   OUT/packages  the Debian packages that own the other libraries
# Asked of the programs themselves, so that a new library cannot be forgotten.
set -euo pipefail
bin=$1
out=$2
die() { printf '[collect] error: %s\n' "$*" >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out/lib"
cp -a "$bin" "$out/bin"
mapfile -t programs < <(find "$out/bin" -type f -executable)
[ ${#programs[@]} -ge 3 ] || die "only ${#programs[@]} programs in $bin"
strip --strip-all "${programs[@]}"

libraries=$(ldd "${programs[@]}")
! grep 'not found' <<<"$libraries" || die "a library is missing"
: >"$out/packages.all"
while read -r library; do
  # dpkg knows a file of a merged /usr by either path.
  if owner=$(dpkg-query -S "$library" 2>/dev/null || dpkg-query -S "/usr$library" 2>/dev/null || dpkg-query -S "${library#/usr}" 2>/dev/null); then
    printf '%s\n' "${owner%%:*}" >>"$out/packages.all"
  else
    cp -L "$library" "$out/lib/"
  fi
done < <(awk '$2 == "=>" {print $3}' <<<"$libraries" | sort -u)
[ -z "$(ls -A "$out/lib")" ] || strip --strip-unneeded "$out"/lib/*
sort -u "$out/packages.all" >"$out/packages"
rm "$out/packages.all"
printf '[collect] packages: %s\n' "$(tr '\n' ' ' <"$out/packages")"
printf '[collect] libraries: %s\n' "$(ls "$out/lib" | tr '\n' ' ')"
