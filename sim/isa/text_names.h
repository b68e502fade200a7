#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sim/isa/program.h"

namespace npusim::isa {

/// The names of a program's storages, semaphores or layers, as its text form refers to them: by
/// name where it is unique, else as $number.
class NameTable {
 public:
  void add(const std::string& name);
  /// Reference to entry `id`, which need not exist.
  std::string reference(std::int32_t id) const;
  /// Entry with this name; empty when there is none or more than one.
  std::optional<std::int32_t> find(std::string_view name) const;
  /// "a, b, c": the first few names.
  std::string listed() const;

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int32_t> numbers_;  ///< -1: not unique
};

struct ProgramNames {
  NameTable storages, semaphores, layers;
};

/// Names of an instruction's dimensions: d0 d1 ..., or m0 m1 m2 n k0 k1 k2.
struct DimensionNames {
  std::size_t count = 0;
  bool matrix = false;
  std::string at(std::size_t dimension) const;
  std::optional<std::size_t> find(std::string_view name) const;
};

}  // namespace npusim::isa
