#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "sim/core/error.h"
#include "tools/result_fields.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

using Json = nlohmann::ordered_json;
using NamedBytes = std::vector<std::pair<std::string, std::int64_t>>;

/// Numbers that JSON does not have are null.
class Writer {
 public:
  explicit Writer(Json& json) : json_(json) {}

  template <typename Field>
  void value(const char* name, const Field& field) {
    json_[name] = field;
  }
  template <typename Field>
  void eventual(const char* name, const Field& field) {
    if (field != Field{}) json_[name] = field;
  }
  template <typename Body>
  void object(const char* name, const Body& body) {
    Json& nested = json_[name] = Json::object();
    Writer writer(nested);
    body(writer);
  }
  template <typename Item>
  void list(const char* name, std::vector<Item>& items) {
    Json& array = json_[name] = Json::array();
    for (Item& item : items) {
      Json& nested = array.emplace_back(Json::object());
      Writer writer(nested);
      fields(writer, item);
    }
  }
  template <typename Item>
  void eventualList(const char* name, std::vector<Item>& items) {
    if (!items.empty()) list(name, items);
  }
  void map(const char* name, const NamedBytes& pairs) {
    Json& nested = json_[name] = Json::object();
    for (const auto& [key, count] : pairs) nested[key] = count;
  }
  template <typename Number>
  void computed(const char* name, Number number) {
    json_[name] = number;
  }

 private:
  Json& json_;
};

class Reader {
 public:
  Reader(const Json& json, std::string file, std::string path)
      : json_(json), file_(std::move(file)), path_(std::move(path)) {}

  template <typename Field>
  void value(const char* name, Field& field) const {
    const Json& found = at(name);
    if constexpr (std::is_floating_point_v<Field>) {
      if (found.is_null()) {
        field = std::numeric_limits<Field>::quiet_NaN();
        return;
      }
    }
    if (!fits<Field>(found)) fail(name, "is not of the right type");
    field = found.get<Field>();
  }
  template <typename Field>
  void eventual(const char* name, Field& field) const {
    if (json_.is_object() && json_.contains(name)) value(name, field);
  }
  template <typename Body>
  void object(const char* name, const Body& body) const {
    Reader reader(container(name, Json::value_t::object), file_, path_ + name + ".");
    body(reader);
  }
  template <typename Item>
  void list(const char* name, std::vector<Item>& items) const {
    for (const Json& nested : container(name, Json::value_t::array)) {
      const std::string path = fmt::format("{}{}.{}.", path_, name, items.size());
      Reader reader(nested, file_, path);
      fields(reader, items.emplace_back());
    }
  }
  template <typename Item>
  void eventualList(const char* name, std::vector<Item>& items) const {
    if (json_.is_object() && json_.contains(name)) list(name, items);
  }
  void map(const char* name, NamedBytes& pairs) const {
    for (const auto& [key, count] : container(name, Json::value_t::object).items()) {
      if (!fits<std::int64_t>(count)) fail(name, "holds something else than whole numbers");
      pairs.emplace_back(key, count.get<std::int64_t>());
    }
  }
  template <typename Number>
  void computed(const char*, Number) const {}

 private:
  template <typename Field>
  static bool fits(const Json& json) {
    if constexpr (std::is_same_v<Field, bool>) return json.is_boolean();
    if constexpr (std::is_same_v<Field, std::string>) return json.is_string();
    if constexpr (std::is_unsigned_v<Field>) return json.is_number_unsigned();
    if constexpr (std::is_integral_v<Field>) return json.is_number_integer();
    return json.is_number();
  }

  const Json& at(const char* name) const {
    if (!json_.is_object() || !json_.contains(name)) fail(name, "is missing");
    return json_[name];
  }
  const Json& container(const char* name, Json::value_t type) const {
    const Json& found = at(name);
    if (found.type() != type) fail(name, "is not of the right type");
    return found;
  }
  [[noreturn]] void fail(const char* name, const char* what) const {
    throw BadInput(fmt::format("{}: {}{}: {}; give a result that npusim wrote with --json", file_,
                               path_, name, what));
  }

  const Json& json_;
  std::string file_, path_;
};

}  // namespace

std::string toJson(const RunResult& result) {
  Json json = Json::object();
  Writer writer(json);
  RunResult copy = result;
  fields(writer, copy);
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

RunResult fromJson(const std::string& text, const std::string& file) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw BadInput(
        fmt::format("{}: is not JSON (stops making sense at byte {}); give a result that"
                    " npusim wrote with --json",
                    file, error.byte));
  }
  RunResult result;
  Reader reader(json, file, "");
  fields(reader, result);
  return result;
}

}  // namespace npusim::tools
