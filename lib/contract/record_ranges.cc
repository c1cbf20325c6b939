#include "lib/contract/record_ranges.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

namespace cdc::contract {
namespace {

bool ParseNumber(std::string_view text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() && *number >= 0;
}

Error NoRanges(std::string_view json) {
  return Error{ErrorKind::kCorrupt, fmt::format("these are no ranges of records: {}", json.substr(0, 200))};
}

}  // namespace

bool RecordRanges::Has(int32_t partition, int64_t offset) const {
  const auto found = ranges_.find(partition);
  if (found == ranges_.end()) return false;
  const auto after = found->second.upper_bound(offset);
  return after != found->second.begin() && std::prev(after)->second >= offset;
}

void RecordRanges::Add(int32_t partition, int64_t first, int64_t last) {
  auto& ranges = ranges_[partition];
  auto at = ranges.upper_bound(first);
  if (at != ranges.begin() && std::prev(at)->second >= first - 1) {
    --at;
    first = at->first;
    last = std::max(last, at->second);
    at = ranges.erase(at);
  }
  while (at != ranges.end() && at->first <= last + 1) {
    last = std::max(last, at->second);
    at = ranges.erase(at);
  }
  ranges.emplace_hint(at, first, last);
}

void RecordRanges::Remove(int32_t partition, int64_t offset) {
  if (!Has(partition, offset)) return;
  auto& ranges = ranges_[partition];
  const auto at = std::prev(ranges.upper_bound(offset));
  const auto [first, last] = *at;
  ranges.erase(at);
  if (first < offset) ranges[first] = offset - 1;
  if (last > offset) ranges[offset + 1] = last;
  if (ranges.empty()) ranges_.erase(partition);
}

void RecordRanges::KeepBelow(const PartitionOffsets& next) {
  for (auto entry = ranges_.begin(); entry != ranges_.end();) {
    auto& [partition, ranges] = *entry;
    const auto end = next.find(partition);
    ranges.erase(end == next.end() ? ranges.begin() : ranges.lower_bound(end->second), ranges.end());
    if (!ranges.empty()) {
      auto& last = ranges.rbegin()->second;
      last = std::min(last, end->second - 1);
    }
    entry = ranges.empty() ? ranges_.erase(entry) : std::next(entry);
  }
}

void RecordRanges::Bound(size_t most) {
  for (size_t count = range_count(); count > most; --count) {
    const auto largest = std::max_element(ranges_.begin(), ranges_.end(), [](const auto& a, const auto& b) {
      return a.second.size() < b.second.size();
    });
    largest->second.erase(largest->second.begin());
    if (largest->second.empty()) ranges_.erase(largest);
  }
}

size_t RecordRanges::range_count() const {
  size_t count = 0;
  for (const auto& [partition, ranges] : ranges_) count += ranges.size();
  return count;
}

std::string RecordRanges::Encode() const {
  std::string json = "{";
  for (const auto& [partition, ranges] : ranges_) {
    json += fmt::format("{}\"{}\":\"", json.size() > 1 ? "," : "", partition);
    bool first = true;
    for (const auto& [from, to] : ranges) {
      json += fmt::format("{}{}", first ? "" : ",", from);
      if (to != from) json += fmt::format("-{}", to);
      first = false;
    }
    json += '"';
  }
  return json + "}";
}

Result<RecordRanges> RecordRanges::Decode(std::string_view json) {
  const auto tree = nlohmann::json::parse(json, nullptr, false);
  if (!tree.is_object()) return NoRanges(json);
  RecordRanges all;
  for (const auto& [name, value] : tree.items()) {
    int64_t partition = 0;
    if (!ParseNumber(name, &partition) || partition > INT32_MAX || !value.is_string()) return NoRanges(json);
    const std::string text = value.get<std::string>();
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find(',', at), text.size());
      const std::string_view range = std::string_view(text).substr(at, end - at);
      const size_t dash = range.find('-');
      int64_t first = 0, last = 0;
      if (!ParseNumber(range.substr(0, dash), &first)) return NoRanges(json);
      last = first;
      if (dash != range.npos && !ParseNumber(range.substr(dash + 1), &last)) return NoRanges(json);
      if (last < first) return NoRanges(json);
      all.Add(static_cast<int32_t>(partition), first, last);
      at = end + 1;
    }
  }
  return all;
}

}  // namespace cdc::contract
