#include "lib/s3/signature.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "lib/core/base64.h"
#include "lib/core/percent.h"
#include "lib/http/client.h"

namespace cdc::s3 {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string Hex(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string_view BytesOf(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest Hmac(std::string_view key, std::string_view text) {
  Digest out{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), nullptr);
  return out;
}

/// "20130524T000000Z"
std::string Stamp(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec);
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Not cached per day and region: a whole signature is 7 µs, a request is a millisecond.
Digest SigningKey(const Keys& keys, std::string_view day) {
  Digest key = Hmac(fmt::format("AWS4{}", keys.secret_access_key), day);
  for (const std::string_view part :
       {keys.region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = Hmac(BytesOf(key), part);
  }
  return key;
}

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  Digest digest{};
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return Hex(digest);
}

std::string ChecksumText(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return EncodeBase64(bytes);
}

std::string CanonicalQuery(const std::vector<Field>& query) {
  std::vector<std::string> parts;
  std::vector<Field> escaped;
  escaped.reserve(query.size());
  for (const auto& [name, value] : query) escaped.emplace_back(PercentEncode(name), PercentEncode(value));
  std::sort(escaped.begin(), escaped.end());
  std::string out;
  for (const auto& [name, value] : escaped) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

void Sign(const ToSign& request, const Keys& keys, WallTime now, std::vector<Field>* headers) {
  const std::string stamp = Stamp(now);
  const std::string day = stamp.substr(0, 8);
  headers->emplace_back("X-Amz-Date", stamp);
  headers->emplace_back("X-Amz-Content-Sha256", request.payload_sha256);
  if (!keys.session_token.empty()) headers->emplace_back("X-Amz-Security-Token", keys.session_token);

  std::vector<Field> lines{{"host", std::string(request.host)}};
  for (const auto& [name, value] : *headers) lines.emplace_back(Lower(name), value);
  std::sort(lines.begin(), lines.end());
  std::string canonical = fmt::format("{}\n{}\n{}\n", request.method, request.path, request.query);
  std::string names;
  for (const auto& [name, value] : lines) {
    canonical.append(name).append(":").append(value).append("\n");
    if (!names.empty()) names += ';';
    names += name;
  }
  canonical.append("\n").append(names).append("\n").append(request.payload_sha256);

  const std::string scope = fmt::format("{}/{}/s3/aws4_request", day, keys.region);
  const std::string text = fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", stamp, scope, Sha256Hex(canonical));
  const Digest key = SigningKey(keys, day);
  headers->emplace_back("Authorization",
                        fmt::format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}",
                                    keys.access_key_id, scope, names, Hex(Hmac(BytesOf(key), text))));
}

}  // namespace cdc::s3
