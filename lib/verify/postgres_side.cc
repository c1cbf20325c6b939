#include "lib/verify/postgres_side_internal.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "lib/verify/row_text.h"
#include "lib/verify/sql_text.h"

namespace cdc::verify {
namespace {

/// Of one statement: seconds of work, so that progress is seen. 128 MB of the usual blocks.
constexpr int64_t kBlocksEach = 16'384;

Int128 SumFromText(std::string_view text) {
  const bool negative = text.starts_with('-');
  Int128 sum = 0;
  for (const char c : text.substr(negative ? 1 : 0)) sum = sum * 10 + (c - '0');
  return negative ? -sum : sum;
}

int64_t Number(std::string_view text) {
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// "(12,3)" → block 12, line 3.
int64_t PlaceFromText(std::string_view ctid) {
  const size_t comma = ctid.find(',');
  if (comma == ctid.npos) return 0;
  return Number(ctid.substr(1, comma - 1)) << 16 | Number(ctid.substr(comma + 1));
}

std::string PlaceText(int64_t at) { return fmt::format("({},{})", at >> 16, at & 0xffff); }

std::string BucketList(const std::vector<bool>& buckets) {
  std::string list;
  for (size_t i = 0; i < buckets.size(); ++i) {
    if (buckets[i]) list += (list.empty() ? "" : ",") + std::to_string(i);
  }
  return list;
}

class PostgresSide final : public Side {
 public:
  PostgresSide(const ServerRows& rows, const Plan& plan, const Hashing& hashing, bool target,
               std::string where)
      : rows_(rows), plan_(plan), hashing_(hashing), target_(target), where_(std::move(where)) {
    row_hash_ = HashSql(plan_.columns, nullptr, target_, hashing_.seed);
    key_hash_ = plan_.key.empty() ? row_hash_ : HashSql(plan_.columns, &plan_.key, target_, hashing_.seed);
  }

  Result<Buckets> Sums(Progress* progress) override {
    Buckets buckets(hashing_.buckets);
    // OFFSET 0: each hash is computed once.
    const auto sql = [&](const std::string& from) {
      return fmt::format(
          "SELECT k & {}, count(*), sum({}) FROM (SELECT {} AS k, {} AS r FROM {} OFFSET 0) q GROUP BY 1",
          hashing_.buckets - 1, plan_.key.empty() ? "k" : "r", key_hash_, plan_.key.empty() ? "0" : row_hash_,
          from);
    };
    CDC_TRY(EachPart(sql, progress, [&](uint32_t, const postgres::Answer& answer) {
      for (const auto& cells : answer.rows) {
        Bucket& bucket = buckets[static_cast<size_t>(Number(*cells[0]))];
        bucket.rows += Number(*cells[1]);
        bucket.sum += SumFromText(*cells[2]);
      }
    }));
    return buckets;
  }

  Result<std::vector<RowMark>> Marks(const std::vector<bool>& buckets, Progress* progress) override {
    std::vector<RowMark> marks;
    const std::string list = BucketList(buckets);
    // The hash of the whole row of those rows alone whose key is in a bucket.
    const auto sql = [&](const std::string& from) {
      return fmt::format("SELECT ctid, xmin, {}, {} FROM {} AND ({} & {}) = ANY('{{{}}}'::bigint[])",
                         key_hash_, row_hash_, from, key_hash_, hashing_.buckets - 1, list);
    };
    CDC_TRY(EachPart(sql, progress, [&](uint32_t relation, const postgres::Answer& answer) {
      for (const auto& cells : answer.rows) {
        marks.push_back({Number(*cells[2]),
                         Number(*cells[3]),
                         {relation, PlaceFromText(*cells[0])},
                         static_cast<uint64_t>(Number(*cells[1]))});
      }
    }));
    return marks;
  }

  Result<std::vector<RowTexts>> Texts(const std::vector<Place>& places) override {
    std::map<uint32_t, std::string> wanted;
    for (const Place& place : places) {
      std::string& list = wanted[place.file];
      list += (list.empty() ? "\"" : ",\"") + PlaceText(place.at) + "\"";
    }
    std::string columns;
    for (const ComparedColumn& column : plan_.columns) columns += ", " + ColumnSql(column, target_);
    std::map<Place, RowTexts> found;
    for (const auto& [relation, list] : wanted) {
      const std::string& name = (*rows_.relations)[relation].name;
      const std::string sql =
          fmt::format("SELECT ctid{} FROM ONLY {} WHERE ctid = ANY('{{{}}}'::tid[])", columns, name, list);
      CDC_ASSIGN(const auto answer, rows_.session->Run(sql, "Reading rows of " + name));
      for (const auto& cells : answer.rows)
        found[{relation, PlaceFromText(*cells[0])}] = RowTexts(cells.begin() + 1, cells.end());
    }
    std::vector<RowTexts> texts;
    for (const Place& place : places) {
      const auto row = found.find(place);
      if (row == found.end())
        return Error{ErrorKind::kCorrupt,
                     fmt::format("A row at {} cannot be read again", PlaceText(place.at))};
      texts.push_back(row->second);
    }
    return texts;
  }

 private:
  /// One statement for each part of each relation, with what became of it.
  template <typename Sql, typename Take>
  Status EachPart(const Sql& sql, Progress* progress, const Take& take) {
    int64_t total = 0;
    for (const auto& relation : *rows_.relations) total += std::max<int64_t>(1, relation.blocks);
    progress->done = 0;
    progress->total = total;
    const std::string and_where = where_.empty() ? "" : " AND " + where_;
    for (uint32_t i = 0; i < rows_.relations->size(); ++i) {
      const auto& relation = (*rows_.relations)[i];
      const int64_t each = rows_.by_block ? kBlocksEach : std::max<int64_t>(1, relation.blocks);
      for (int64_t block = 0; block == 0 || block < relation.blocks; block += each) {
        const bool last = block + each >= relation.blocks;
        const std::string from =
            fmt::format("ONLY {} WHERE ctid >= '({},0)'{}{}", relation.name, block,
                        last ? "" : fmt::format(" AND ctid < '({},0)'", block + each), and_where);
        CDC_ASSIGN(const auto answer, rows_.session->Run(sql(from), "Reading the rows of " + relation.name));
        take(i, answer);
        progress->done += last ? std::max<int64_t>(1, relation.blocks) - block : each;
      }
    }
    return {};
  }

  ServerRows rows_;
  const Plan& plan_;
  Hashing hashing_;
  bool target_;
  std::string where_, row_hash_, key_hash_;
};

}  // namespace

std::unique_ptr<Side> MakePostgresSide(const ServerRows& rows, const Plan& plan, const Hashing& hashing,
                                       bool target, std::string where) {
  return std::make_unique<PostgresSide>(rows, plan, hashing, target, std::move(where));
}

}  // namespace cdc::verify
