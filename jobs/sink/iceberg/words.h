#pragma once

/// \file jobs/sink/iceberg/words.h
/// Private to the room: the worker's names that its files use without the namespace.

#include "jobs/worker/byte_budget.h"
#include "jobs/worker/settings.h"
#include "jobs/worker/sink.h"

namespace cdc::iceberg_sink {

using worker::ByteShares;
using worker::Committed;
using worker::Doubt;
using worker::Fold;
using worker::IsMovable;
using Marker = worker::Checkpoint;
using worker::MostHeld;
using worker::OwnNames;
using worker::Retyped;
using worker::RowIdentity;
using worker::ShareOut;
using worker::Sink;
using worker::Slot;
using worker::SnapshotAnew;
using worker::TableSettings;

/// What time there is for maintenance.
using MaintenanceMode = worker::Tidying;

}  // namespace cdc::iceberg_sink
