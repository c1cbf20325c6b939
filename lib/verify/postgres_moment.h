#pragma once

/// \file lib/verify/postgres_moment.h
/// A table of a PostgreSQL at one moment: a repeatable-read transaction, and the place in the log that it has
/// reached.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/postgres/session.h"
#include "lib/verify/side.h"

namespace cdc::verify {

/// A table without partitions.
struct Relation {
  std::string name;  ///< quoted, with its schema
  int64_t blocks = 0;
};

/// Not thread-safe. The transaction ends with it. It only reads, and keeps the table from being altered
/// meanwhile.
class PostgresMoment {
 public:
  /// \param timeout of one statement at the server
  /// \return kNotFound: no such table; kUnsupported: a server that cannot be compared with: older than 13,
  /// not in UTF-8, or one that hashes otherwise; others as Session::Run().
  static Result<std::unique_ptr<PostgresMoment>> Open(postgres::Session session, const std::string& schema,
                                                      const std::string& table, Millis timeout);

  const std::string& name() const { return name_; }  ///< quoted, with its schema
  const std::vector<SourceColumn>& columns() const { return columns_; }
  /// Names of the primary key's columns; empty: it has none.
  const std::vector<std::string>& key() const { return key_; }
  /// Everything that the transaction sees was committed before it.
  const std::string& lsn() const { return lsn_; }
  /// Rows by the planner's statistics, for a first guess.
  int64_t guessed_rows() const { return guessed_rows_; }

  struct Confirmed {
    std::string lsn;      ///< up to which logical replication is confirmed; empty: no slot is in use
    bool covers = false;  ///< lsn() is not beyond it
  };
  /// \param slot of this one; empty: the least of those of this database that are in use
  /// \return kInvalidConfig: there is no such slot.
  Result<Confirmed> FindConfirmed(const std::string& slot);

  /// For further questions within the transaction.
  postgres::Session& session() { return session_; }

  /// \param target the plan's columns are those of the target \param where condition on rows; empty: all
  std::unique_ptr<Side> Read(const Plan& plan, const Hashing& hashing, bool target, const std::string& where);

 private:
  explicit PostgresMoment(postgres::Session session) : session_(std::move(session)) {}
  Status Begin(Millis timeout);
  Status CheckServer();
  Status FindColumns(const std::string& oid);
  Status FindRelations(const std::string& oid);

  postgres::Session session_;
  std::vector<SourceColumn> columns_;
  std::vector<std::string> key_;
  std::vector<Relation> relations_;
  std::string name_, lsn_;
  int64_t guessed_rows_ = 0;
  bool by_block_ = false;  ///< the server finds rows of a range of blocks without reading others
};

}  // namespace cdc::verify
