#pragma once

/// \file lib/delta/deletion_vector.h
/// Which rows of a data file are deleted, as the log names it and as its file holds it (PROTOCOL.md,
/// "Deletion Vectors", "Deletion Vector File Storage Format").

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"
#include "lib/storage/file_system.h"

namespace cdc::delta {

/// PROTOCOL.md, "Deletion Vector Descriptor Schema".
struct DeletionVector {
  std::string storage_type;            ///< u: a file of the table, by uuid; i: inline; p: a file by its path
  std::string path_or_inline;          ///< Z85 where it is no path
  std::optional<int32_t> offset = {};  ///< in the file, of the vector's size
  int32_t size_in_bytes = 0;
  int64_t cardinality = 0;  ///< deleted rows

  /// Tells the vectors of one data file apart (there, "Derived Fields").
  std::string unique_id() const;

  friend bool operator==(const DeletionVector&, const DeletionVector&) = default;
};

/// ZeroMQ's RFC 32. \param bytes a multiple of four
std::string EncodeZ85(std::string_view bytes);
/// \return nothing: not Z85.
std::optional<std::string> DecodeZ85(std::string_view text);

/// The path of the file that holds the vector; empty: it is inline. \return kUnsupported, kCorrupt.
Result<std::string> FileOf(const DeletionVector& vector, const std::string& table_root);

/// Reads the deleted positions, ascending. \return kCorrupt: the file, or its checksum, is wrong; kNotFound,
/// kTransient.
Result<std::vector<int64_t>> ReadVector(const DeletionVector& vector, const std::string& table_root,
                                        storage::FileSystem& files);

/// The content of a file of vectors: those of one commit lie in one.
class VectorFile {
 public:
  VectorFile();

  /// \param sorted ascending, without duplicates, at least one \return how an add action names it
  DeletionVector Add(std::span<const int64_t> sorted);

  bool empty() const { return bytes_.size() == 1; }
  const std::string& name() const { return name_; }  ///< in the table's folder
  const std::string& bytes() const { return bytes_; }

 private:
  std::string name_, encoded_id_;
  std::string bytes_;
};

}  // namespace cdc::delta
