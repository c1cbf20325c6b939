#pragma once

/// \file jobs/source/words.h
/// Private to the room: names of other rooms that its files use without the namespace.

#include "jobs/worker/words.h"

namespace cdc::source {

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

}  // namespace cdc::source
