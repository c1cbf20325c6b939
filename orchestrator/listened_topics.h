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

/// Those added last, up to a number of partitions; who was added longest ago gives way.
class ListenedTopics {
 public:
  explicit ListenedTopics(int64_t most_partitions) : room_(most_partitions) {}

  /// \return those that give way; the added one never does, however large it is
  std::vector<std::string> Add(const std::string& topic, int32_t partitions) {
    Remove(topic);
    order_.push_front({topic, partitions});
    places_[topic] = order_.begin();
    room_ -= partitions;
    std::vector<std::string> left;
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

  int64_t room_;  ///< partitions
  Order order_;
  std::unordered_map<std::string, Order::iterator> places_;
};

}  // namespace cdc::orchestrator
