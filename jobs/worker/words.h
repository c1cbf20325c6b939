#pragma once

/// \file jobs/worker/words.h
/// The words of lib/change that the ports and their users say without the namespace.

#include "lib/change/checkpoint.h"
#include "lib/change/fold.h"
#include "lib/change/own_columns.h"
#include "lib/change/retyped.h"
#include "lib/change/row_identity.h"

namespace cdc::worker {

using change::Checkpoint;
using change::Doubt;
using change::Fold;
using change::FormerRow;
using change::Gap;
using change::Gaps;
using change::IsMovable;
using change::MayBeMoved;
using change::NotedKeys;
using change::OwnNames;
using change::Refusal;
using change::Retyped;
using change::RowIdentity;
using change::Slot;
using change::SnapshotAnew;
using change::StoredSize;
using Marker = change::Checkpoint;

}  // namespace cdc::worker
