#pragma once

/// \file lib/verify/postgres_side_internal.h
/// Private to this room: rows of a PostgreSQL within a transaction.

#include <memory>
#include <string>
#include <vector>

#include "lib/postgres/session.h"
#include "lib/verify/postgres_moment.h"
#include "lib/verify/side.h"

namespace cdc::verify {

/// What outlives a side.
struct ServerRows {
  postgres::Session* session = nullptr;
  const std::vector<Relation>* relations = nullptr;
  bool by_block = false;  ///< the server finds rows of a range of blocks without reading others
};

/// \param target the plan's columns are those of the target \param where condition on rows; empty: all
std::unique_ptr<Side> MakePostgresSide(const ServerRows& rows, const Plan& plan, const Hashing& hashing,
                                       bool target, std::string where);

}  // namespace cdc::verify
