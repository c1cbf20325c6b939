#include "orchestrator/event_desk.h"

#include <utility>
#include <vector>

#include "orchestrator/api.h"
#include "orchestrator/health.h"

namespace cdc::orchestrator {
namespace {

SteadyTime Now() { return std::chrono::steady_clock::now(); }

}  // namespace

EventDesk::EventDesk(boost::asio::io_context& io, ViewDesk& desk, std::string program_version)
    : desk_(desk), version_(std::move(program_version)), timer_(io), feed_(version_) {}

void EventDesk::Join(Listener& listener) {
  const bool first = listeners_.empty();
  listeners_.insert(&listener);
  if (!first) {
    if (std::string status = feed_.Status(); !status.empty())
      listener.Tell(std::make_shared<const std::string>(std::move(status)));
    return;
  }
  feed_ = ChangeFeed(version_);  // nobody heard what changed meanwhile
  told_ = Now();
  Tick();
}

void EventDesk::Leave(Listener& listener) {
  if (listeners_.erase(&listener) > 0 && listeners_.empty()) timer_.cancel();
}

void EventDesk::Tick() {
  Look();
  if (listeners_.empty()) return;
  if (Now() - told_ >= kHeartbeat) Tell(": alive\n\n");
  timer_.expires_after(kInterval);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec && !listeners_.empty()) Tick();
  });
}

void EventDesk::Look() {
  if (looking_) {
    if (Now() - asked_ >= kSchedulerPatience && !std::exchange(silent_, true))
      Tell(ChangeFeed::Event("silent", RenderError("the scheduler does not answer", "")));
    return;
  }
  looking_ = true;
  asked_ = Now();
  desk_.Ask([this](const ViewPtr& view) {
    looking_ = false;
    if (listeners_.empty()) return;
    std::string events = feed_.Next(*view);
    if (std::exchange(silent_, false) && events.empty()) events = feed_.Status();
    Tell(std::move(events));
  });
}

void EventDesk::Tell(std::string events) {
  if (events.empty()) return;
  told_ = Now();
  const auto shared = std::make_shared<const std::string>(std::move(events));
  // One that cannot take it leaves meanwhile.
  for (Listener* listener : std::vector<Listener*>(listeners_.begin(), listeners_.end())) {
    if (listeners_.count(listener) > 0) listener->Tell(shared);
  }
}

}  // namespace cdc::orchestrator
