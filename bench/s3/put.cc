// s3 ENDPOINT KEY SECRET once|latency|upload|download|hash
//
// What storing costs through lib/s3, as one line of figures: `once`: one object of 4 KB, from the start of
// main; `latency`: 1,000 objects of 4 KB; `upload`, `download`: 64 MB, ten times; `hash`: SHA-256 of 8 MiB, a
// signature. Needs the bucket "warehouse". docs/decisions/0009-s3-over-libcurl.md has what Arrow's client
// took for the same.

#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "lib/http/client.h"
#include "lib/s3/file_system.h"
#include "lib/s3/signature.h"

namespace {

using cdc::Status;
using cdc::storage::FileSystem;

double Seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Stopwatch {
  double wall = Seconds(CLOCK_MONOTONIC);
  double cpu = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  double Wall() const { return Seconds(CLOCK_MONOTONIC) - wall; }
  double Cpu() const { return Seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu; }
};

double PeakMegabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void Must(const Status& status) {
  if (status) return;
  fmt::print(stderr, "{}\n", cdc::Describe(status.error()));
  std::exit(1);
}

void Once(FileSystem& files, const Stopwatch& since_start) {
  Must(files.WriteAll("s3://warehouse/bench/once", std::string(4096, 'x')));
  fmt::print("first object {:.2f} ms, CPU {:.2f} ms, peak {:.1f} MB\n", since_start.Wall() * 1e3,
             Seconds(CLOCK_PROCESS_CPUTIME_ID) * 1e3, PeakMegabytes());
}

void Latency(FileSystem& files) {
  const std::string bytes(4096, 'x');
  std::vector<double> took;
  const Stopwatch all;
  for (int i = 0; i < 1'000; ++i) {
    const Stopwatch one;
    Must(files.WriteAll(fmt::format("s3://warehouse/bench/small-{}", i), bytes));
    took.push_back(one.Wall() * 1e3);
  }
  std::sort(took.begin(), took.end());
  fmt::print("4 KB: median {:.2f} ms, 99 % {:.2f} ms, CPU {:.3f} ms each, peak {:.1f} MB\n", took[500],
             took[990], all.Cpu(), PeakMegabytes());
}

void Upload(FileSystem& files) {
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 10; ++i) {
    const Stopwatch one;
    auto writer = files.Create("s3://warehouse/bench/large");
    for (int n = 0; n < 64; ++n) Must((*writer)->Write(piece));
    Must((*writer)->Close());
    fmt::print("upload {:.0f} MB/s, CPU {:.0f} ms, peak {:.1f} MB\n", 64 * 1.048576 / one.Wall(),
               one.Cpu() * 1e3, PeakMegabytes());
  }
}

void Download(FileSystem& files) {
  for (int i = 0; i < 10; ++i) {
    const Stopwatch one;
    const auto bytes = files.ReadAll("s3://warehouse/bench/large");
    if (!bytes) Must(bytes.error());
    fmt::print("download {:.0f} MB/s, CPU {:.0f} ms\n", static_cast<double>(bytes->size()) / 1e6 / one.Wall(),
               one.Cpu() * 1e3);
  }
}

void Hash() {
  const std::string part(8 << 20, 'x');
  const Stopwatch hashing;
  for (int i = 0; i < 50; ++i) (void)cdc::s3::Sha256Hex(part);
  fmt::print("SHA-256 {:.2f} GB/s\n", 50 * static_cast<double>(part.size()) / 1e9 / hashing.Cpu());
  const Stopwatch signing;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<cdc::s3::Field> headers;
    cdc::s3::Sign({"PUT", "127.0.0.1:9000", "/warehouse/key", "", "0"}, {"key", "secret", "", "us-east-1"},
                  cdc::WallTime(std::chrono::seconds(i)), &headers);
  }
  fmt::print("a signature {:.1f} µs\n", signing.Cpu() * 1e2);
}

}  // namespace

int main(int argc, char** argv) {
  const Stopwatch since_start;
  if (argc != 5) {
    fmt::print(stderr, "usage: s3 ENDPOINT KEY SECRET once|latency|upload|download|hash\n");
    return 64;
  }
  auto client = cdc::http::Client::Make({});
  if (!client) Must(client.error());
  cdc::s3::Access access;
  access.endpoint = argv[1];
  access.access_key_id = argv[2];
  access.secret_access_key = argv[3];
  cdc::s3::Options options;
  options.access = [access](const std::string&, bool) { return access; };
  const auto files = cdc::s3::MakeS3FileSystem(**client, options);
  const std::string what = argv[4];
  if (what == "once") Once(*files, since_start);
  if (what == "latency") Latency(*files);
  if (what == "upload") Upload(*files);
  if (what == "download") Download(*files);
  if (what == "hash") Hash();
}
