#pragma once

/// \file jobs/sink/iceberg/words.h
/// Private to the room: names of the worker and of jobs/sink/lake that its files use without the namespace.

#include "jobs/sink/lake/allowance.h"
#include "jobs/sink/lake/delete_plan.h"
#include "jobs/sink/lake/known_deletes.h"
#include "jobs/sink/lake/moved_rows.h"
#include "jobs/sink/lake/old_rows.h"
#include "jobs/sink/lake/position_set.h"
#include "jobs/sink/lake/row_keys.h"
#include "jobs/sink/lake/row_locator.h"
#include "jobs/worker/byte_budget.h"
#include "jobs/worker/settings.h"
#include "jobs/worker/sink.h"

namespace cdc::iceberg_sink {

using lake_sink::Allowance;
using lake_sink::CountIn;
using lake_sink::DeletePlan;
using lake_sink::DeletesByFile;
using lake_sink::GroupByFile;
using lake_sink::KnownDeletes;
using lake_sink::LocatedTable;
using lake_sink::MovedRows;
using lake_sink::OldRows;
using lake_sink::PlanDeletes;
using lake_sink::PositionSet;
using lake_sink::RowKeys;
using lake_sink::RowLocator;
using lake_sink::RowPlace;
using lake_sink::SortPositions;
using lake_sink::StepCost;
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
