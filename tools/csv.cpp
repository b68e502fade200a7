#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/result_fields.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

/// Quoted where a comma, quote or line end asks for it (RFC 4180).
std::string cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

/// One layer as names and cells.
class Flattener {
 public:
  template <typename Field>
  void value(const char* name, const Field& field) {
    names.push_back(path_ + name);
    cells.push_back(cell(fmt::format("{}", field)));
  }
  template <typename Field>
  void eventual(const char* name, const Field& field) {
    value(name, field);
  }
  template <typename Number>
  void computed(const char* name, Number number) {
    value(name, number);
  }
  /// No columns, since rows differ in how many there are.
  template <typename Item>
  void eventualList(const char*, std::vector<Item>&) {}
  template <typename Body>
  void object(const char* name, const Body& body) {
    const std::string outer = path_;
    path_ += std::string(name) + ".";
    body(*this);
    path_ = outer;
  }

  std::vector<std::string> names, cells;

 private:
  std::string path_;
};

}  // namespace

std::string toCsv(const RunResult& result) {
  LayerResult heading;
  Flattener columns;
  fields(columns, heading);
  std::string text = fmt::format("{}\n", fmt::join(columns.names, ","));
  for (LayerResult layer : result.layers) {
    Flattener row;
    fields(row, layer);
    text += fmt::format("{}\n", fmt::join(row.cells, ","));
  }
  return text;
}

}  // namespace npusim::tools
