#include "tools/validate/dram_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "sim/core/error.h"
#include "tools/text_table.h"
#include "tools/units.h"
#include "tools/validate/dram_traces.h"

namespace npusim::tools {
namespace {

using Figure = DramRow::Figure;

/// Rounding of means that are to be equal.
constexpr double kExact = 1e-9;

/// One quantity of a trace: where references and tolerances keep it, and ours.
struct Quantity {
  Figure figure;
  FiguresByTrace DramFigures::*reference;
  FiguresByTrace DramConfiguration::*within;
  double (*own)(const TraceResult&);
};

constexpr Quantity kQuantities[] = {
    {Figure::Cycles, &DramFigures::cycles, &DramConfiguration::cyclesWithin,
     [](const TraceResult& r) { return static_cast<double>(r.cycles); }},
    {Figure::RowHitRate, &DramFigures::rowHitRate, &DramConfiguration::rowHitRateWithin,
     [](const TraceResult& r) { return r.rowHitRate(); }},
    {Figure::ReadLatency, &DramFigures::readLatency, &DramConfiguration::readLatencyWithin,
     [](const TraceResult& r) { return r.readLatency; }}};

double error(Figure figure, double own, double reference) {
  return figure == Figure::Cycles ? own / reference - 1 : own - reference;
}

DramRow judgeRow(const DramConfiguration& configuration, const Quantity& quantity,
                 const std::string& trace, const TraceResult& result) {
  DramRow row{trace, quantity.figure, quantity.own(result), {}, 0, 0, false};
  const FiguresByTrace& within = configuration.*quantity.within;
  const auto allowed = within.find(trace);
  for (const DramFigures& figures : configuration.references) {
    const FiguresByTrace& reference = figures.*quantity.reference;
    const auto found = reference.find(trace);
    if (found == reference.end()) continue;
    const double off = error(quantity.figure, row.own, found->second);
    row.errors[figures.simulator] = off;
    const auto& judges = configuration.judges;
    if (allowed == within.end() ||
        std::find(judges.begin(), judges.end(), figures.simulator) == judges.end()) {
      continue;
    }
    if (!row.judged || std::abs(off) < std::abs(row.nearest)) row.nearest = off;
    row.judged = true;
    row.within = allowed->second;
  }
  return row;
}

std::string figureName(Figure figure) {
  switch (figure) {
    case Figure::Cycles:
      return "cycles";
    case Figure::RowHitRate:
      return "row hits";
    case Figure::ReadLatency:
      return "latency";
    case Figure::Refreshes:
      return "refreshes";
  }
  throw InternalError("no such figure of a DRAM trace");
}

std::string own(const DramRow& row) {
  switch (row.figure) {
    case Figure::RowHitRate:
      return fmt::format("{:.4f}", row.own);
    case Figure::ReadLatency:
      return fmt::format("{:.3f}", row.own);
    default:
      return grouped(std::llround(row.own));
  }
}

std::string difference(Figure figure, double error) {
  switch (figure) {
    case Figure::Cycles:
      return fmt::format("{:+.2f} %", error * 100);
    case Figure::RowHitRate:
      return fmt::format("{:+.4f}", error);
    case Figure::ReadLatency:
      return fmt::format("{:+.3f}", error);
    case Figure::Refreshes:
      return fmt::format("{:+.0f}", error);
  }
  throw InternalError("no such figure of a DRAM trace");
}

std::string allowed(const DramRow& row) {
  if (!row.judged) return "";
  if (row.within == 0) return "equal";
  return row.figure == Figure::Cycles ? fmt::format("{:g} %", row.within * 100)
                                      : fmt::format("{:g}", row.within);
}

}  // namespace

bool DramRow::passed() const { return !judged || std::abs(nearest) <= within + kExact; }

std::vector<DramRow> judgeDram(const DramConfiguration& configuration,
                               const std::map<std::string, TraceResult>& own) {
  std::vector<DramRow> rows;
  for (const char* trace : dramTraceNames()) {
    const auto result = own.find(trace);
    if (result == own.end()) continue;
    for (const Quantity& quantity : kQuantities) {
      DramRow row = judgeRow(configuration, quantity, trace, result->second);
      if (!row.errors.empty()) rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<DramRow> judgeRefreshes(const std::map<std::string, TraceResult>& own,
                                    std::int64_t interval, double within) {
  std::vector<DramRow> rows;
  for (const auto& [trace, result] : own) {
    const auto refreshes = static_cast<double>(result.events.refreshes);
    const auto due = static_cast<double>(result.cycles / interval);
    rows.push_back({trace, Figure::Refreshes, refreshes, {}, refreshes - due, within, true});
  }
  return rows;
}

std::string dramText(const DramConfiguration& configuration, const std::vector<DramRow>& rows) {
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {
      {"trace", Align::Left}, {"figure", Align::Left}, {"ours"}};
  for (const DramFigures& figures : configuration.references) {
    columns.push_back({"to " + figures.simulator});
  }
  columns.insert(columns.end(), {{"allowed"}, {"", Align::Left}});
  TextTable table(columns);
  std::string trace;
  for (const DramRow& row : rows) {
    std::vector<std::string> cells = {row.trace == trace ? "" : row.trace, figureName(row.figure),
                                      own(row)};
    for (const DramFigures& figures : configuration.references) {
      const auto found = row.errors.find(figures.simulator);
      cells.push_back(found == row.errors.end() ? "" : difference(row.figure, found->second));
    }
    cells.push_back(allowed(row));
    cells.emplace_back(!row.judged ? "-" : row.passed() ? "pass" : "FAIL");
    table.addRow(std::move(cells));
    trace = row.trace;
  }
  return table.text();
}

}  // namespace npusim::tools
