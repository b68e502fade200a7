#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/text_table.h"
#include "tools/units.h"
#include "tools/where.h"

namespace npusim::tools {
namespace {

using Align = TextTable::Align;
using Json = nlohmann::ordered_json;

/// How the table calls where an operator runs.
std::string placeName(const std::string& runsOn) {
  if (runsOn == "vector") return "vector unit";
  if (runsOn == "dma") return "DMA";
  if (runsOn == "cpu") return "CPU";
  if (runsOn.empty()) return "-";
  return runsOn == "none" ? "nothing to do" : runsOn;
}

std::string seconds(double time) { return time == 0 ? "-" : si(time, "s"); }

void addTime(std::vector<std::string>& cells, const MachineTime& time) {
  cells.push_back(seconds(time.timeS));
  cells.push_back(time.timeS == 0 ? "" : time.boundBy);
}

std::string bestName(const Where& where, int best) {
  return best < 0 ? "-" : where.machines.at(static_cast<std::size_t>(best)).name;
}

std::vector<std::string> rowOf(const Where& where, const WhereOperator& row) {
  std::vector<std::string> cells = {row.layer, row.op, grouped(row.times), placeName(row.runsOn)};
  addTime(cells, row.npu.value_or(MachineTime{}));
  for (const MachineTime& time : row.references) addTime(cells, time);
  cells.push_back(bestName(where, row.best));
  return cells;
}

std::vector<std::string> totalRow(const Where& where) {
  std::vector<std::string> cells = {"total", "", "", ""};
  for (const WhereTotal& machine : where.machines) {
    cells.push_back(seconds(machine.timeS));
    cells.push_back(machine.timeS == 0 ? "" : si(machine.energyJ, "J"));
  }
  cells.push_back(where.machines[where.fastest()].name);
  return cells;
}

std::string operators(const Where& where) {
  std::vector<TextTable::Column> columns = {{"layer", Align::Left, 26},
                                            {"operator", Align::Left, 20},
                                            {"times"},
                                            {"runs on", Align::Left}};
  for (const WhereTotal& machine : where.machines) {
    columns.push_back({machine.name, Align::Right, 14});
    columns.push_back({"bound by", Align::Left, 12});
  }
  columns.push_back({"fastest", Align::Left, 14});
  TextTable table(columns);
  for (const WhereOperator& row : where.operators) table.addRow(rowOf(where, row));
  table.addRule();
  table.addRow(totalRow(where));
  return table.text();
}

/// One line an operator that the chip lacks, and one for all that go with them.
std::string reasons(const Where& where) {
  std::string text;
  const std::string start = fmt::format("not on {}: ", where.chip);
  if (!where.refused.empty()) text += start + where.refused + "\n";
  std::int64_t neighbours = 0;
  for (const WhereOperator& row : where.operators) {
    if (row.reason == kGoesWithNeighbours) ++neighbours;
    if (row.reason.empty() || row.reason == kGoesWithNeighbours) continue;
    text += fmt::format("{}{}: {}\n", start, row.layer, row.reason);
  }
  if (neighbours > 0) {
    text += fmt::format("{}{} more: in a loop with them, or a change of shape between them\n",
                        start, neighbours);
  }
  if (where.shared) {
    text += fmt::format("the total of {} holds its CPU's work and the transfers between the two\n",
                        where.chip);
  }
  return text.empty() ? text : text + "\n";
}

/// On how many operators each machine is fastest, and which is best for the whole.
std::string verdict(const Where& where) {
  std::string text = "fastest:";
  for (std::size_t m = 0; m < where.machines.size(); ++m) {
    const auto count =
        std::count_if(where.operators.begin(), where.operators.end(),
                      [m](const WhereOperator& row) { return row.best == static_cast<int>(m); });
    text += fmt::format("{} {} for {} operator{}", m == 0 ? "" : ",", where.machines[m].name, count,
                        count == 1 ? "" : "s");
  }
  const WhereTotal& fastest = where.machines[where.fastest()];
  const WhereTotal& leanest = where.machines[where.leanest()];
  return text + fmt::format("; for the whole network {} ({}), with least energy {} ({})\n",
                            fastest.name, si(fastest.timeS, "s"), leanest.name,
                            si(leanest.energyJ, "J"));
}

/// The machine of the least figure; the chip counts only where it runs the network.
template <typename Field>
std::size_t leastOf(const Where& where, Field field) {
  const std::size_t first = where.refused.empty() || where.machines.size() == 1 ? 0 : 1;
  std::size_t best = first;
  for (std::size_t m = first; m < where.machines.size(); ++m) {
    if (where.machines[m].*field < where.machines[best].*field) best = m;
  }
  return best;
}

Json timeOf(const MachineTime& time) {
  return {{"time_s", time.timeS}, {"bound_by", time.boundBy}};
}

Json operatorOf(const Where& where, const WhereOperator& row) {
  Json json = {{"layer", row.layer}, {"op", row.op}, {"times", row.times}};
  json["machine"] = row.runsOn.empty() ? Json() : Json(row.runsOn);
  if (!row.reason.empty()) json["reason"] = row.reason;
  json["npu"] = row.npu ? timeOf(*row.npu) : Json();
  json["references"] = Json::array();
  for (std::size_t r = 0; r < row.references.size(); ++r) {
    Json one = {{"name", where.machines[r + 1].name}};
    one.update(timeOf(row.references[r]));
    json["references"].push_back(std::move(one));
  }
  json["fastest"] = row.best < 0 ? Json() : Json(bestName(where, row.best));
  return json;
}

}  // namespace

std::size_t Where::fastest() const { return leastOf(*this, &WhereTotal::timeS); }
std::size_t Where::leanest() const { return leastOf(*this, &WhereTotal::energyJ); }

std::string toTable(const Where& where) {
  return fmt::format("{} on {}: {}, batch {}\n\n", where.workload, where.chip, where.precision,
                     where.batch) +
         operators(where) + "\n" + reasons(where) + verdict(where);
}

std::string toJson(const Where& where) {
  Json json = {{"npusim", NPUSIM_VERSION}, {"workload", where.workload},
               {"chip", where.chip},       {"precision", where.precision},
               {"batch", where.batch},     {"shared_with_cpu", where.shared}};
  if (!where.refused.empty()) json["refused"] = where.refused;
  json["operators"] = Json::array();
  for (const WhereOperator& row : where.operators)
    json["operators"].push_back(operatorOf(where, row));
  json["machines"] = Json::array();
  for (const WhereTotal& machine : where.machines) {
    json["machines"].push_back({{"name", machine.name},
                                {"kind", machine.kind},
                                {"time_s", machine.timeS},
                                {"energy_j", machine.energyJ}});
  }
  json["fastest"] = where.machines[where.fastest()].name;
  json["least_energy"] = where.machines[where.leanest()].name;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace npusim::tools
