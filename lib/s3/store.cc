#include "lib/s3/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <thread>

namespace cdc::s3 {
namespace {

constexpr Millis kFirstPause{100};
constexpr Millis kLongestPause{5'000};

double RandomUnit() {
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

Options WithDefaults(Options options) {
  static const SystemClock clock;
  if (options.clock == nullptr) options.clock = &clock;
  if (!options.sleep) options.sleep = [](Millis pause) { std::this_thread::sleep_for(pause); };
  if (!options.random) options.random = RandomUnit;
  options.part_size = std::max<int64_t>(options.part_size, 5 << 20);  // S3's least, but for the last
  return options;
}

bool SameSecrets(const Access& a, const Access& b) {
  return a.access_key_id == b.access_key_id && a.secret_access_key == b.secret_access_key &&
         a.session_token == b.session_token;
}

}  // namespace

Store::Store(http::Client& client, Options options)
    : client_(client), options_(WithDefaults(std::move(options))) {}

Result<http::Response> Store::Attempt(const Call& call, const Access& access) {
  CDC_ASSIGN(const Address address, AddressOf(access, call.at));
  const std::string query = CanonicalQuery(call.query);
  http::Request request;
  request.method = call.method;
  request.url = address.origin + address.path + (query.empty() ? "" : "?" + query);
  request.headers = call.headers;
  request.body = call.body;
  request.timeout = options_.request_timeout;
  request.stall_timeout = options_.stall_timeout;
  const bool writes = call.method == "PUT";
  const bool plain = !address.origin.starts_with("https:");
  const std::string sha256 = writes || plain ? Sha256Hex(call.body) : "";
  if (writes) request.headers.emplace_back("x-amz-checksum-sha256", ChecksumText(sha256));
  if (!access.access_key_id.empty()) {
    // TLS guards the body already; over plain HTTP the store checks it against the hash.
    const std::string hash = plain ? sha256 : "UNSIGNED-PAYLOAD";
    const WallTime now = options_.clock->wall() + std::chrono::seconds(clock_offset_s_.load());
    Sign({call.method, address.host, address.path, query, hash},
         {access.access_key_id, access.secret_access_key, access.session_token, access.region}, now,
         &request.headers);
  }
  return client_.Send(request);
}

bool Store::SetClock(const http::Response& response) {
  const std::string* date = response.FindHeader("date");
  std::tm utc{};
  if (date == nullptr || ::strptime(date->c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc) == nullptr)
    return false;
  clock_offset_s_ = ::timegm(&utc) - std::chrono::system_clock::to_time_t(options_.clock->wall());
  return true;
}

Result<Answer> Store::Send(const Call& call) {
  const SteadyTime begin = options_.clock->steady();
  bool renewed = false;
  bool clock_set = false;
  int pauses = 0;
  CDC_ASSIGN(Access access, options_.access(call.path, false));
  for (int attempt = 1;; ++attempt) {
    const Asked asked{call.attempted + " " + call.path, call.at.bucket, &access, call.method == "POST"};
    Result<http::Response> sent = Attempt(call, access);
    Judged judged = sent ? Judge(*sent, asked) : Judge(sent.error(), asked);
    if (judged.verdict == Verdict::kDone) return Answer{std::move(*sent), "", attempt};
    if (sent && sent->status == call.accepted_status && judged.verdict == Verdict::kFail &&
        judged.code != "NoSuchBucket") {
      return Answer{std::move(*sent), std::move(judged.code), attempt};
    }
    switch (judged.verdict) {
      case Verdict::kNewAccess: {
        if (std::exchange(renewed, true)) return judged.error;
        CDC_ASSIGN(Access fresh, options_.access(call.path, true));
        if (SameSecrets(fresh, access)) return judged.error;
        access = std::move(fresh);
        break;
      }
      case Verdict::kSetClock:
        if (std::exchange(clock_set, true) || !SetClock(*sent)) return judged.error;
        break;
      case Verdict::kRetry: {
        const Millis pause = http::RetryPause(pauses++, kFirstPause, kLongestPause, options_.random());
        const auto spent = std::chrono::duration_cast<Millis>(options_.clock->steady() - begin);
        if (call.once || spent + pause > options_.retry_for) {
          judged.error.message += fmt::format(" ({} attempts in {:.1f} s)", attempt, spent.count() / 1000.0);
          return judged.error;
        }
        options_.sleep(pause);
        CDC_ASSIGN(access, options_.access(call.path, false));
        break;
      }
      default: return judged.error;
    }
  }
}

}  // namespace cdc::s3
