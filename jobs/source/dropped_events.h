#pragma once

/// \file jobs/source/dropped_events.h
/// Events that are taken out of the batch again: refused, and their key's row is out of date from there on.

#include <string>

#include "jobs/source/event_reader.h"
#include "jobs/source/key_moves.h"
#include "jobs/source/refused_events.h"
#include "jobs/source/verdict.h"

namespace cdc::source {

/// Not thread-safe.
class DroppedEvents {
 public:
  DroppedEvents(OpenBatch& batch, EventReader& reader, KeyMoves& moves, RefusedEvents& refused)
      : batch_(batch), reader_(reader), moves_(moves), refused_(refused) {}

  /// Takes a half-appended row back and refuses its event. \param row the batch's last one, or one past it
  /// \param taints the table may have an older row of this key, from which no other event is to be completed
  /// \return kTaken; as RefusedEvents::Refuse()
  Result<Verdict> Drop(const kafka::Message& message, uint32_t row, const std::string& reason,
                       bool taints = true);
  /// Refuses an event that has no row in the batch. \return as Drop()
  Result<Verdict> Refuse(const kafka::Message& message, const std::string& reason);
  /// The event is not applied, so that the table's row of its key is out of date.
  void Taint(const kafka::Message& message);

 private:
  OpenBatch& batch_;
  EventReader& reader_;
  KeyMoves& moves_;
  RefusedEvents& refused_;
};

}  // namespace cdc::source
