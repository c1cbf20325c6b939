#pragma once

/// \file orchestrator/view_desk.h
/// Views for many readers, asked for once.

#include <functional>
#include <list>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "lib/core/clock.h"
#include "orchestrator/chronicle.h"
#include "orchestrator/thread_door.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

using ViewPtr = std::shared_ptr<const View>;
using ViewReader = std::function<void(ViewPtr)>;
enum class Ends {
  kFresh,    ///< Kafka is asked anew where the ends that are known are old
  kAsKnown,  ///< nobody is asked
};
/// Gives a view to its argument: once, on any thread, whenever it can. Called on the server's thread.
using ViewSource = std::function<void(Ends, std::function<void(std::shared_ptr<View>)>)>;

/// On the thread of `io`. A view may be some hundred milliseconds old, so that many clients cost the
/// scheduler little.
class ViewDesk {
 public:
  /// `chronicle` completes each view; it must outlive the desk.
  ViewDesk(boost::asio::io_context& io, ViewSource source, Chronicle& chronicle);
  ~ViewDesk();

  /// `reader` is called now or later, or never: where the source does not answer.
  void Ask(ViewReader reader);
  /// From now on the chronicle sees a view at each of its steps, whether or not somebody asks.
  void KeepChronicle();

 private:
  void Deliver(const std::shared_ptr<View>& view);

  ViewSource source_;
  Chronicle& chronicle_;
  std::shared_ptr<ThreadDoor> door_;
  boost::asio::steady_timer timer_;
  std::list<ViewReader> waiting_;
  bool asked_ = false;
  bool peeks_ = false;  ///< a view for the chronicle alone is asked for
  ViewPtr view_;
  SteadyTime taken_{};
};

}  // namespace cdc::orchestrator
