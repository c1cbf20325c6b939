#include "lib/kafka/message.h"

#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {
namespace {

std::optional<std::string_view> View(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

}  // namespace

std::string_view Message::topic() const { return rd_kafka_topic_name(raw_->rkt); }
int32_t Message::partition() const { return raw_->partition; }
int64_t Message::offset() const { return raw_->offset; }
int64_t Message::timestamp_ms() const { return rd_kafka_message_timestamp(raw_, nullptr); }
std::optional<std::string_view> Message::key() const { return View(raw_->key, raw_->key_len); }
std::optional<std::string_view> Message::value() const { return View(raw_->payload, raw_->len); }

bool Message::has_headers() const {
  rd_kafka_headers_t* headers = nullptr;
  return rd_kafka_message_headers(raw_, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

std::optional<std::string_view> Message::header(const char* name) const {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(raw_, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  const void* value = nullptr;
  size_t size = 0;
  if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  return View(value, size);
}

std::vector<std::pair<std::string_view, std::optional<std::string_view>>> Message::headers() const {
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> all;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(raw_, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    all.emplace_back(name, View(value, size));
  }
  return all;
}

MessageBatch::MessageBatch(MessageBatch&& other) noexcept
    : messages_(std::exchange(other.messages_, {})),
      earlier_(std::exchange(other.earlier_, {})),
      ends_(std::exchange(other.ends_, {})),
      problems_(std::exchange(other.problems_, {})),
      bytes_(std::exchange(other.bytes_, 0)) {}

MessageBatch& MessageBatch::operator=(MessageBatch&& other) noexcept {
  if (this == &other) return *this;
  clear();
  messages_.swap(other.messages_);
  earlier_.swap(other.earlier_);
  ends_.swap(other.ends_);
  problems_.swap(other.problems_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

void MessageBatch::clear() {
  for (const Message& m : messages_) rd_kafka_message_destroy(m.raw_);
  for (const Message& m : earlier_) rd_kafka_message_destroy(m.raw_);
  messages_.clear();
  earlier_.clear();
  ends_.clear();
  problems_.clear();
  bytes_ = 0;
}

}  // namespace cdc::kafka
