#pragma once

/// \file lib/postgres/slots.h
/// The logical replication slots of a source database: whether somebody reads the changes, and what they
/// cost.

#include <cstdint>
#include <string>
#include <vector>

#include "lib/core/clock.h"
#include "lib/core/result.h"

namespace cdc::postgres {

/// As pg_replication_slots has it.
struct Slot {
  std::string name;
  bool active = false;
  std::string wal_status;  ///< reserved, extended, unreserved, lost; empty: not told
  int64_t held_bytes = 0;  ///< of WAL from restart_lsn to the server's present end; 0 where it has none
};

struct Slots {
  std::string database;
  std::vector<Slot> slots;   ///< logical ones of this database, by name
  int64_t max_wal_size = 0;  ///< bytes of WAL that the server keeps by itself
  int64_t max_slot_wal =
      0;  ///< bytes that a slot may hold before it is lost (max_slot_wal_keep_size); 0: no limit
};

/// Connects, asks, and leaves. Every user may ask. Messages never hold the string's password.
/// \param dsn libpq connection string or URI
/// \param timeout for all of it, name resolution aside
/// \return kTransient: no connection, or no answer in time; kInvalidConfig: a malformed dsn, bad password, no
/// such database
Result<Slots> ReadSlots(const std::string& dsn, Millis timeout);

}  // namespace cdc::postgres
