#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "lib/iceberg/avro_reader_internal.h"
#include "lib/iceberg/avro_schema_internal.h"
#include "lib/iceberg/compression_internal.h"

namespace cdc::iceberg::avro {
namespace {

/// Walks over encoded bytes. After the first failure all reads give zeros and ok() is false.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t left() const { return bytes_.size(); }
  void Fail() {
    ok_ = false;
    bytes_ = {};
  }

  int64_t Long() {
    uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::string_view byte = Take(1);
      if (byte.empty()) return 0;
      const auto b = static_cast<unsigned char>(byte[0]);
      n |= static_cast<uint64_t>(b & 0x7F) << shift;
      if (b < 0x80) return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1);
    }
    Fail();
    return 0;
  }

  std::string_view Take(size_t size) {
    if (size > bytes_.size()) {
      Fail();
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view Bytes() {
    const int64_t size = Long();
    if (size < 0) Fail();
    return ok_ ? Take(static_cast<size_t>(size)) : std::string_view();
  }

  template <typename T>
  T Fixed() {
    T v{};
    const std::string_view raw = Take(sizeof(T));
    if (ok_) std::memcpy(&v, raw.data(), sizeof(T));
    return v;
  }

  /// Number of items in the next block of an array or map; 0 ends it.
  size_t BlockCount() {
    int64_t count = Long();
    if (count < 0) {
      count = count == std::numeric_limits<int64_t>::min() ? 0 : -count;
      Long();  // the block's size in bytes, for readers that skip it
    }
    // Empty records aside, each item takes at least a byte.
    if (static_cast<size_t>(count) > bytes_.size()) Fail();
    return ok_ ? static_cast<size_t>(count) : 0;
  }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

void Decode(const Type& type, Cursor* in, Value* out);

void DecodeBlocks(const Type& type, Cursor* in, Value* out) {
  static const Type kKey{Kind::kString, {}, {}, 0};
  while (const size_t count = in->BlockCount()) {
    for (size_t i = 0; i < count && in->ok(); ++i) {
      if (type.kind == Kind::kMap) Decode(kKey, in, &out->items.emplace_back());
      Decode(*type.children[0], in, &out->items.emplace_back());
    }
  }
}

void Decode(const Type& type, Cursor* in, Value* out) {
  out->type = &type;
  switch (type.kind) {
    case Kind::kNull: return;
    case Kind::kBoolean: out->number = in->Fixed<uint8_t>(); return;
    case Kind::kInt:
    case Kind::kLong:
    case Kind::kEnum: out->number = in->Long(); return;
    case Kind::kFloat: out->real = in->Fixed<float>(); return;
    case Kind::kDouble: out->real = in->Fixed<double>(); return;
    case Kind::kBytes:
    case Kind::kString: out->text = in->Bytes(); return;
    case Kind::kFixed: out->text = in->Take(type.fixed_size); return;
    case Kind::kArray:
    case Kind::kMap: DecodeBlocks(type, in, out); return;
    case Kind::kRecord:
      out->items.resize(type.fields.size());
      for (size_t i = 0; i < type.fields.size() && in->ok(); ++i)
        Decode(*type.fields[i].type, in, &out->items[i]);
      return;
    case Kind::kUnion: {
      const int64_t branch = in->Long();
      if (branch < 0 || static_cast<size_t>(branch) >= type.children.size()) return in->Fail();
      return Decode(*type.children[static_cast<size_t>(branch)], in, out);
    }
  }
}

Error Damaged(const std::string& why) {
  return Error{ErrorKind::kCorrupt, fmt::format("reading an Avro file: {}", why)};
}

Status ReadBlocks(Cursor in, std::string_view sync, BlockCodec codec, Container* out) {
  while (in.left() > 0) {
    const int64_t count = in.Long();
    const std::string_view stored = in.Bytes();
    if (!in.ok() || count < 0 || in.Take(sync.size()) != sync)
      return Damaged("a block is cut short or damaged");
    std::string unpacked;
    if (codec != BlockCodec::kNone) {
      CDC_ASSIGN(unpacked, DecompressBlock(codec, stored));
    }
    const std::string_view records = codec == BlockCodec::kNone ? stored : std::string_view(unpacked);
    if (static_cast<size_t>(count) > records.size())
      return Damaged("a block claims more records than it has bytes");
    Cursor block(records);
    for (int64_t i = 0; i < count; ++i) {
      Decode(*out->schema, &block, &out->records.emplace_back());
      if (!block.ok()) return Damaged("a record is damaged");
    }
    if (block.left() != 0) return Damaged("bytes are left over in a block");
  }
  return {};
}

}  // namespace

const Value* Value::Find(int field_id, std::string_view name) const {
  if (type == nullptr || type->kind != Kind::kRecord) return nullptr;
  for (size_t i = 0; i < items.size(); ++i) {
    const FieldType& field = type->fields[i];
    const bool match = field.id >= 0 ? field.id == field_id : field.name == name;
    if (match) return items[i].is_null() ? nullptr : &items[i];
  }
  return nullptr;
}

Result<Container> ReadContainer(std::string_view bytes) {
  Cursor in(bytes);
  if (in.Take(4) != std::string_view("Obj\x01", 4)) return Damaged("it does not begin as one");
  Container out;
  while (const size_t count = in.BlockCount()) {
    for (size_t i = 0; i < count && in.ok(); ++i) {
      std::string key(in.Bytes());
      out.metadata[std::move(key)] = in.Bytes();
    }
  }
  const std::string_view sync = in.Take(16);
  if (!in.ok()) return Damaged("the header is cut short");
  CDC_ASSIGN(const BlockCodec codec, BlockCodecOf(out.metadata["avro.codec"]));
  CDC_ASSIGN(out.schema, ParseAvroSchema(out.metadata["avro.schema"]));
  CDC_TRY(ReadBlocks(in, sync, codec, &out));
  return out;
}

}  // namespace cdc::iceberg::avro
