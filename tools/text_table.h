#pragma once

#include <string>
#include <vector>

namespace npusim::tools {

/// Columns of text under their headings, as wide as their widest cell.
class TextTable {
 public:
  enum class Align : bool { Left, Right };
  struct Column {
    std::string heading;
    Align align = Align::Right;
    std::size_t maxWidth = 40;  ///< longer cells lose their middle
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// One cell a column.
  void addRow(std::vector<std::string> cells);
  /// A line of dashes.
  void addRule() { rows_.emplace_back(); }

  /// Lines ending in '\n', each indented by one space.
  std::string text() const;
  /// The same as a Markdown table, without rules.
  std::string markdown() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  ///< an empty row is a rule
};

}  // namespace npusim::tools
