#include "orchestrator/view_desk.h"

#include <utility>

namespace cdc::orchestrator {
namespace {

constexpr Millis kViewAge{250};
constexpr Millis kChronicleLook{1'000};  ///< whether a step is due

SteadyTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

ViewDesk::ViewDesk(boost::asio::io_context& io, ViewSource source, Chronicle& chronicle)
    : source_(std::move(source)),
      chronicle_(chronicle),
      door_(std::make_shared<ThreadDoor>(io)),
      timer_(io) {}

ViewDesk::~ViewDesk() { door_->Close(); }

void ViewDesk::Ask(ViewReader reader) {
  if (view_ && Now() - taken_ < kViewAge) return reader(view_);
  waiting_.push_back(std::move(reader));
  if (std::exchange(asked_, true)) return;
  source_(Ends::kFresh, [this, door = door_](const std::shared_ptr<View>& view) {
    door->Post([this, view] { Deliver(view); });
  });
}

void ViewDesk::KeepChronicle() {
  if (Now() - taken_ >= kViewAge) view_.reset();  // megabytes, of ten thousand tables
  if (chronicle_.IsDue(Now()) && !std::exchange(peeks_, true)) {
    source_(Ends::kAsKnown, [this, door = door_](const std::shared_ptr<View>& view) {
      door->Post([this, view] {
        peeks_ = false;
        chronicle_.Take(view.get(), Now());
      });
    });
  }
  timer_.expires_after(kChronicleLook);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec) KeepChronicle();
  });
}

void ViewDesk::Deliver(const std::shared_ptr<View>& view) {
  asked_ = false;
  chronicle_.Take(view.get(), Now());
  view_ = view;
  taken_ = Now();
  for (auto& reader : std::exchange(waiting_, {})) reader(view);
}

}  // namespace cdc::orchestrator
