#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <mutex>
#include <thread>

#include <catch2/catch_test_macros.hpp>

#include "lib/s3/xml.h"
#include "tests/component/s3/minio.h"

namespace cdc::s3 {
namespace {

using namespace std::chrono_literals;  // NOLINT

constexpr size_t kPart = 8 << 20;

TEST_CASE("Wrong secret, wrong key, no bucket: what to change, and no secret said") {
  const auto expect = [](const Access& access, const std::string& bucket, const std::string& hint) {
    Files files(access);
    const Status written = files->WriteAll("s3://" + bucket + "/x", "1");
    REQUIRE(!written);
    CHECK(written.error().kind == ErrorKind::kInvalidConfig);
    CHECK(written.error().hint.find(hint) != std::string::npos);
    CHECK(Describe(written.error()).find("not-the-password") == std::string::npos);
    CHECK(files->Open("s3://" + bucket + "/x").error().kind == ErrorKind::kInvalidConfig);
    CHECK(files->ReadAll("s3://" + bucket + "/x").error().kind == ErrorKind::kInvalidConfig);
    CHECK(files->List("s3://" + bucket + "/x").error().kind == ErrorKind::kInvalidConfig);
    CHECK(files->Delete("s3://" + bucket + "/x").error().kind == ErrorKind::kInvalidConfig);
  };
  Access access = SharedMinio().access();
  expect(access, "no-such-bucket", "make the bucket no-such-bucket");
  access.secret_access_key = "not-the-password";
  expect(access, "warehouse", "secret_access_key");
  access = SharedMinio().access();
  access.access_key_id = "nobody";
  expect(access, "warehouse", "access_key_id");
  access.access_key_id = "";
  expect(access, "warehouse", "access_key_id and secret_access_key are not set");
}

TEST_CASE("A wrong region: the right one is said") {
  Access access = SharedMinio().access();
  access.region = "eu-west-1";
  Files files(access);
  // A MinIO that has just started takes any region for a moment, until it has read its own.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  Status written;
  while (written && std::chrono::steady_clock::now() < deadline)
    written = files->WriteAll("s3://warehouse/x", "1");
  REQUIRE(!written);
  CHECK(written.error().kind == ErrorKind::kInvalidConfig);
  CHECK(Describe(written.error()).find("us-east-1") != std::string::npos);
}

/// MinIO's STS, asked by curl: a signer that is not ours. It answers 503 until MinIO has its users together.
Access AssumeRole(const Access& access) {
  const std::string command = fmt::format(
      "curl -sS -f -m 20 --retry 20 --retry-delay 1 --aws-sigv4 aws:amz:us-east-1:sts -u {}:{} -d "
      "'Action=AssumeRole&Version=2011-06-15' "
      "{}/",
      access.access_key_id, access.secret_access_key, access.endpoint);
  FILE* curl = ::popen(command.c_str(), "r");
  REQUIRE(curl != nullptr);
  std::string answer(1 << 16, '\0');
  answer.resize(std::fread(answer.data(), 1, answer.size(), curl));
  ::pclose(curl);
  INFO(answer);
  const auto document = ParseXml(answer);
  REQUIRE(document);
  const Element* result = document->Find("AssumeRoleResult");
  REQUIRE(result != nullptr);
  const Element* credentials = result->Find("Credentials");
  REQUIRE(credentials != nullptr);
  Access assumed = access;
  assumed.access_key_id = credentials->TextOf("AccessKeyId");
  assumed.secret_access_key = credentials->TextOf("SecretAccessKey");
  assumed.session_token = credentials->TextOf("SessionToken");
  return assumed;
}

TEST_CASE("Session tokens, and what was vended being refused") {
  const Access good = AssumeRole(SharedMinio().access());
  REQUIRE(!good.session_token.empty());
  Files files(good);
  const std::string bytes = Noise(kPart + 1);
  REQUIRE(files->WriteAll("s3://warehouse/token/x", bytes));
  CHECK(files->ReadAll("s3://warehouse/token/x").value() == bytes);
  CHECK(files->List("s3://warehouse/token").value().size() == 1);

  Access forged = good;
  forged.session_token.back() = forged.session_token.back() == 'A' ? 'B' : 'A';
  forged.session_token[20] ^= 1;
  Files refused(forged);
  const auto read = refused->ReadAll("s3://warehouse/token/x");
  REQUIRE(!read);
  CHECK(read.error().kind == ErrorKind::kInvalidConfig);
  CHECK(Describe(read.error()).find(forged.session_token) == std::string::npos);

  Options options;
  std::vector<std::pair<std::string, bool>> asked;
  options.access = [&](const std::string& path, bool rejected) -> Result<Access> {
    asked.emplace_back(path, rejected);
    return rejected ? good : forged;
  };
  Files renewing(std::move(options));
  CHECK(renewing->ReadAll("s3://warehouse/token/x").value() == bytes);
  const std::string path = "s3://warehouse/token/x";
  CHECK(asked == std::vector<std::pair<std::string, bool>>{{path, false}, {path, true}});
}

TEST_CASE("A folder below a file, and names that S3 takes and MinIO does not") {
  Files files(SharedMinio().access());
  REQUIRE(files->WriteAll("s3://warehouse/plain-file", "1"));
  const Status below = files->WriteAll("s3://warehouse/plain-file/x", "1");
  if (!below) CHECK(below.error().kind == ErrorKind::kInvalidConfig);
  const Status dots = files->WriteAll("s3://warehouse/a/../b", "1");
  REQUIRE(!dots);
  CHECK(dots.error().kind == ErrorKind::kInvalidConfig);
}

/// Writes `parts` parts, calling `between` after the second one has gone.
Status WriteWith(Files& files, const std::string& path, const std::string& bytes,
                 const std::function<void()>& between) {
  auto writer = files->Create(path);
  if (!writer) return writer.error();
  const std::string_view all = bytes;
  CDC_TRY((*writer)->Write(all.substr(0, 2 * kPart + 1)));
  between();
  CDC_TRY((*writer)->Write(all.substr(2 * kPart + 1)));
  return (*writer)->Close();
}

TEST_CASE("The store is frozen for some seconds in the middle of a file") {
  Minio minio;
  Options options = Files::OptionsFor(minio.access());
  options.stall_timeout = Millis(1'000);
  std::mutex mutex;
  std::condition_variable changed;
  int pauses = 0;
  options.sleep = [&](Millis pause) {
    {
      const std::lock_guard lock(mutex);
      ++pauses;
    }
    changed.notify_all();
    std::this_thread::sleep_for(pause);
  };
  Files files(std::move(options));
  const std::string bytes = Noise(5 * kPart);
  std::thread thaw;
  const Status written = WriteWith(files, "s3://warehouse/frozen", bytes, [&] {
    minio.Signal(SIGSTOP);
    thaw = std::thread([&] {  // after an attempt has timed out for certain
      std::unique_lock lock(mutex);
      changed.wait_for(lock, 60s, [&] { return pauses > 0; });
      minio.Signal(SIGCONT);
    });
  });
  thaw.join();
  REQUIRE(written);
  CHECK(pauses > 0);
  CHECK(files->ReadAll("s3://warehouse/frozen").value() == bytes);
}

TEST_CASE("The store is killed and started again in the middle of a file") {
  Minio minio;
  Files files(minio.access());
  const std::string bytes = Noise(5 * kPart);
  std::thread restart;
  const Status written = WriteWith(files, "s3://warehouse/killed", bytes, [&] {
    minio.Kill();
    restart = std::thread([&] { minio.Start(); });
  });
  restart.join();
  REQUIRE(written);
  CHECK(files->ReadAll("s3://warehouse/killed").value() == bytes);
  CHECK(files->List("s3://warehouse").value().size() == 1);
}

TEST_CASE("The store is gone: an outage, after the time that was given") {
  Access access = SharedMinio().access();
  access.endpoint = "http://127.0.0.1:1";
  Options options = Files::OptionsFor(access);
  options.retry_for = Millis(300);
  Files files(std::move(options));
  const Status written = files->WriteAll("s3://warehouse/x", "1");
  REQUIRE(!written);
  CHECK(written.error().kind == ErrorKind::kTransient);
  CHECK(written.error().hint.find("[storage] endpoint") != std::string::npos);
}

}  // namespace
}  // namespace cdc::s3
