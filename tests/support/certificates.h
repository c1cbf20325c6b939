#pragma once

/// \file tests/support/certificates.h
/// An authority and a certificate of 127.0.0.1 that it signed, made by openssl in a temporary folder.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace cdc {

struct Certificates {
  Certificates() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cdc-tls-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
    std::ofstream(folder / "san") << "subjectAltName=IP:127.0.0.1\n";
    const std::string key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    Run("openssl req -x509 " + key + " -days 2 -subj /CN=test-authority -keyout ca.key -out ca.pem");
    Run("openssl req " + key + " -subj /CN=server -keyout server.key -out server.csr");
    Run("openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out "
        "server.pem");
  }
  ~Certificates() { std::filesystem::remove_all(folder); }
  Certificates(const Certificates&) = delete;

  std::filesystem::path folder;  ///< ca.pem, server.pem, server.key

 private:
  void Run(const std::string& command) const {
    if (std::system(("cd '" + folder.string() + "' && " + command + " >/dev/null 2>&1").c_str()) != 0) {
      throw std::runtime_error("failed: " + command);
    }
  }
};

}  // namespace cdc
