#include "lib/s3/object_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "lib/s3/xml.h"

namespace cdc::s3 {
namespace {

constexpr size_t kMostParts = 10'000;  // S3's limit

std::string EscapeXml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

/// As the store confirmed it.
struct Part {
  std::string tag;
  std::string checksum;  ///< SHA-256 in base64; empty: the store keeps none
};

class ObjectWriter final : public storage::Writer {
 public:
  ObjectWriter(std::shared_ptr<Store> store, std::string path, Location at)
      : store_(std::move(store)),
        path_(std::move(path)),
        at_(std::move(at)),
        part_size_(static_cast<size_t>(store_->part_size())) {}

  ~ObjectWriter() override {
    if (!upload_.empty()) Abort();
  }

  Status Write(std::string_view bytes) override {
    if (closed_)
      return Error{ErrorKind::kInvalidArgument, "writing " + path_ + ": it is closed or has failed"};
    while (!bytes.empty()) {
      // A part is sent only when more follows: what fits in one goes as a single PUT.
      if (buffer_.size() == part_size_) {
        CDC_TRY(Keep(SendPart(buffer_)));
        buffer_.clear();
      }
      if (buffer_.empty() && bytes.size() > part_size_) {
        CDC_TRY(Keep(SendPart(bytes.substr(0, part_size_))));
        bytes.remove_prefix(part_size_);
        continue;
      }
      const size_t taken = std::min(bytes.size(), part_size_ - buffer_.size());
      Reserve(buffer_.size() + taken);
      buffer_.append(bytes.substr(0, taken));
      bytes.remove_prefix(taken);
    }
    return {};
  }

  Status Close() override {
    if (closed_)
      return Error{ErrorKind::kInvalidArgument, "closing " + path_ + ": it is closed or has failed"};
    closed_ = true;
    if (upload_.empty()) {
      const auto put = store_->Send({"PUT", "writing", path_, at_, {}, {}, buffer_});
      if (!put) return put.error();
    } else {
      CDC_TRY(SendPart(buffer_));
      CDC_TRY(Complete());
      upload_.clear();
    }
    buffer_ = {};
    return {};
  }

 private:
  /// After a failure nothing more is written: parts would be missing.
  Status Keep(Status status) {
    if (!status) closed_ = true;
    return status;
  }

  /// Doubles, but never beyond a part.
  void Reserve(size_t size) {
    if (size > buffer_.capacity())
      buffer_.reserve(std::min(part_size_, std::max(size, 2 * buffer_.capacity())));
  }

  Status Begin() {
    CDC_ASSIGN(const Answer answer, store_->Send({"POST",
                                                  "starting to write",
                                                  path_,
                                                  at_,
                                                  {{"uploads", ""}},
                                                  {{"x-amz-checksum-algorithm", "SHA256"}}}));
    CDC_ASSIGN(const Element document, ParseXml(answer.response.body));
    upload_ = document.TextOf("UploadId");
    if (upload_.empty()) {
      return Error{ErrorKind::kInvalidConfig, "starting to write " + path_ + ": the answer has no UploadId",
                   "[storage] endpoint must be the address of an S3 API"};
    }
    return {};
  }

  Status SendPart(std::string_view bytes) {
    if (upload_.empty()) CDC_TRY(Begin());
    if (parts_.size() == kMostParts) {
      return Error{ErrorKind::kUnsupported,
                   fmt::format("writing {}: more than {} parts of {} bytes", path_, kMostParts, part_size_)};
    }
    const std::string number = std::to_string(parts_.size() + 1);
    CDC_ASSIGN(
        const Answer answer,
        store_->Send(
            {"PUT", "writing", path_, at_, {{"partNumber", number}, {"uploadId", upload_}}, {}, bytes}));
    const std::string* tag = answer.response.FindHeader("etag");
    if (tag == nullptr) {
      return Error{ErrorKind::kTransient,
                   fmt::format("writing {}: no ETag in the answer to part {}", path_, number)};
    }
    const std::string* checksum = answer.response.FindHeader("x-amz-checksum-sha256");
    parts_.push_back({*tag, checksum == nullptr ? "" : *checksum});
    size_ += static_cast<int64_t>(bytes.size());
    return {};
  }

  Status Complete() {
    std::string body = "<CompleteMultipartUpload>";
    for (size_t i = 0; i < parts_.size(); ++i) {
      body +=
          fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag>", i + 1, EscapeXml(parts_[i].tag));
      if (!parts_[i].checksum.empty()) {
        body += fmt::format("<ChecksumSHA256>{}</ChecksumSHA256>", EscapeXml(parts_[i].checksum));
      }
      body += "</Part>";
    }
    body += "</CompleteMultipartUpload>";
    Call call{"POST", "finishing", path_, at_, {{"uploadId", upload_}}, {}, body};
    call.accepted_status = 404;
    CDC_ASSIGN(const Answer answer, store_->Send(call));
    if (answer.response.status != 404) return {};
    if (answer.attempts > 1 && IsThere()) return {};  // an earlier attempt did it and its answer was lost
    return Error{ErrorKind::kTransient,
                 fmt::format("finishing {}: its upload is gone ({})", path_, answer.code)};
  }

  /// Names are unique per attempt, so an object of this name and size is ours.
  bool IsThere() {
    const auto head = store_->Send({"HEAD", "looking for", path_, at_});
    const std::string* length = head ? head->response.FindHeader("content-length") : nullptr;
    return length != nullptr && *length == std::to_string(size_);
  }

  /// What is left by a store that is down now is the bucket's lifecycle rule's.
  void Abort() {
    Call call{"DELETE", "giving up", path_, at_, {{"uploadId", upload_}}};
    call.once = true;
    (void)store_->Send(call);
  }

  const std::shared_ptr<Store> store_;
  const std::string path_;
  const Location at_;
  const size_t part_size_;
  std::string buffer_;
  std::string upload_;       // empty: no multipart upload is open
  std::vector<Part> parts_;  // those sent
  int64_t size_ = 0;         // of the parts sent
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<storage::Writer> MakeObjectWriter(std::shared_ptr<Store> store, std::string path,
                                                  Location at) {
  return std::make_unique<ObjectWriter>(std::move(store), std::move(path), std::move(at));
}

}  // namespace cdc::s3
