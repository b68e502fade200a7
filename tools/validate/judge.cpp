#include "tools/validate/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/core/error.h"
#include "tools/text_table.h"

namespace npusim::tools {
namespace {

/// Rounding of figures that are to be equal.
constexpr double kExact = 1e-9;

double ownFigure(const OwnFigures& own, const std::string& quantity, const std::string& layer) {
  const auto figures = own.find(quantity);
  ensure(figures != own.end() && figures->second.contains(layer),
         "a validation case without a figure of its own");
  return figures->second.at(layer);
}

/// Four digits, as published figures have at most.
std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string verdict(const JudgedRow& row) {
  if (!row.judged) return "-";
  return row.passed() ? "pass" : "FAIL";
}

std::string allowed(const JudgedRow& row) {
  if (!row.judged) return "";
  return row.within == 0 ? "equal" : fmt::format("{:g} %", row.within * 100);
}

}  // namespace

bool JudgedRow::passed() const { return !judged || std::abs(error()) <= within + kExact; }

std::vector<JudgedRow> judge(const Published& published, const OwnFigures& own) {
  std::vector<JudgedRow> rows;
  for (const PublishedFigure& figure : published.figures) {
    JudgedRow sum{figure.quantity, figure.unit, "sum", 0, 0, figure.sumWithin, true};
    for (const auto* list : {&figure.judged, &figure.shown}) {
      for (const auto& [layer, value] : *list) {
        const bool judged = list == &figure.judged;
        rows.push_back({figure.quantity, figure.unit, layer, ownFigure(own, figure.quantity, layer),
                        value, figure.within, judged});
        if (!judged) continue;
        sum.own += rows.back().own;
        sum.published += value;
      }
    }
    if (figure.sumWithin > 0) rows.push_back(sum);
  }
  return rows;
}

std::string validationText(const Published& published, const std::vector<JudgedRow>& rows) {
  using Align = TextTable::Align;
  TextTable table({{"figure", Align::Left},
                   {"layer", Align::Left},
                   {"ours"},
                   {"published"},
                   {"unit", Align::Left},
                   {"error"},
                   {"allowed"},
                   {"", Align::Left}});
  std::string quantity;
  for (const JudgedRow& row : rows) {
    if (!quantity.empty() && quantity != row.quantity) table.addRule();
    table.addRow({row.quantity == quantity ? "" : row.quantity, row.layer, number(row.own),
                  number(row.published), row.unit, fmt::format("{:+.1f} %", row.error() * 100),
                  allowed(row), verdict(row)});
    quantity = row.quantity;
  }
  std::string text =
      fmt::format("{}: {} on {}\npublished: {}\n\n{}\n", published.name, published.workload,
                  published.chip, published.source, table.text());
  for (const PublishedFigure& figure : published.figures) {
    text += fmt::format(" {:<20} {}\n", figure.quantity, figure.source);
  }
  return text;
}

}  // namespace npusim::tools
