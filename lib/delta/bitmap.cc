#include "lib/delta/bitmap.h"

#include <algorithm>
#include <cstring>

namespace cdc::delta {
namespace {

// Of the 32-bit format: the first word says whether there are containers of runs.
constexpr uint32_t kCookie = 12347, kCookieWithoutRuns = 12346;
constexpr uint32_t kContainersWithOffsets = 4;  ///< with runs: from so many containers on they have offsets
constexpr size_t kMaxArray = 4096;              ///< values of an array container; more are bits
constexpr size_t kBitsBytes = 8192;             ///< of a container of bits

template <typename T>
void Put(T value, std::string* out) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
  out->append(bytes, sizeof(T));
}

/// Reads little-endian numbers; after its end it only says so.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Take() {
    const std::string_view bytes = TakeBytes(sizeof(T));
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i)
      value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return static_cast<T>(value);
  }
  std::string_view TakeBytes(size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

Error Damaged(const char* what) {
  return Error{ErrorKind::kCorrupt, std::string("reading a deletion vector: ") + what};
}

/// Values of one container: those that share all but their last 16 bits.
struct Container {
  uint16_t key;
  std::span<const int64_t> values;
};

std::vector<Container> SplitBy16(std::span<const int64_t> values) {
  std::vector<Container> containers;
  for (size_t at = 0; at < values.size();) {
    const auto key = static_cast<uint16_t>(values[at] >> 16);
    size_t end = at;
    while (end < values.size() && static_cast<uint16_t>(values[end] >> 16) == key) ++end;
    containers.push_back({key, values.subspan(at, end - at)});
    at = end;
  }
  return containers;
}

void PutContainer(std::span<const int64_t> values, std::string* out) {
  if (values.size() <= kMaxArray) {
    for (const int64_t value : values) Put(static_cast<uint16_t>(value), out);
    return;
  }
  std::string bits(kBitsBytes, '\0');
  for (const int64_t value : values) {
    const auto low = static_cast<uint16_t>(value);
    bits[low >> 3] = static_cast<char>(static_cast<unsigned char>(bits[low >> 3]) | 1U << (low & 7));
  }
  out->append(bits);
}

/// One 32-bit map: arrays and bits, no runs.
void PutMap(std::span<const int64_t> values, std::string* out) {
  const std::vector<Container> containers = SplitBy16(values);
  Put(kCookieWithoutRuns, out);
  Put(static_cast<uint32_t>(containers.size()), out);
  for (const Container& each : containers) {
    Put(each.key, out);
    Put(static_cast<uint16_t>(each.values.size() - 1), out);
  }
  auto offset = static_cast<uint32_t>(8 + 8 * containers.size());  // from the map's first byte
  for (const Container& each : containers) {
    Put(offset, out);
    offset += static_cast<uint32_t>(each.values.size() <= kMaxArray ? 2 * each.values.size() : kBitsBytes);
  }
  for (const Container& each : containers) PutContainer(each.values, out);
}

void TakeBits(std::string_view bits, int64_t base, std::vector<int64_t>* out) {
  for (size_t i = 0; i < bits.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bits[i]);
    for (int bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) out->push_back(base + static_cast<int64_t>(8 * i) + bit);
    }
  }
}

bool TakeRuns(Reader* in, int64_t base, std::vector<int64_t>* out) {
  const auto runs = in->Take<uint16_t>();
  for (uint32_t i = 0; i < runs && !in->failed(); ++i) {
    const auto first = in->Take<uint16_t>(), more = in->Take<uint16_t>();
    if (uint32_t{first} + more > 0xFFFF) return false;
    for (uint32_t value = first; value <= uint32_t{first} + more; ++value) out->push_back(base + value);
  }
  return !in->failed();
}

Status TakeMap(Reader* in, int64_t base, std::vector<int64_t>* out) {
  const auto cookie = in->Take<uint32_t>();
  std::string_view with_runs;
  uint32_t count = 0;
  if ((cookie & 0xFFFF) == kCookie) {
    count = (cookie >> 16) + 1;
    with_runs = in->TakeBytes((count + 7) / 8);
  } else if (cookie == kCookieWithoutRuns) {
    count = in->Take<uint32_t>();
  } else {
    return Damaged("it is no Roaring bitmap");
  }
  if (in->failed() || count > 0x10000) return Damaged("its containers make no sense");
  std::vector<std::pair<uint16_t, uint32_t>> headers(count);  // key, values
  for (auto& [key, values] : headers) {
    key = in->Take<uint16_t>();
    values = uint32_t{in->Take<uint16_t>()} + 1;
  }
  if (with_runs.empty() || count >= kContainersWithOffsets) (void)in->TakeBytes(size_t{4} * count);
  for (uint32_t i = 0; i < count && !in->failed(); ++i) {
    const int64_t first = base + (int64_t{headers[i].first} << 16);
    const size_t before = out->size();
    const bool runs =
        !with_runs.empty() && (static_cast<unsigned char>(with_runs[i / 8]) >> (i % 8) & 1) != 0;
    if (runs) {
      if (!TakeRuns(in, first, out)) return Damaged("a run leaves its container");
    } else if (headers[i].second <= kMaxArray) {
      for (uint32_t n = 0; n < headers[i].second; ++n) out->push_back(first + in->Take<uint16_t>());
    } else {
      TakeBits(in->TakeBytes(kBitsBytes), first, out);
    }
    if (out->size() - before != headers[i].second) return Damaged("a container has another number of rows");
  }
  return in->failed() ? Status(Damaged("it ends too soon")) : Status{};
}

}  // namespace

std::string EncodeBitmap(std::span<const int64_t> sorted) {
  std::string out;
  std::vector<std::pair<uint32_t, std::span<const int64_t>>> maps;
  for (size_t at = 0; at < sorted.size();) {
    const auto high = static_cast<uint32_t>(sorted[at] >> 32);
    size_t end = at;
    while (end < sorted.size() && static_cast<uint32_t>(sorted[end] >> 32) == high) ++end;
    maps.emplace_back(high, sorted.subspan(at, end - at));
    at = end;
  }
  Put(static_cast<uint64_t>(maps.size()), &out);
  for (const auto& [high, values] : maps) {
    Put(high, &out);
    PutMap(values, &out);
  }
  return out;
}

Result<std::vector<int64_t>> DecodeBitmap(std::string_view bytes) {
  Reader in(bytes);
  std::vector<int64_t> out;
  const auto maps = in.Take<uint64_t>();
  for (uint64_t i = 0; i < maps; ++i) {
    const auto high = in.Take<uint32_t>();
    if (in.failed() || high > 0x7FFFFFFF) return Damaged("its maps make no sense");
    CDC_TRY(TakeMap(&in, int64_t{high} << 32, &out));
  }
  if (in.failed()) return Damaged("it ends too soon");
  if (!in.at_end()) return Damaged("more follows behind its end");
  for (size_t i = 1; i < out.size(); ++i) {
    if (out[i - 1] >= out[i]) return Damaged("its rows are not in order");
  }
  return out;
}

}  // namespace cdc::delta
