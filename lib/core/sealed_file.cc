#include "lib/core/sealed_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/core/hash128.h"
#include "lib/core/read_file.h"

namespace cdc {
namespace {

Error FileError(const char* what, const std::filesystem::path& path, const std::string& cause) {
  return Error{ErrorKind::kTransient, std::string(what) + " " + path.string() + ": " + cause,
               "free space or permissions in state_dir"};
}

}  // namespace

Status WriteSealed(const std::filesystem::path& path, std::string_view kind, std::string_view content) {
  std::string bytes(kind);
  bytes.append(content);
  const Hash128 sum = HashBytes(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  const std::filesystem::path temporary = path.string() + ".new";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) return FileError("cannot write", temporary, std::strerror(errno));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return FileError("cannot rename", temporary, error.message());
  return {};
}

Result<std::optional<std::string>> ReadSealed(const std::filesystem::path& path, std::string_view kind) {
  CDC_ASSIGN(const auto read, ReadWholeFile(path));
  if (!read) return std::optional<std::string>();
  const std::string& bytes = *read;
  Hash128 sum;
  const bool whole = bytes.size() >= kind.size() + sizeof sum && bytes.starts_with(kind);
  if (whole) std::memcpy(&sum, bytes.data() + bytes.size() - sizeof sum, sizeof sum);
  if (!whole || HashBytes(std::string_view(bytes).substr(0, bytes.size() - sizeof sum)) != sum)
    return Error{ErrorKind::kCorrupt, path.string() + " is damaged, or of another version"};
  return std::optional(bytes.substr(kind.size(), bytes.size() - kind.size() - sizeof sum));
}

}  // namespace cdc
