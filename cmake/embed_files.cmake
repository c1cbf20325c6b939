# Writes a C++ file that holds FILES of FOLDER, each as it is and compressed:
#   cmake -DFOLDER=… -DFILES="a;b" -DOUT=files.cc -P embed_files.cmake
# The same content gives the same bytes, whenever it is built.

# "00ff" -> "0x00,0xff,"
function(bytes_of hex out)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  set(${out} "${bytes}" PARENT_SCOPE)
endfunction()

set(arrays "")
set(rows "")
set(number 0)
get_filename_component(scratch "${OUT}" DIRECTORY)
foreach(name IN LISTS FILES)
  file(SHA256 "${FOLDER}/${name}" sum)
  string(SUBSTRING "${sum}" 0 32 sum)
  file(READ "${FOLDER}/${name}" plain HEX)
  file(ARCHIVE_CREATE OUTPUT "${scratch}/embedded.gz" PATHS "${FOLDER}/${name}" FORMAT raw COMPRESSION GZip
    COMPRESSION_LEVEL 9)
  file(READ "${scratch}/embedded.gz" gzip HEX)
  # Bytes 4 to 7 are the time of the compression (RFC 1952 section 2.3); 0: none.
  string(SUBSTRING "${gzip}" 0 8 head)
  string(SUBSTRING "${gzip}" 16 -1 tail)
  bytes_of("${plain}" plain)
  bytes_of("${head}00000000${tail}" gzip)
  string(APPEND arrays "constexpr unsigned char kPlain${number}[] = {${plain}};\n")
  string(APPEND arrays "constexpr unsigned char kGzip${number}[] = {${gzip}};\n")
  string(APPEND rows "    {\"${name}\", \"${sum}\", View(kPlain${number}), View(kGzip${number})},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(REMOVE "${scratch}/embedded.gz")
file(WRITE "${OUT}" "// Made by cmake/embed_files.cmake.
#include \"orchestrator/page/files.h\"

namespace cdc::page {
namespace {

${arrays}
template <size_t Size>
std::string_view View(const unsigned char (&bytes)[Size]) {
  return {reinterpret_cast<const char*>(bytes), Size};
}

}  // namespace

const std::vector<File>& Files() {
  static const std::vector<File> files = {
${rows}  };
  return files;
}

}  // namespace cdc::page
")
