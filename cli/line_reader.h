#pragma once

/// \file cli/line_reader.h
/// Lines of a file, of standard input, or of either compressed with gzip.

#include <memory>
#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace cdc::cli {

/// Needs memory for the longest line only.
class LineReader {
 public:
  /// \param file "-": standard input
  /// \return kNotFound, kInvalidConfig: no permission, or a folder.
  static Result<LineReader> Open(const std::string& file);
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;
  ~LineReader();

  /// The next line without its end; valid until the next call. False: there is none.
  /// \return kCorrupt: the compressed data is damaged or cut off; kTransient: it cannot be read.
  Result<bool> Next(std::string_view* line);
  /// Of the line given last, from 1.
  long number() const { return number_; }

 private:
  struct Stream;
  LineReader(std::unique_ptr<Stream> stream, std::string name);
  Status Fill(bool* end);
  std::unique_ptr<Stream> stream_;
  std::string name_;
  std::string buffer_;
  size_t next_ = 0;  ///< first byte of `buffer_` not given yet
  long number_ = 0;
  bool end_ = false;
};

}  // namespace cdc::cli
