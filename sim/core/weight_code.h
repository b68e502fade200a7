#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/data_type.h"

namespace npusim {

/// How weights may lie in memory, for a decoder to expand as they arrive.
enum class WeightFormat : std::uint8_t {
  Int8,     ///< a code of 8 bits, less its zero point if it has one, times a scale
  Int4,     ///< the same with 4 bits
  Palette,  ///< an index into a table of values
  Pruned,   ///< a bit that says whether the value is zero; then those that are not
};

inline constexpr std::array<std::pair<std::string_view, WeightFormat>, 4> kWeightFormatWords = {{
    {"int8", WeightFormat::Int8},
    {"int4", WeightFormat::Int4},
    {"palette", WeightFormat::Palette},
    {"pruned", WeightFormat::Pruned},
}};
std::string_view name(WeightFormat format);

/// Has the format a scale for each group of codes?
bool isScaled(WeightFormat format);

/// The form in which the constant weights of one product are to lie in memory. Rows are those of
/// its reduction, in the order in which the array sums (docs/architecture.md, "Float order").
struct WeightForm {
  WeightFormat format = WeightFormat::Int8;
  int bits = 8;                   ///< of a code: 8, 4, 2 to 8 in a palette, 1 of pruned weights
  std::int64_t rowsPerScale = 0;  ///< rows of a column that share a scale, if it has; 0: all
  bool zeroPoints = false;        ///< a scale has a zero point beside it
  /// Of pruned weights: the share of values that are not zero, where they are not known.
  double keptShare = 1;
};

/// Weights as they lie encoded: what their decoder has to know. Their values follow one another in
/// the order of the memory: tiles of `rows` x `columns`, columns innermost.
///
/// First come the parameters, padded to kAlignment bytes: of scaled formats for every tile, group
/// of `rowsPerScale` rows and column a scale of `type` and, with zero points, a byte; of a palette
/// its 2^bits values. Then the codes of all values in order, lowest bits first; pruned weights have
/// for each kRecord values as many bits and then those of the values that are not zero.
struct WeightCode {
  static constexpr std::int64_t kAlignment = 64;
  static constexpr std::int64_t kRecord = 128;

  WeightFormat format = WeightFormat::Int8;
  int bits = 8;
  DataType type = DataType::Float16;  ///< of the values
  std::int64_t values = 0;
  std::int64_t columns = 1, rows = 1, rowsPerScale = 1;
  bool zeroPoints = false;
  std::int64_t kept = 0;  ///< pruned: values that are not zero

  std::int64_t parameterBytes() const;
  /// Of all: parameters and codes.
  std::int64_t bytes() const;
  /// Of the values.
  std::int64_t valueBytes() const { return values * byteSize(type); }
  bool operator==(const WeightCode&) const = default;
};

/// Encodes `values` (dense, of code.type); sets code.kept. Scales and zero points (integers of the
/// values' width) are given for each value; only where a group's agree can it be encoded: empty
/// where they do not, or where a palette has more values than indices.
std::vector<std::byte> encodeWeights(WeightCode& code, std::span<const std::byte> values,
                                     std::span<const std::byte> scales,
                                     std::span<const std::byte> zeros);

/// Expands weights, and knows which bytes stand for which values.
class WeightDecoder {
 public:
  /// `encoded` are the bytes, or empty when they are not known: then every record of pruned weights
  /// keeps equally many values. Throws BadInput where they do not hold what `code` says.
  WeightDecoder(const WeightCode& code, std::span<const std::byte> encoded);

  struct Bytes {
    std::int64_t first = 0, end = 0;
    bool operator==(const Bytes&) const = default;
  };
  /// Bytes of the codes of values [first, end), and of their parameters; from the beginning of all.
  Bytes codes(std::int64_t first, std::int64_t end) const;
  Bytes parameters(std::int64_t first, std::int64_t end) const;

  /// Writes values [first, end) to `out`, reading `encoded`, all bytes of the weights.
  void decode(const std::byte* encoded, std::int64_t first, std::int64_t end, std::byte* out) const;

  const WeightCode& code() const { return code_; }

 private:
  std::int64_t recordAt(std::int64_t record) const;
  void decodeScaled(const std::byte* encoded, std::int64_t first, std::int64_t end,
                    std::byte* out) const;
  void decodePalette(const std::byte* encoded, std::int64_t first, std::int64_t end,
                     std::byte* out) const;
  void decodePruned(const std::byte* encoded, std::int64_t first, std::int64_t end,
                    std::byte* out) const;

  WeightCode code_;
  std::int64_t parameterBytes_ = 0;
  std::vector<std::int64_t>
      records_;  ///< pruned: where each record begins, and where the last ends
};

}  // namespace npusim
