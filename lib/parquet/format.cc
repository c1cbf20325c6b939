#include <arrow/util/crc32.h>

#include "lib/parquet/format_internal.h"
#include "lib/parquet/thrift_writer_internal.h"

namespace cdc::parquet {

void AppendPageHeader(PageKind kind, size_t values, Encoding encoding, size_t plain_bytes,
                      std::string_view bytes, std::string* out) {
  ThriftWriter header(out);
  header.Enum(1, kind);
  header.Int32(2, static_cast<int32_t>(plain_bytes));
  header.Int32(3, static_cast<int32_t>(bytes.size()));
  header.Int32(4, static_cast<int32_t>(arrow::internal::crc32(0, bytes.data(), bytes.size())));
  header.Struct(kind == PageKind::kDictionary ? 7 : 5);
  header.Int32(1, static_cast<int32_t>(values));
  header.Enum(2, encoding);
  if (kind == PageKind::kData) {
    header.Enum(3, Encoding::kRle);  // of definition levels
    header.Enum(4, Encoding::kRle);  // of repetition levels
  }
  header.EndStruct();
  header.Stop();
}

}  // namespace cdc::parquet
