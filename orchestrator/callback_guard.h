#pragma once

/// \file orchestrator/callback_guard.h
/// Callbacks that outlive their owner.

#include <functional>
#include <memory>
#include <utility>

namespace cdc::orchestrator {

/// Wraps callbacks for a port, which may keep them longer than the owner of this guard lives. One thread.
class CallbackGuard {
 public:
  /// \param wake is called after each wrapped callback; may be empty
  explicit CallbackGuard(std::function<void()> wake) : wake_(std::move(wake)) {}
  CallbackGuard(const CallbackGuard&) = delete;
  CallbackGuard& operator=(const CallbackGuard&) = delete;
  ~CallbackGuard() { *alive_ = false; }

  /// \return calls `callback` and then `wake`; does nothing once this guard is gone
  template <typename Callback>
  auto Wrap(Callback callback) const {
    return [this, alive = alive_, callback = std::move(callback)](auto&&... args) {
      if (!*alive) return;
      callback(std::forward<decltype(args)>(args)...);
      if (wake_) wake_();
    };
  }

 private:
  std::function<void()> wake_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace cdc::orchestrator
