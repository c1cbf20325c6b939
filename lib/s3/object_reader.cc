#include "lib/s3/object_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <mutex>
#include <utility>

namespace cdc::s3 {
namespace {

/// Arrow's reader asks for the last 64 KiB first.
constexpr int64_t kTail = 64 << 10;
/// What lies before the tail is fetched as a whole up to here: less time than the dozen reads that Parquet's
/// reader makes of it, one per column.
constexpr int64_t kSmall = 1 << 20;

/// "bytes 0-9/1234" → 1234; "bytes */0" → 0.
Result<int64_t> SizeOf(const http::Response& response, const std::string& path) {
  const std::string* range = response.FindHeader("content-range");
  const size_t slash = range == nullptr ? std::string::npos : range->rfind('/');
  int64_t size = -1;
  if (slash != std::string::npos) {
    std::from_chars(range->data() + slash + 1, range->data() + range->size(), size);
  }
  if (size < 0) {
    return Error{ErrorKind::kInvalidConfig,
                 fmt::format("opening {}: the answer does not say how long it is", path),
                 "[storage] endpoint must be the address of an S3 API with ranged GET"};
  }
  return size;
}

class ObjectReader final : public storage::Reader {
 public:
  ObjectReader(std::shared_ptr<Store> store, std::string path, Location at, int64_t size, std::string tail)
      : store_(std::move(store)),
        path_(std::move(path)),
        at_(std::move(at)),
        size_(size),
        tail_(std::move(tail)) {}

  int64_t size() const override { return size_; }

  Status ReadAt(int64_t offset, size_t size, char* out) const override {
    const auto wanted = static_cast<int64_t>(size);
    if (offset < 0 || wanted > size_ - offset) {
      return Error{ErrorKind::kCorrupt,
                   fmt::format("reading {}: it ends at {}, before byte {}", path_, size_, offset + wanted)};
    }
    const int64_t before = std::clamp<int64_t>(tail_begin_ - offset, 0, wanted);
    if (before > 0) CDC_TRY(ReadBeforeTail(offset, before, out));
    if (before < wanted) {
      std::memcpy(out + before, tail_.data() + (offset + before - tail_begin_),
                  static_cast<size_t>(wanted - before));
    }
    return {};
  }

 private:
  Status ReadBeforeTail(int64_t offset, int64_t size, char* out) const {
    if (tail_begin_ > kSmall) return Fetch(offset, size, out);
    const std::lock_guard lock(mutex_);
    if (head_.empty()) {
      std::string head(static_cast<size_t>(tail_begin_), '\0');
      CDC_TRY(Fetch(0, tail_begin_, head.data()));
      head_ = std::move(head);
    }
    std::memcpy(out, head_.data() + offset, static_cast<size_t>(size));
    return {};
  }

  Status Fetch(int64_t offset, int64_t size, char* out) const {
    Call call{"GET", "reading", path_,
              at_,   {},        {{"Range", fmt::format("bytes={}-{}", offset, offset + size - 1)}}};
    CDC_ASSIGN(const Answer answer, store_->Send(call));
    const std::string& body = answer.response.body;
    if (answer.response.status != 206 || static_cast<int64_t>(body.size()) != size) {
      return Error{ErrorKind::kCorrupt,
                   fmt::format("reading {}: {} bytes at {} were asked for, {} came (status {})", path_, size,
                               offset, body.size(), answer.response.status)};
    }
    std::memcpy(out, body.data(), body.size());
    return {};
  }

  const std::shared_ptr<Store> store_;
  const std::string path_;
  const Location at_;
  const int64_t size_;
  const std::string tail_;  // the object's last bytes
  const int64_t tail_begin_ = size_ - static_cast<int64_t>(tail_.size());
  mutable std::mutex mutex_;
  mutable std::string head_;  // all before the tail of a small object, once it is wanted
};

}  // namespace

Result<std::unique_ptr<storage::Reader>> OpenObject(std::shared_ptr<Store> store, std::string path,
                                                    Location at) {
  Call call{"GET", "opening", path, at, {}, {{"Range", fmt::format("bytes=-{}", kTail)}}};
  call.accepted_status = 416;  // of an empty object
  CDC_ASSIGN(Answer answer, store->Send(call));
  http::Response& response = answer.response;
  int64_t size = 0;
  std::string tail;
  if (response.status == 206) {
    CDC_ASSIGN(size, SizeOf(response, path));
    tail = std::move(response.body);
    if (static_cast<int64_t>(tail.size()) != std::min(size, kTail)) {
      return Error{ErrorKind::kCorrupt, fmt::format("opening {}: {} bytes came of the last {} of {}", path,
                                                    tail.size(), kTail, size)};
    }
  } else if (response.status != 416) {  // the whole object
    tail = std::move(response.body);
    size = static_cast<int64_t>(tail.size());
  }
  return std::unique_ptr<storage::Reader>(std::make_unique<ObjectReader>(
      std::move(store), std::move(path), std::move(at), size, std::move(tail)));
}

}  // namespace cdc::s3
