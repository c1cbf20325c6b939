#include "lib/storage/deferred_close.h"

#include <algorithm>

#include "lib/storage/in_parallel.h"

namespace cdc::storage {
namespace {

/// Files open at a time: each is a descriptor, or its content in memory.
constexpr size_t kMostOpen = 32;

}  // namespace

class NotedWriter final : public Writer {
 public:
  NotedWriter(DeferredClose& owner, std::string path, std::unique_ptr<Writer> real)
      : owner_(owner), path_(std::move(path)), real_(std::move(real)) {}

  Status Write(std::string_view bytes) override { return real_->Write(bytes); }
  Status Close() override {
    {
      const std::lock_guard lock(owner_.mutex_);
      owner_.noted_.push_back({std::move(path_), std::move(real_)});
      if (owner_.noted_.size() < kMostOpen) return {};
    }
    return owner_.CloseAll();
  }

 private:
  DeferredClose& owner_;
  std::string path_;
  std::unique_ptr<Writer> real_;
};

Result<std::unique_ptr<Writer>> DeferredClose::Create(const std::string& path) {
  CDC_ASSIGN(auto real, files_.Create(path));
  return std::unique_ptr<Writer>(std::make_unique<NotedWriter>(*this, path, std::move(real)));
}

Status DeferredClose::Delete(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    if (std::erase_if(noted_, [&](const Noted& noted) { return noted.path == path; }) > 0) return {};
  }
  return files_.Delete(path);
}

Status DeferredClose::CloseAll() {
  std::vector<Noted> noted;
  {
    const std::lock_guard lock(mutex_);
    noted.swap(noted_);
  }
  return InParallel(noted.size(), [&](size_t i) { return noted[i].writer->Close(); });
}

}  // namespace cdc::storage
