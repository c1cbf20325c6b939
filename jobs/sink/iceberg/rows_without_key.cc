#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/sink/iceberg/rewriting.h"
#include "lib/parquet/data_file_reader.h"

namespace cdc::iceberg_sink {

using nlohmann::json;

namespace {

/// How many rows of this content the index has. \return kTransient: the index is in doubt.
Result<uint32_t> CountIn(const index::KeyIndex& index, const RowIdentity& identity, const Hash128& content) {
  const auto has = [&index](const Hash128& key) -> Result<bool> {
    CDC_ASSIGN(const index::Location found, index.Find(key));
    return !(found == index::KeyIndex::Missing());
  };
  return identity.Count(has, content);
}

}  // namespace

std::string IcebergSink::IdentityProperty(const std::vector<std::string>& derived,
                                          const std::vector<std::string>& absent, int ids) {
  return json{{"derived", derived}, {"absent", absent}, {"ids", ids}}.dump();
}

/// What the table says of its rows' identity. \return kUnsupported: it has no key and says nothing.
Status IcebergSink::ReadIdentity() {
  derived_columns_.clear();
  absent_columns_.clear();
  identity_.reset();
  if (settings_.append || !key_.empty()) return {};
  const json said = json::parse(table_.metadata->Property(kPropertyIdentity, ""), nullptr, false);
  const auto names = [&said](const char* member, std::vector<std::string>* out) {
    const auto list = said.find(member);
    if (list == said.end() || !list->is_array()) return false;
    for (const json& name : *list) {
      if (!name.is_string()) return false;
      out->push_back(name.get<std::string>());
    }
    return true;
  };
  if (!said.is_object() || !names("derived", &derived_columns_) || !names("absent", &absent_columns_) ||
      !said.value("ids", json()).is_number_integer()) {
    return Error{
        ErrorKind::kUnsupported,
        "table " + ToString(settings_.ident) + " has no key, so it cannot be updated in place",
        "set mode = \"append\" for it, or `cdc reset " + settings_.table + " --yes` to rebuild it"};
  }
  made_with_ids_ = said["ids"].get<int>();
  return {};
}

/// Two, for the thread that commits has one of its own.
void IcebergSink::MakeIdentity() {
  identity_.reset();
  if (!settings_.append && key_.empty()) {
    std::vector<std::string> except = derived_columns_;
    except.insert(except.end(), absent_columns_.begin(), absent_columns_.end());
    if (own_) {
      for (const auto& [value, name] : *own_) except.push_back(name);
    }
    identity_ = std::make_shared<RowIdentity>(secret_, *schema_, except, made_with_ids_);
  }
}

Result<uint32_t> IcebergSink::CountRows(const Hash128& content) {
  if (index_ == nullptr) return 0;
  return CountIn(*index_, *identity_, content);
}

/// A column that the source drops is in none of its images any more, though the table's rows keep its values.
Status IcebergSink::IdentifyRowsWithout(const std::vector<std::string>& absent) {
  if (absent == absent_columns_) return {};
  auto committed = ports_.catalog.CommitTable(
      table_, iceberg::PropertiesCommit(
                  *table_.metadata,
                  {{kPropertyIdentity, IdentityProperty(derived_columns_, absent, made_with_ids_)}}));
  if (!committed) return committed.error();
  table_ = std::move(*committed);
  absent_columns_ = absent;
  MakeIdentity();
  return RebuildIndex(absent.empty() ? "a column of the source is back"
                                     : "a column was dropped at the source");
}

/// One more row of its content.
Status IcebergSink::NumberRow(const rows::Batch& batch, uint32_t row, index::Location at) {
  const Hash128 content = identity_->ContentOf(batch, row);
  CDC_ASSIGN(const uint32_t count, CountIn(*index_, *identity_, content));
  return index_->Put(identity_->KeyOf(content, count), at);
}

/// Every row of a file, for an index that has none of them yet.
Status IcebergSink::ScanRowsIntoIndex(const std::string& path, uint32_t number) {
  CDC_ASSIGN(auto file, ports_.files.Open(path));
  CDC_ASSIGN(auto reader, parquet::DataFileReader::Make(std::move(file), schema_));
  CDC_ASSIGN(const PositionSet deleted, DeletedPositions(path));
  CDC_TRY(index_->Reserve(index_->size() + static_cast<uint64_t>(reader->rows() - deleted.size())));
  rows::Batch batch(schema_);
  int64_t first = 0;
  while (true) {
    CDC_ASSIGN(const bool more, reader->Next(&batch, &first));
    if (!more) return {};
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      if (deleted.Has(first + row)) continue;
      CDC_TRY(NumberRow(batch, row, {number, static_cast<uint32_t>(first + row)}));
    }
    if (ports_.alive) CDC_TRY(ports_.alive());
  }
}

/// Under which number the index has the row at `at`. \return kCorrupt: under none.
Result<Hash128> IcebergSink::KeyOfRowAt(const rows::Batch& batch, uint32_t row, index::Location at) {
  const Hash128 content = identity_->ContentOf(batch, row);
  // Equal rows lie in the order of their numbers, nearly always.
  const auto hint = rewriting_->numbers.find(content);
  const uint32_t first = hint == rewriting_->numbers.end() ? 0 : hint->second;
  uint32_t number = first;
  bool again = false;
  while (!again || number < first) {
    const Hash128 key = identity_->KeyOf(content, number);
    CDC_ASSIGN(const index::Location found, index_->Find(key));
    if (found == at) {
      if (number > 0 || hint != rewriting_->numbers.end()) rewriting_->numbers[content] = number + 1;
      return key;
    }
    if (!(found == index::KeyIndex::Missing())) {
      ++number;
    } else if (!again && first > 0) {
      again = true;
      number = 0;
    } else {
      break;
    }
  }
  return Error{ErrorKind::kCorrupt, "the key index does not have a row of the table",
               fmt::format("`cdc trigger {}`: the next run rebuilds the index", settings_.table)};
}

}  // namespace cdc::iceberg_sink
