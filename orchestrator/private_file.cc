#include "orchestrator/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <string_view>

#include <fmt/format.h>

#include "lib/core/keyed_hash.h"

namespace cdc::orchestrator {

Status WritePrivateFile(const std::string& text, const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  const fs::path temporary = file.string() + ".new";
  std::error_code ec;
  fs::remove(temporary, ec);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  std::string_view rest = text;
  while (fd >= 0 && !rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written <= 0) break;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  if (fd < 0 || ::close(fd) != 0 || !rest.empty())
    return Error{ErrorKind::kTransient, "cannot write " + temporary.string()};
  fs::rename(temporary, file, ec);
  if (ec)
    return Error{ErrorKind::kTransient, fmt::format("cannot write {}: {}", file.string(), ec.message())};
  return {};
}

Result<std::string> ApiToken(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string token;
  if (std::getline(in, token) && KeySecret::FromHex(token)) return token;
  token = KeySecret::Random().Hex();  // 128 bits that nobody can guess
  CDC_TRY(WritePrivateFile(token + "\n", file));
  return token;
}

}  // namespace cdc::orchestrator
