#include "sim/config/config_files.h"
#include "sim/config/load_config.h"
#include "sim/core/atomic_file.h"
#include "sim/core/error.h"
#include "tools/command_line.h"
#include "tools/output.h"
#include "tools/pricing.h"
#include "tools/unused_options.h"
#include "tools/writers.h"

namespace npusim::tools {

void reprice(const Arguments& arguments) {
  std::string table, json;
  CommandLine line;
  line.name = "energy";
  line.purpose = "Prices the counters of a saved result under another energy table; nothing runs.";
  line.positionals = {"RESULT.json"};
  line.options.add_options()("table", po::value<std::string>(&table)->value_name("FILE|NAME"),
                             "energy table; must be given")(
      "json", po::value<std::string>(&json)->value_name("FILE"), "write the result as JSON");
  const auto words = parse(line, arguments);
  if (!words) return;
  if (table.empty())
    throw BadInput("energy needs --table FILE|NAME; npusim list energy shows the names");
  checkFiles({{"--json", json}}, {{"--table", isPresetName(table) ? "" : table}});
  const std::string& file = words->front();
  RunResult result = fromJson(readFile(file), file);
  if (!parseDataType(result.precision)) {
    throw BadInput(file + ": precision: '" + result.precision + "' is no number format");
  }
  priceResult(result, parseChip(result.chipYaml, file + ": machine.chip_yaml"),
              loadEnergyTable(table));
  if (!json.empty()) writeFileAtomically(json, toJson(result));
  result.wallS = 0;  // nothing ran now
  print(toTable(result));
}

}  // namespace npusim::tools
