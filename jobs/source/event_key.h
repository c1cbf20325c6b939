#pragma once

/// \file jobs/source/event_key.h
/// Which columns of the row a message's key names, and whether the row's old image may stand in for a key
/// that cannot be read. Pure.

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::source {

/// Debezium's ByLogicalTableRouter adds it to the key (`key.field.name`, by default).
inline constexpr std::string_view kRouterField = "__dbz__physicalTableIdentifier";

/// The members of a key that are columns of the row. Others are a router's: kRouterField always, any name
/// where a topic was named for the table (`routed`). Elsewhere a member that the row has not stays: without
/// it, rows that differ in it alone would become one. So does everything where nothing would be left.
std::vector<std::string> KeyOfRow(std::vector<std::string> names, const std::set<std::string>& row_names,
                                  bool routed);

/// Whether the key's columns in `before`, a row's old image, are the row's own. Under REPLICA IDENTITY
/// DEFAULT it has only the primary key's true values; Debezium puts null, or for a required column its
/// default or what is zero in its type, in place of all others. So they are where the message's key confirms
/// them, or none can be such a filling.
///
/// \param key_text the message's key as it is; empty: none
/// \param before a JSON object \param key names of the key's columns at the source
/// \param schema the embedded schema of the value, for columns' defaults; may be empty
bool IsKeyOfBefore(std::string_view key_text, std::string_view before, const std::vector<std::string>& key,
                   std::string_view schema);

}  // namespace cdc::source
