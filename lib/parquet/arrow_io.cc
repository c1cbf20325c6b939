#include <algorithm>

#include <arrow/buffer.h>

#include "lib/parquet/arrow_io_internal.h"

namespace cdc::parquet {

arrow::Result<int64_t> InputAdapter::ReadAt(int64_t position, int64_t size, void* out) {
  const int64_t left = std::max<int64_t>(0, in_->size() - position);
  const int64_t wanted = std::min(size, left);
  if (wanted > 0) {
    const Status read = in_->ReadAt(position, static_cast<size_t>(wanted), static_cast<char*>(out));
    if (!read) {
      failure_ = read;
      return arrow::Status::IOError(read.error().message);
    }
  }
  return wanted;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> InputAdapter::ReadAt(int64_t position, int64_t size) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size));
  ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, size, buffer->mutable_data()));
  if (got < size) ARROW_RETURN_NOT_OK(buffer->Resize(got));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<int64_t> InputAdapter::Read(int64_t size, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, size, out));
  position_ += got;
  return got;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> InputAdapter::Read(int64_t size) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size));
  position_ += buffer->size();
  return buffer;
}

arrow::Status InputAdapter::Seek(int64_t position) {
  position_ = position;
  return arrow::Status::OK();
}

arrow::Status InputAdapter::Close() {
  closed_ = true;
  return arrow::Status::OK();
}

}  // namespace cdc::parquet
