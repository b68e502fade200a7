#pragma once

#include <gtest/gtest.h>

#include <string>

#include "sim/config/load_config.h"
#include "tests/message_of.h"

namespace npusim::testing_config {

/// The smallest chip file; tests change one line of it.
constexpr const char* kSmallChip = R"(name: small
formats: [int8]
array:
  rows: 8
  macs_per_cycle: {int8: 1}
buffer:
  name: sram
  holds: [weights, activations, accumulators]
  capacity_kib: 64
memory:
  preset: ddr4_2400
)";

/// `text` with the first occurrence of `from` replaced; the test fails where there is none.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/// What parseChip() refuses the file with.
inline std::string parseMessage(const std::string& yaml) {
  return messageOf([&] { parseChip(yaml, "c.yaml"); });
}

}  // namespace npusim::testing_config
