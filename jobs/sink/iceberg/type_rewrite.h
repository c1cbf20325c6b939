#pragma once

/// \file jobs/sink/iceberg/type_rewrite.h
/// Follows a type change at the source that the table's files cannot hold: rewrites all rows with the new
/// types in one commit, or holds the table until an operator asks for that.

#include <memory>
#include <string>
#include <vector>

#include "jobs/sink/iceberg/commit_protocol.h"
#include "jobs/sink/lake/moved_rows.h"
#include "jobs/sink/iceberg/ports.h"
#include "jobs/sink/iceberg/rewrite_progress.h"
#include "jobs/sink/iceberg/table_upkeep.h"

namespace cdc::iceberg_sink {

/// Owns no state in memory; its progress and the note of a held table are files in the index folder
/// (rewrite_progress.h, type_change_note.h). TableRewriter does the copying. One thread at a time.
class TypeRewrite {
 public:
  /// All must outlive this.
  TypeRewrite(const TableSettings& settings, const Ports& ports, const CommitProtocol::Parts& parts,
              CommitProtocol& protocol, MovedRows& moved, TableUpkeep& upkeep)
      : settings_(settings),
        ports_(ports),
        parts_(parts),
        protocol_(protocol),
        moved_(moved),
        upkeep_(upkeep) {}

  /// Gives columns other types. \return as Sink::Retype().
  Status Run(const std::vector<Retyped>& columns);

 private:
  Status Hold(const std::vector<Retyped>& columns) const;
  Status RefuseForeignValues() const;
  Status Rewrite(const std::vector<Retyped>& columns);
  Result<std::vector<iceberg::DataFile>> WriteFiles(const rows::Schema& evolved,
                                                    const std::vector<Retyped>& columns);
  RewriteProgress FindProgress(const std::string& of) const;
  Status Send(std::vector<iceberg::DataFile> files, const rows::Schema& evolved);
  Status Adopt();
  Status ReadingKeys() const { return Working("reading keys of the new files"); }
  Status Working(const std::string& doing) const;

  const TableSettings& settings_;
  const Ports& ports_;
  CommitProtocol::Parts parts_;
  CommitProtocol& protocol_;
  MovedRows& moved_;
  TableUpkeep& upkeep_;
};

}  // namespace cdc::iceberg_sink
