#include "orchestrator/view_desk.h"

#include <utility>

#include <boost/asio/post.hpp>

namespace cdc::orchestrator {
namespace {

constexpr Millis kViewAge{250};

}  // namespace

ViewDesk::ViewDesk(boost::asio::io_context& io, ViewSource source)
    : source_(std::move(source)), door_(std::make_shared<Door>()) {
  door_->io = &io;
}

ViewDesk::~ViewDesk() {
  std::lock_guard guard(door_->mutex);
  door_->io = nullptr;
}

void ViewDesk::Ask(ViewReader reader) {
  if (view_ && std::chrono::steady_clock::now() - taken_ < kViewAge) return reader(view_);
  waiting_.push_back(std::move(reader));
  if (std::exchange(asked_, true)) return;
  source_([this, door = door_](const ViewPtr& view) {
    std::lock_guard guard(door->mutex);
    if (door->io != nullptr) boost::asio::post(*door->io, [this, view] { Deliver(view); });
  });
}

void ViewDesk::Deliver(const ViewPtr& view) {
  asked_ = false;
  view_ = view;
  taken_ = std::chrono::steady_clock::now();
  for (auto& reader : std::exchange(waiting_, {})) reader(view);
}

}  // namespace cdc::orchestrator
