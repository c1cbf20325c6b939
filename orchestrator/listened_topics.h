#pragma once

/// \file orchestrator/listened_topics.h
/// Which topics are listened to, when there is not room for all.

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cdc::orchestrator {

/// Those added last, up to a number of partitions; who was added longest ago gives way. Where not all have
/// room something else must watch the rest anyway, and a smaller number is enough from then on.
class ListenedTopics {
 public:
  /// \param most partitions, as long as there is room for all; \param when_not_all afterwards, at most `most`
  ListenedTopics(int64_t most, int64_t when_not_all) : room_(most), too_much_(most - when_not_all) {}

  /// \return those that give way; the added one never does, however large it is
  std::vector<std::string> Add(const std::string& topic, int32_t partitions) {
    Remove(topic);
    order_.push_front({topic, partitions});
    places_[topic] = order_.begin();
    room_ -= partitions;
    std::vector<std::string> left;
    if (room_ < 0) room_ -= std::exchange(too_much_, 0);
    while (room_ < 0 && order_.size() > 1) {
      left.push_back(order_.back().first);
      Remove(left.back());
    }
    return left;
  }

  void Remove(const std::string& topic) {
    auto place = places_.find(topic);
    if (place == places_.end()) return;
    room_ += place->second->second;
    order_.erase(place->second);
    places_.erase(place);
  }

  bool Contains(const std::string& topic) const { return places_.contains(topic); }

 private:
  using Order = std::list<std::pair<std::string, int32_t>>;  ///< newest first; topic and partitions

  int64_t room_;      ///< partitions
  int64_t too_much_;  ///< of it, once not all have room
  Order order_;
  std::unordered_map<std::string, Order::iterator> places_;
};

}  // namespace cdc::orchestrator
