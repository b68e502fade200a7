#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "sim/config/chip_config.h"

namespace npusim::scale_sim {

/// One product on one array, and the cycles that SCALE-Sim counts (tests/data/README.md).
struct Row {
  std::string text, dataflow;
  std::int64_t rows = 0, cols = 0, m = 0, n = 0, k = 0, cycles = 0;

  ArrayConfig array() const {
    ArrayConfig array;
    array.rows = rows;
    array.cols = cols;
    array.dataflow = dataflowPreset(dataflow);
    array.convention = Convention::ScaleSim;
    array.macsPerCycle = {{DataType::Int8, 1}};
    return array;
  }
};

inline Row rowFrom(const std::string& text) {
  static const std::map<std::string, std::string> kDataflows = {
      {"os", "output_stationary"}, {"ws", "weight_stationary"}, {"is", "input_stationary"}};
  std::istringstream cells(text);
  std::vector<std::string> row;
  for (std::string cell; std::getline(cells, cell, ',');) row.push_back(cell);
  const auto number = [&](std::size_t i) { return std::stoll(row.at(i)); };
  return {text,     kDataflows.at(row.at(2)), number(0), number(1), number(3), number(4), number(5),
          number(6)};
}

/// Every golden row.
inline std::vector<Row> goldenRows() {
  std::ifstream file(NPUSIM_SOURCE_DIR "/tests/data/rtl_scalesim_golden.csv");
  std::vector<Row> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) rows.push_back(rowFrom(line));
  return rows;
}

}  // namespace npusim::scale_sim
