#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/chip_config.h"
#include "sim/core/fixed_divisor.h"

namespace npusim {

/// Coordinates of one burst; `bank` within its group, `column` counts the bursts of a row.
struct DramLocation {
  std::int64_t channel = 0, rank = 0, bankGroup = 0, bank = 0, row = 0, column = 0;
};

/// Splits burst numbers (address / burst bytes) into coordinates by the mapping text: fields ro ra
/// bg ba ch co cl from most to least significant. `cl`, if named, is the low part of the column
/// that holds the bursts of one 64-byte request, and co the rest of the column. Fields of size 1
/// may be left out, and ra then stands just above ba. Throws BadInput for a text that names a field
/// twice, an unknown one, cl above co, or leaves out a field that the memory has.
class AddressMap {
 public:
  static constexpr std::int64_t kRequestBytes = 64;

  explicit AddressMap(const MemoryConfig& memory);

  std::int64_t burstBytes() const { return burstBytes_; }
  /// Bursts in one row of one bank.
  std::int64_t columns() const { return columns_; }
  /// Consecutive bursts that lie in different banks or channels before a row's next column comes:
  /// the product of the fields below co, less cl.
  std::int64_t interleave() const { return inner_ * outer_; }
  /// Of them, those below cl.
  std::int64_t innerInterleave() const { return inner_; }
  /// Bursts of a row that come one after another (innerInterleave() apart): the size of cl.
  std::int64_t requestColumns() const { return requestColumns_; }

  /// Bursts that lie in neighbouring columns of one row, from any multiple of their number on: the
  /// size of the least significant field if it is of the column, or 1.
  std::int64_t neighbourColumns() const;

  DramLocation locate(std::int64_t burst) const {
    if (!powersOfTwo_) return divide(burst);
    if (burst >= bursts_) burst %= bursts_;
    const auto part = [&](Coordinate coordinate) {
      return burst >> shifts_[coordinate] & masks_[coordinate];
    };
    return {.channel = part(Channel),
            .rank = part(Rank),
            .bankGroup = part(Group),
            .bank = part(Bank),
            .row = part(Row),
            .column = part(Column) * requestColumns_ + part(LowColumn)};
  }

 private:
  enum Coordinate : std::uint8_t { Row, Rank, Group, Bank, Channel, Column, LowColumn };
  static constexpr std::size_t kCoordinates = 7;
  struct Kind {
    std::string_view code;
    Coordinate coordinate;
    std::int64_t size;
  };
  struct Field {
    Coordinate coordinate;
    std::int64_t size;
  };

  std::array<Kind, kCoordinates> kinds(const MemoryConfig& memory, bool splitColumn) const;
  void append(const Kind& kind);
  void findShifts();
  DramLocation divide(std::int64_t burst) const;

  std::int64_t burstBytes_, columns_;
  std::int64_t requestColumns_ = 1;
  std::int64_t inner_ = 1, outer_ = 1;
  std::vector<Field> fields_;  ///< least significant first, those of size 1 left out
  /// All sizes but that of the most significant field: then the shift and mask of each coordinate
  /// count.
  bool powersOfTwo_ = true;
  std::int64_t bursts_ = 1;  ///< of the memory
  std::array<int, kCoordinates> shifts_{};
  std::array<std::int64_t, kCoordinates> masks_{};
};

/// The mapping text that `name` stands for in a memory: `row` keeps a row's columns together (from
/// the least significant: column, channel, bank group, bank, rank, row), `bgi` lets bursts take
/// turns over the bank groups (bank group, channel, column, bank, rank, row), as the reference runs
/// of that name did. Any other text is returned as it is.
std::string mappingText(std::string_view name, const MemoryConfig& memory);

}  // namespace npusim
