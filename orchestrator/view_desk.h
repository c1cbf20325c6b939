#pragma once

/// \file orchestrator/view_desk.h
/// Views for many readers, asked for once.

#include <functional>
#include <list>
#include <memory>
#include <mutex>

#include <boost/asio/io_context.hpp>

#include "lib/core/clock.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

using ViewPtr = std::shared_ptr<const View>;
using ViewReader = std::function<void(ViewPtr)>;
/// Gives a view to its argument: once, on any thread, whenever it can. Called on the server's thread.
using ViewSource = std::function<void(ViewReader)>;

/// On the thread of `io`. A view may be some hundred milliseconds old, so that many clients cost the
/// scheduler little.
class ViewDesk {
 public:
  ViewDesk(boost::asio::io_context& io, ViewSource source);
  ~ViewDesk();

  /// `reader` is called now or later, or never: where the source does not answer.
  void Ask(ViewReader reader);

 private:
  /// The source may answer after our end, from another thread.
  struct Door {
    std::mutex mutex;
    boost::asio::io_context* io = nullptr;
  };

  void Deliver(const ViewPtr& view);

  ViewSource source_;
  std::shared_ptr<Door> door_;
  std::list<ViewReader> waiting_;
  bool asked_ = false;
  ViewPtr view_;
  SteadyTime taken_{};
};

}  // namespace cdc::orchestrator
