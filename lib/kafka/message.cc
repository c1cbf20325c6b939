#include "lib/kafka/message.h"

#include <algorithm>

#include "lib/kafka/handle_internal.h"

namespace cdc::kafka {
namespace {

std::optional<std::string_view> View(const void* bytes, size_t size) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

std::optional<std::string_view> View(const std::optional<std::string>& text) {
  return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

}  // namespace

std::string_view Message::topic() const {
  return own_ != nullptr ? std::string_view(own_->topic) : rd_kafka_topic_name(raw_->rkt);
}
int32_t Message::partition() const { return own_ != nullptr ? own_->partition : raw_->partition; }
int64_t Message::offset() const { return own_ != nullptr ? own_->offset : raw_->offset; }
int64_t Message::timestamp_ms() const {
  return own_ != nullptr ? own_->timestamp_ms : rd_kafka_message_timestamp(raw_, nullptr);
}
std::optional<std::string_view> Message::key() const {
  return own_ != nullptr ? View(own_->key) : View(raw_->key, raw_->key_len);
}
std::optional<std::string_view> Message::value() const {
  return own_ != nullptr ? View(own_->value) : View(raw_->payload, raw_->len);
}

bool Message::has_headers() const {
  if (own_ != nullptr) return !own_->headers.empty();
  rd_kafka_headers_t* headers = nullptr;
  return rd_kafka_message_headers(raw_, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

std::optional<std::string_view> Message::header(const char* name) const {
  if (own_ != nullptr) {
    const auto last = std::find_if(own_->headers.rbegin(), own_->headers.rend(),
                                   [&](const auto& header) { return header.first == name; });
    return last == own_->headers.rend() ? std::nullopt : View(last->second);
  }
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
  if (own_ != nullptr) {
    for (const auto& [name, value] : own_->headers) all.emplace_back(name, View(value));
    return all;
  }
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
      refused_hint_(std::exchange(other.refused_hint_, std::nullopt)),
      bytes_(std::exchange(other.bytes_, 0)) {}

MessageBatch& MessageBatch::operator=(MessageBatch&& other) noexcept {
  if (this == &other) return *this;
  clear();
  messages_.swap(other.messages_);
  earlier_.swap(other.earlier_);
  ends_.swap(other.ends_);
  problems_.swap(other.problems_);
  refused_hint_.swap(other.refused_hint_);
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
  refused_hint_.reset();
  bytes_ = 0;
}

}  // namespace cdc::kafka
