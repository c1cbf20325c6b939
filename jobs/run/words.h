#pragma once

/// \file jobs/run/words.h
/// Private to the room: the worker's names that its files use without the namespace.

#include "jobs/worker/byte_budget.h"
#include "jobs/worker/intake.h"
#include "jobs/worker/mapping.h"
#include "jobs/worker/settings.h"
#include "jobs/worker/sink.h"

namespace cdc::run {

using worker::ByteShares;
using worker::Committed;
using worker::DeadLetters;
using worker::Fold;
using worker::Intake;
using worker::KafkaSettings;
using worker::kDeletedAt;
using worker::kOperation;
using worker::kOperationName;
using worker::Letter;
using worker::Mapping;
using worker::Marker;
using worker::OwnNames;
using worker::Retyped;
using worker::RowIdentity;
using worker::ShareOut;
using worker::Sink;
using worker::SourceDescription;
using worker::TableSettings;
using worker::TaintedKeys;
using worker::Tidying;

}  // namespace cdc::run
