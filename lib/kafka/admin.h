#pragma once

/// \file lib/kafka/admin.h
/// Topic administration.

#include <chrono>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/kafka/partition.h"

namespace cdc::kafka {

/// Creates `topic`; one that exists already (whatever its partitions) is success, also without the right to
/// create it. Replication: the broker's default. \return kTransient: unreachable; kInvalidConfig: not
/// authorised, bad property; kInvalidArgument: bad name or count.
Status CreateTopic(const std::string& bootstrap_servers, const std::vector<Property>& properties,
                   const std::string& topic, int32_t partitions, std::chrono::milliseconds timeout);

}  // namespace cdc::kafka
