#pragma once

/// \file jobs/run/words.h
/// Private to the room: the worker's names that its files use without the namespace.

#include "jobs/source/dead_letters.h"
#include "jobs/source/intake.h"
#include "jobs/source/mapping.h"
#include "jobs/source/settings.h"
#include "jobs/source/tainted_keys.h"
#include "jobs/worker/byte_budget.h"
#include "jobs/worker/table.h"

namespace cdc::run {

using source::DeadLetters;
using source::Intake;
using source::Verdict;
using source::KafkaSettings;
using source::kDeletedAt;
using source::kOperation;
using source::kOperationName;
using source::Letter;
using source::Mapping;
using source::SourceDescription;
using source::SourceSettings;
using source::TaintedKeys;
using worker::ByteShares;
using worker::Checkpoint;
using worker::Committed;
using worker::Fold;
using worker::OwnNames;
using worker::Retyped;
using worker::RowIdentity;
using worker::ShareOut;
using worker::Sink;
using worker::Table;
using worker::Tidying;
using worker::ToString;

}  // namespace cdc::run
