#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "lib/iceberg/avro_schema_internal.h"

namespace cdc::iceberg::avro {
namespace {

using Json = nlohmann::json;
using TypePtr = std::shared_ptr<const Type>;

constexpr int kMaxDepth = 64;

const std::map<std::string, Kind, std::less<>>& Primitives() {
  static const std::map<std::string, Kind, std::less<>> kinds = {
      {"null", Kind::kNull},   {"boolean", Kind::kBoolean}, {"int", Kind::kInt},
      {"long", Kind::kLong},   {"float", Kind::kFloat},     {"double", Kind::kDouble},
      {"bytes", Kind::kBytes}, {"string", Kind::kString}};
  return kinds;
}

class SchemaParser {
 public:
  Result<TypePtr> Parse(const Json& tree, int depth = 0) {
    if (depth > kMaxDepth) return Fail("nested too deeply");
    if (tree.is_string()) return Named(tree.get<std::string>());
    if (tree.is_array()) return Union(tree, depth);
    const Json& kind = tree.at("type");
    if (!kind.is_string()) return Parse(kind, depth + 1);
    return Complex(tree, kind.get<std::string>(), depth);
  }

 private:
  static Error Fail(const std::string& why) {
    return Error{ErrorKind::kCorrupt, fmt::format("reading an Avro schema: {}", why)};
  }

  Result<TypePtr> Named(const std::string& name) {
    if (const auto primitive = Primitives().find(name); primitive != Primitives().end()) {
      auto type = std::make_shared<Type>();
      type->kind = primitive->second;
      return TypePtr(type);
    }
    if (const auto known = named_.find(name); known != named_.end()) return known->second;
    return Fail(fmt::format("unknown type {}", name));
  }

  Result<TypePtr> Union(const Json& tree, int depth) {
    auto type = std::make_shared<Type>();
    type->kind = Kind::kUnion;
    for (const Json& branch : tree) {
      CDC_ASSIGN(TypePtr child, Parse(branch, depth + 1));
      type->children.push_back(std::move(child));
    }
    return TypePtr(type);
  }

  Result<TypePtr> Complex(const Json& tree, const std::string& kind, int depth) {
    auto type = std::make_shared<Type>();
    if (kind == "record") {
      type->kind = Kind::kRecord;
      for (const Json& field : tree.at("fields")) {
        CDC_ASSIGN(TypePtr child, Parse(field.at("type"), depth + 1));
        type->fields.push_back(
            {field.at("name").get<std::string>(), field.value("field-id", -1), std::move(child)});
      }
    } else if (kind == "array" || kind == "map") {
      type->kind = kind == "array" ? Kind::kArray : Kind::kMap;
      CDC_ASSIGN(TypePtr child, Parse(tree.at(kind == "array" ? "items" : "values"), depth + 1));
      type->children.push_back(std::move(child));
    } else if (kind == "fixed") {
      type->kind = Kind::kFixed;
      type->fixed_size = tree.at("size").get<size_t>();
    } else if (kind == "enum") {
      type->kind = Kind::kEnum;
    } else {
      return Named(kind);
    }
    if (tree.contains("name")) {
      const std::string name = tree["name"].get<std::string>();
      named_[name] = type;
      if (tree.contains("namespace")) named_[tree["namespace"].get<std::string>() + "." + name] = type;
    }
    return TypePtr(type);
  }

  std::map<std::string, TypePtr> named_;
};

}  // namespace

Result<TypePtr> ParseAvroSchema(std::string_view json) {
  const Json tree = Json::parse(json, nullptr, false);
  if (tree.is_discarded()) return Error{ErrorKind::kCorrupt, "reading an Avro schema: no JSON"};
  try {
    return SchemaParser().Parse(tree);
  } catch (const Json::exception& e) {
    return Error{ErrorKind::kCorrupt, fmt::format("reading an Avro schema: {}", e.what())};
  }
}

}  // namespace cdc::iceberg::avro
