#include "sim/config/chip_tree.h"
#include "sim/config/config_files.h"
#include "sim/config/load_config.h"
#include "sim/config/table_fields.h"
#include "sim/config/yaml_section.h"

namespace npusim {

namespace {

/// Interpolation needs points in order, each larger than the one before.
void checkPoints(const std::vector<StorePoint>& points, const YamlNode& tree,
                 const std::string& key) {
  const YamlNode* node = tree.find(key);
  if (points.size() < 2) {
    failAt(node != nullptr ? node->where : tree.where, key,
           "has fewer than two capacities, must have two or more to interpolate");
  }
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].capacityBytes > points[i - 1].capacityBytes) continue;
    failAt(node->children[i].where, pathBelow(key, i) + ".capacity_bytes",
           "is not larger than the one before, list capacities in rising order");
  }
}

template <typename Struct>
Struct readAll(const YamlNode& tree) {
  Struct result;
  YamlSection section(tree, "");
  fields(section, result);
  section.finish();
  return result;
}

}  // namespace

EnergyTable loadEnergyTable(const std::string& fileOrName) {
  YamlNode tree = readConfigFile("energy", fileOrName);
  resolveBase(tree, "energy");
  EnergyTable table = readAll<EnergyTable>(tree);
  checkPoints(table.localStore, tree, "local_store");
  checkPoints(table.buffer, tree, "buffer");
  return table;
}

ReferenceConfig loadReference(const std::string& fileOrName) {
  const YamlNode tree = readConfigFile("references", fileOrName);
  ReferenceConfig machine = readAll<ReferenceConfig>(tree);
  for (const auto& [format, macs] : machine.macsPerCyclePerCore) {
    if (machine.macPj.count(format) > 0) continue;
    const YamlNode* energies = tree.find("mac_pj");
    failAt(energies->where, "mac_pj",
           "lacks " + std::string(Word<DataType>{formatWords()}.nameOf(format)) +
               ", which macs_per_cycle_per_core lists; add it");
  }
  return machine;
}

}  // namespace npusim
