#include "tools/text_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "sim/core/error.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr std::size_t kGap = 2;

std::string line(const std::vector<TextTable::Column>& columns,
                 const std::vector<std::size_t>& widths, const std::vector<std::string>& cells) {
  std::string text;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const bool left = columns[c].align == TextTable::Align::Left;
    text += c == 0 ? " " : std::string(kGap, ' ');
    text += left ? fmt::format("{:<{}}", cells[c], widths[c])
                 : fmt::format("{:>{}}", cells[c], widths[c]);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

}  // namespace

void TextTable::addRow(std::vector<std::string> cells) {
  ensure(cells.size() == columns_.size(), "a table row has as many cells as there are columns");
  for (std::size_t c = 0; c < cells.size(); ++c) {
    cells[c] = shortened(cells[c], columns_[c].maxWidth);
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::text() const {
  std::vector<std::string> headings;
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    headings.push_back(columns_[c].heading);
    std::size_t width = columns_[c].heading.size();
    for (const auto& row : rows_) width = std::max(width, row.empty() ? 0 : row[c].size());
    widths.push_back(width);
  }
  const std::size_t whole =
      std::accumulate(widths.begin(), widths.end(), kGap * (widths.size() - 1));
  const std::string rule = " " + std::string(whole, '-') + "\n";
  const bool headed =
      std::any_of(headings.begin(), headings.end(), [](const auto& h) { return !h.empty(); });
  std::string text = headed ? line(columns_, widths, headings) + rule : "";
  for (const auto& row : rows_) text += row.empty() ? rule : line(columns_, widths, row);
  return text;
}

std::string TextTable::markdown() const {
  std::vector<std::string> headings, rule;
  for (const Column& column : columns_) {
    headings.push_back(column.heading);
    rule.emplace_back(column.align == Align::Left ? "---" : "---:");
  }
  std::string text;
  const auto add = [&text](const std::vector<std::string>& cells) {
    text += fmt::format("| {} |\n", fmt::join(cells, " | "));
  };
  add(headings);
  add(rule);
  for (const auto& row : rows_) {
    if (!row.empty()) add(row);
  }
  return text;
}

}  // namespace npusim::tools
