#include "jobs/source/letter_streak.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "lib/core/hash128.h"

namespace cdc::source {
namespace {

using nlohmann::json;

std::string Checksum(std::string_view text) {
  const Hash128 hash = HashBytes(text);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string ReasonWithoutValues(std::string_view reason) {
  // Which column it was is part of the reason.
  constexpr std::string_view kColumn = "column '";
  std::string out;
  for (size_t at = 0; at < reason.size();) {
    const char c = reason[at];
    const bool name = c == '\'' && std::string_view(out).ends_with(kColumn.substr(0, kColumn.size() - 1));
    // An apostrophe inside a word begins no value.
    const bool quote =
        (c == '\'' || c == '"') && (at == 0 || std::strchr(" (:,=[", reason[at - 1]) != nullptr);
    const size_t end = quote || name ? reason.find(c, at + 1) : std::string_view::npos;
    if (end != std::string_view::npos && name) {
      out += reason.substr(at, end + 1 - at);
      at = end + 1;
    } else if (end != std::string_view::npos) {
      out += '_';
      at = end + 1;
    } else if (IsDigit(c)) {
      while (at < reason.size() && IsDigit(reason[at])) ++at;
      out += '_';
    } else {
      out += c;
      ++at;
    }
  }
  return out;
}

LetterStreak LetterStreak::Load(std::filesystem::path file) {
  LetterStreak streak;
  streak.file_ = std::move(file);
  std::ifstream in(streak.file_, std::ios::binary);
  std::string checksum, text;
  if (!std::getline(in, checksum) || !std::getline(in, text) || Checksum(text) != checksum) return streak;
  const json saved = json::parse(text, nullptr, false);
  try {
    streak.reason_ = saved.at("reason");
    streak.count_ = saved.at("count");
    for (const auto& [partition, offset] : saved.at("counted").items()) {
      streak.counted_[std::stoi(partition)] = offset.get<int64_t>();
    }
  } catch (const std::exception&) {
    streak.reason_.clear();
    streak.count_ = 0;
    streak.counted_.clear();
  }
  return streak;
}

bool LetterStreak::Note(int64_t change, int32_t partition, int64_t offset, std::string_view reason) {
  std::string bare = ReasonWithoutValues(reason);
  if (change != last_ + 1 || bare != reason_) {
    count_ = 0;
    counted_.clear();
    reason_ = std::move(bare);
  }
  last_ = change;
  const auto counted = counted_.find(partition);
  if (counted == counted_.end() || counted->second < offset) {
    ++count_;
    counted_[partition] = offset;
    changed_ = true;
  }
  return count_ >= kTooMany;
}

Status LetterStreak::Save(int64_t changes) {
  if (changes > last_ && count_ > 0) {
    count_ = 0;
    reason_.clear();
    counted_.clear();
    changed_ = true;
  }
  if (!changed_ || file_.empty()) return {};
  CDC_TRY(Write());
  changed_ = false;
  return {};
}

Status LetterStreak::Write() const {
  std::error_code error;
  if (count_ == 0) {
    std::filesystem::remove(file_, error);
    return error ? Error{ErrorKind::kTransient, "cannot remove " + file_.string() + ": " + error.message()}
                 : Status{};
  }
  json counted = json::object();
  for (const auto& [partition, offset] : counted_) counted[std::to_string(partition)] = offset;
  const std::string text = json{{"reason", reason_}, {"count", count_}, {"counted", counted}}.dump(
      -1, ' ', true, json::error_handler_t::replace);
  std::filesystem::create_directories(file_.parent_path(), error);
  const std::filesystem::path temporary = file_.string() + ".new";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << Checksum(text) << '\n' << text << '\n';
    out.flush();
    if (!out)
      return Error{ErrorKind::kTransient, "cannot write " + temporary.string() + ": " + std::strerror(errno)};
  }
  std::filesystem::rename(temporary, file_, error);
  if (error)
    return Error{ErrorKind::kTransient, "cannot rename " + temporary.string() + ": " + error.message()};
  return {};
}

}  // namespace cdc::source
