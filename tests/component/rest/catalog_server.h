#pragma once

/// \file tests/component/rest/catalog_server.h
/// A real REST catalog over MinIO, both started by scripts/stack, and judge.py.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cdc::rest {

/// Iceberg's own server, which hands out MinIO's key to who asks for credentials; or Nessie, which hands out
/// sessions of its own, where the environment says CDC_TEST_CATALOG=nessie.
class CatalogServer {
 public:
  /// Started at the first call, stopped at exit: tests use namespaces of their own.
  static CatalogServer& Shared();

  /// The answer of judge.py about this catalog; throws with its stderr when it fails.
  nlohmann::json Judge(const std::vector<std::string>& arguments) const;

  bool nessie() const { return nessie_; }
  const std::string& uri() const { return uri_; }
  const std::string& s3_endpoint() const { return s3_endpoint_; }
  /// For the test's own scratch files.
  std::string folder() const { return folder_.string(); }

 private:
  CatalogServer();
  ~CatalogServer();
  void Stack(const std::string& command) const;

  std::filesystem::path folder_;
  bool nessie_ = false;
  std::string environment_;
  std::string uri_;
  std::string s3_endpoint_;
};

}  // namespace cdc::rest
