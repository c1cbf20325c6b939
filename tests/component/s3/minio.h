#pragma once

/// \file tests/component/s3/minio.h
/// A MinIO server of the test's own, started by scripts/stack on a free port, with the bucket "warehouse".

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "lib/http/client.h"
#include "lib/s3/file_system.h"
#include "lib/storage/file_system.h"
#include "tests/support/result_printing.h"

namespace cdc::s3 {

class Minio {
 public:
  static constexpr char kUser[] = "admin";
  static constexpr char kPassword[] = "password";

  Minio();
  ~Minio();
  Minio(const Minio&) = delete;

  void Start();  ///< when it has been killed, again; returns when it is ready
  void Kill();   ///< SIGKILL
  void Signal(int signal) const;

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  Access access() const;
  std::string program() const;  ///< the server's binary
  std::filesystem::path data() const { return folder_ / "minio/data"; }

 private:
  std::filesystem::path folder_;
  int port_ = 0;
  pid_t pid_ = 0;
};

/// Of loopback; nobody listens on it now.
int FreePort();

/// Started by the first test that asks and stopped at exit: tests use paths of their own.
Minio& SharedMinio();

/// A client and a file system on it.
struct Files {
  explicit Files(const Access& access) : Files(OptionsFor(access)) {}
  explicit Files(Options options)
      : client(std::move(http::Client::Make({}).value())),
        files(MakeS3FileSystem(*client, std::move(options))) {}

  static Options OptionsFor(const Access& access) {
    Options options;
    options.access = [access](const std::string&, bool) { return access; };
    return options;
  }
  storage::FileSystem* operator->() { return files.get(); }

  std::unique_ptr<http::Client> client;
  std::unique_ptr<storage::FileSystem> files;
};

/// `size` bytes that no two offsets share.
std::string Noise(size_t size, unsigned seed = 1);

}  // namespace cdc::s3
