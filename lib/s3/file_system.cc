#include "lib/s3/file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>
#include <optional>

#include "lib/core/percent.h"
#include "lib/s3/location.h"
#include "lib/s3/object_reader.h"
#include "lib/s3/object_writer.h"
#include "lib/s3/store.h"
#include "lib/s3/xml.h"

namespace cdc::s3 {
namespace {

/// Of `encoding-type=url`, where '+' is a space. \return nothing: malformed
std::optional<std::string> Unescape(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return PercentDecode(text);
}

/// "2024-02-03T04:05:06.789Z" → Unix milliseconds.
std::optional<int64_t> ParseTime(const std::string& text) {
  std::tm utc{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  int64_t millis = 0;
  if (*rest == '.') {
    int64_t scale = 100;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10) millis += (*rest - '0') * scale;
  }
  if (std::string_view(rest) != "Z") return std::nullopt;
  return ::timegm(&utc) * 1000 + millis;
}

std::optional<int64_t> ParseSize(const std::string& text) {
  int64_t size = -1;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (wrong != std::errc{} || end != text.data() + text.size() || size < 0) return std::nullopt;
  return size;
}

struct Page {
  std::vector<storage::FileInfo> files;
  std::string next;  ///< token of the next page; empty: this was the last
};

/// ListObjectsV2's answer. \return kCorrupt
Result<Page> ReadPage(std::string_view body, const std::string& path, const Location& at) {
  const auto bad = [&](std::string_view why) {
    return Error{ErrorKind::kCorrupt, fmt::format("listing {}: the answer makes no sense: {}", path, why)};
  };
  const auto document = ParseXml(body);
  if (!document) return bad(document.error().message);
  if (document->name != "ListBucketResult") return bad("it is a " + document->name);
  const bool escaped = document->TextOf("EncodingType") == "url";
  Page page;
  for (const Element& entry : document->children) {
    if (entry.name != "Contents") continue;
    const std::string name = entry.TextOf("Key");
    const auto key = escaped ? Unescape(name) : name;
    const auto size = ParseSize(entry.TextOf("Size"));
    const auto modified = ParseTime(entry.TextOf("LastModified"));
    if (!key || key->empty() || !size || !modified) return bad(fmt::format("the entry of key '{}'", name));
    if (key->back() == '/') continue;  // a folder that a console made
    page.files.push_back({at.PathOf(*key), *size, *modified});
  }
  if (document->TextOf("IsTruncated") == "true") {
    page.next = document->TextOf("NextContinuationToken");
    if (page.next.empty()) return bad("more is said to follow, but not how to get it");
  }
  return page;
}

class S3FileSystem final : public storage::FileSystem {
 public:
  S3FileSystem(http::Client& client, Options options)
      : store_(std::make_shared<Store>(client, std::move(options))) {}

  Result<std::unique_ptr<storage::Writer>> Create(const std::string& path) override {
    CDC_ASSIGN(Location at, Object(path));
    return MakeObjectWriter(store_, path, std::move(at));
  }

  Result<std::unique_ptr<storage::Reader>> Open(const std::string& path) override {
    CDC_ASSIGN(Location at, Object(path));
    return OpenObject(store_, path, std::move(at));
  }

  Status Delete(const std::string& path) override {
    CDC_ASSIGN(const Location at, Object(path));
    const auto deleted = store_->Send({"DELETE", "deleting", path, at});
    if (!deleted && deleted.error().kind != ErrorKind::kNotFound) return deleted.error();
    return {};
  }

  Result<std::vector<storage::FileInfo>> List(const std::string& folder) override {
    CDC_ASSIGN(const Location at, ParsePath(folder));
    std::string prefix = at.key;
    if (!prefix.empty() && prefix.back() != '/') prefix += '/';
    std::vector<storage::FileInfo> found;
    std::string next;
    do {
      Call call{"GET", "listing", folder, {at.scheme, at.bucket, ""}};
      call.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
      if (!next.empty()) call.query.emplace_back("continuation-token", next);
      CDC_ASSIGN(const Answer answer, store_->Send(call));
      CDC_ASSIGN(Page page, ReadPage(answer.response.body, folder, at));
      std::move(page.files.begin(), page.files.end(), std::back_inserter(found));
      next = std::move(page.next);
    } while (!next.empty());
    return found;
  }

  Result<std::string> ReadAll(const std::string& path) override {
    CDC_ASSIGN(const Location at, Object(path));
    CDC_ASSIGN(Answer answer, store_->Send({"GET", "reading", path, at}));
    return std::move(answer.response.body);
  }

  /// A conditional write (Amazon S3 User Guide, "Prevent object overwrites"): 412 where there is an object.
  Status WriteNew(const std::string& path, std::string_view bytes) override {
    constexpr int kPreconditionFailed = 412;
    CDC_ASSIGN(const Location at, Object(path));
    Call call{"PUT", "writing", path, at, {}, {{"If-None-Match", "*"}}, bytes};
    call.accepted_status = kPreconditionFailed;
    CDC_ASSIGN(const Answer answer, store_->Send(call));
    if (answer.response.status != kPreconditionFailed) return {};
    return Error{ErrorKind::kConflict, "writing " + path + ": it is there already"};
  }

 private:
  static Result<Location> Object(const std::string& path) {
    CDC_ASSIGN(Location at, ParsePath(path));
    if (at.key.empty()) {
      return Error{ErrorKind::kInvalidArgument, fmt::format("'{}' names a bucket, not a file", path)};
    }
    return at;
  }

  const std::shared_ptr<Store> store_;
};

}  // namespace

std::unique_ptr<storage::FileSystem> MakeS3FileSystem(http::Client& client, Options options) {
  return std::make_unique<S3FileSystem>(client, std::move(options));
}

}  // namespace cdc::s3
