#pragma once

/// \file orchestrator/line_reader.h
/// Lines out of a stream that arrives in pieces.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace cdc::orchestrator {

/// Lines longer than the limit are dropped whole, so that a mad writer costs no memory.
class LineReader {
 public:
  explicit LineReader(size_t limit) : limit_(limit) {}

  void Feed(std::string_view bytes, const std::function<void(std::string_view)>& on_line) {
    while (!bytes.empty()) {
      size_t end = bytes.find('\n');
      std::string_view part = bytes.substr(0, end);
      if (rest_.size() + part.size() > limit_) {
        too_long_ = true;
        rest_.clear();
      } else if (!too_long_) {
        rest_ += part;
      }
      if (end == std::string_view::npos) return;
      if (!too_long_) on_line(rest_);
      rest_.clear();
      too_long_ = false;
      bytes.remove_prefix(end + 1);
    }
  }
  /// What came after the last newline.
  const std::string& rest() const { return rest_; }

 private:
  size_t limit_;
  std::string rest_;
  bool too_long_ = false;
};

}  // namespace cdc::orchestrator
