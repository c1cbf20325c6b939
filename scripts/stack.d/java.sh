# Java and Maven, for the components that need them. Sourced by scripts/stack.

need_java() {
  local missing=()
  command -v java >/dev/null 2>&1 || missing+=(openjdk-17-jre-headless)
  command -v mvn >/dev/null 2>&1 || missing+=(maven)
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing by apt: ${missing[*]}"
  local sudo=()
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  "${sudo[@]}" apt-get update -q >/dev/null
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null \
    || die "apt could not install ${missing[*]}"
}

# maven_jars FOLDER GROUP:ARTIFACT:VERSION…: the artifacts and what they need at run time, into FOLDER, once.
maven_jars() {
  local folder=$1
  shift
  [ -f "$folder/.complete" ] && return 0
  need_java
  rm -rf "$folder"
  mkdir -p "$folder"
  {
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>stack</groupId><artifactId>stack</artifactId>'
    printf '<version>1</version><packaging>pom</packaging><dependencies>'
    local coordinate
    for coordinate in "$@"; do
      IFS=: read -r group artifact version <<<"$coordinate"
      printf '<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>' \
        "$group" "$artifact" "$version"
    done
    printf '</dependencies></project>\n'
  } >"$folder/pom.xml"
  say "downloading $* …"
  mvn -q -B -f "$folder/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$folder" \
    >"$folder/maven.log" 2>&1 || die "Maven could not download them; see $folder/maven.log"
  touch "$folder/.complete"
}
