#include "lib/parquet/page_writer_internal.h"

#include <cstdint>

#include <zstd.h>

namespace cdc::parquet {
namespace {

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

/// A thread's own, for all its files: making and first touching one costs as much as compressing a small
/// file. Null when there is no memory.
ZSTD_CCtx* ThreadContext() {
  thread_local const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  return context.get();
}

}  // namespace

Status FileEnd::Write(std::string_view bytes) {
  position_ += static_cast<int64_t>(bytes.size());
  if (pending_.size() + bytes.size() > kCollected) {
    CDC_TRY(Flush());
  }
  if (bytes.size() >= kCollected) return out_->Write(bytes);
  pending_.append(bytes);
  return {};
}

Status FileEnd::Flush() {
  if (pending_.empty()) return {};
  CDC_TRY(out_->Write(pending_));
  pending_.clear();
  return {};
}

Status FileEnd::Close() {
  CDC_TRY(Flush());
  return out_->Close();
}

Result<PageBytes> PageCompressor::Compress(PageKind kind, size_t values, Encoding encoding,
                                           std::string_view body) {
  const size_t most = ZSTD_compressBound(body.size());
  if (most > INT32_MAX || values > INT32_MAX)
    return Error{ErrorKind::kUnsupported, "cannot write a page of " + std::to_string(body.size()) +
                                              " bytes: a Parquet page has less than 2 GB"};
  ZSTD_CCtx* const context = ThreadContext();
  if (context == nullptr) return Error{ErrorKind::kTransient, "cannot compress a page: out of memory"};
  compressed_.Clear(4 * most + (1 << 20));
  const size_t size =
      ZSTD_compressCCtx(context, compressed_.Room(most), most, body.data(), body.size(), level_);
  if (ZSTD_isError(size))
    return Error{ErrorKind::kTransient, std::string("cannot compress a page: ") + ZSTD_getErrorName(size)};
  compressed_.Use(size);
  header_.clear();
  AppendPageHeader(kind, values, encoding, body.size(), compressed_.view(), &header_);
  return PageBytes{header_, compressed_.view()};
}

void WaitingPages::Add(const PageBytes& page) {
  // As new char[]: a std::make_unique would clear it.
  Page kept{std::unique_ptr<char[]>(new char[page.size()]), page.size()};
  page.header.copy(kept.bytes.get(), page.header.size());
  page.body.copy(kept.bytes.get() + page.header.size(), page.body.size());
  pages_.push_back(std::move(kept));
  bytes_ += static_cast<int64_t>(page.size());
}

Status WaitingPages::WriteTo(FileEnd* file) {
  for (Page& page : pages_) {
    CDC_TRY(file->Write({page.bytes.get(), page.size}));
    page.bytes.reset();
  }
  pages_.clear();
  bytes_ = 0;
  return {};
}

}  // namespace cdc::parquet
