#include "tests/component/rest/catalog_server.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/component/s3/minio.h"
#include "tests/support/python_script.h"

namespace cdc::rest {
namespace {

namespace fs = std::filesystem;

/// Two ports in a row: Nessie takes the next for its management.
int FreePortPair() {
  int port = s3::FreePort();
  while (port > 65'000) port = s3::FreePort();
  return port;
}

}  // namespace

CatalogServer& CatalogServer::Shared() {
  static CatalogServer server;
  return server;
}

CatalogServer::CatalogServer() {
  std::string pattern = (fs::temp_directory_path() / "cdc-rest-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  const char* wanted = ::getenv("CDC_TEST_CATALOG");
  nessie_ = wanted != nullptr && std::string(wanted) == "nessie";
  const int minio = s3::FreePort();
  const int port = FreePortPair();
  s3_endpoint_ = fmt::format("http://127.0.0.1:{}", minio);
  uri_ = fmt::format("http://127.0.0.1:{}{}", port, nessie_ ? "/iceberg/" : "");
  environment_ = fmt::format(
      "CDC_STACK_DIR='{}' CDC_MINIO_PORT={} CDC_{}_PORT={} CDC_CATALOG_VENDED=true CDC_NESSIE_VENDED=true",
      folder_.string(), minio, nessie_ ? "NESSIE" : "CATALOG", port);
  Stack(nessie_ ? "up minio nessie" : "up minio catalog");
}

CatalogServer::~CatalogServer() {
  try {
    Stack(nessie_ ? "down nessie minio" : "down catalog minio");
    fs::remove_all(folder_);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
}

void CatalogServer::Stack(const std::string& command) const {
  const std::string log = folder_.string() + "/log";
  const int failed = std::system(
      fmt::format("{} '{}/scripts/stack' {} >'{}' 2>&1", environment_, CDC_SOURCE_DIR, command, log).c_str());
  if (failed == 0) return;
  std::ifstream text(log);
  throw std::runtime_error("scripts/stack " + command + ": " +
                           std::string(std::istreambuf_iterator<char>(text), {}));
}

nlohmann::json CatalogServer::Judge(const std::vector<std::string>& arguments) const {
  return AskPython("tests/component/rest/judge.py", arguments,
                   fmt::format("CDC_TEST_URI='{}' CDC_TEST_S3='{}'", uri_, s3_endpoint_));
}

}  // namespace cdc::rest
