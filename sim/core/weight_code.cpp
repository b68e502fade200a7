#include "sim/core/weight_code.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>

#include "sim/core/error.h"
#include "sim/core/rounding.h"

namespace npusim {
namespace {

constexpr std::int64_t kByteBits = 8;
constexpr std::int64_t kMaskBytes = WeightCode::kRecord / kByteBits;

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// The bits of a stored value.
std::uint32_t wordAt(const std::byte* bytes, std::int64_t width) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, at(width));
  return word;
}

float realOf(std::uint32_t word, DataType type) {
  switch (type) {
    case DataType::Float16:
      return halfToFloat(static_cast<std::uint16_t>(word));
    case DataType::BFloat16:
      return bfloat16ToFloat(static_cast<std::uint16_t>(word));
    default:
      return std::bit_cast<float>(word);
  }
}

std::uint32_t wordOf(float real, DataType type) {
  switch (type) {
    case DataType::Float16:
      return floatToHalf(real);
    case DataType::BFloat16:
      return floatToBfloat16(real);
    default:
      return std::bit_cast<std::uint32_t>(real);
  }
}

/// Does the word stand for a zero of either sign?
bool isZero(std::uint32_t word, std::int64_t width) {
  return (word & ~(1U << (width * kByteBits - 1))) == 0;
}

/// `bits` of at most 8 bits from bit number `first` on.
std::uint32_t bitsAt(const std::byte* bytes, std::int64_t first, int bits) {
  const std::byte* from = bytes + first / kByteBits;
  const auto shift = static_cast<unsigned>(first % kByteBits);
  auto word = std::to_integer<std::uint32_t>(from[0]);
  if (shift + static_cast<unsigned>(bits) > kByteBits) {
    word |= std::to_integer<std::uint32_t>(from[1]) << kByteBits;
  }
  return word >> shift & ((1U << bits) - 1U);
}

void setBits(std::byte* bytes, std::int64_t first, std::uint32_t word) {
  std::byte* to = bytes + first / kByteBits;
  const std::uint32_t shifted = word << static_cast<unsigned>(first % kByteBits);
  to[0] |= static_cast<std::byte>(shifted);
  if (shifted >> kByteBits != 0) to[1] |= static_cast<std::byte>(shifted >> kByteBits);
}

std::int32_t signedCode(std::uint32_t word, int bits) {
  const auto half = std::int32_t{1} << (bits - 1);
  const auto code = static_cast<std::int32_t>(word);
  return code >= half ? code - 2 * half : code;
}

std::int64_t groupsPerTile(const WeightCode& code) {
  return ceilDiv(code.rows, code.rowsPerScale) * code.columns;
}

std::int64_t groups(const WeightCode& code) {
  return ceilDiv(code.values, code.rows * code.columns) * groupsPerTile(code);
}

std::int64_t groupBytes(const WeightCode& code) {
  return byteSize(code.type) + (code.zeroPoints ? 1 : 0);
}

std::int64_t records(const WeightCode& code) { return ceilDiv(code.values, WeightCode::kRecord); }

/// The group of a value; values that follow one another walk through the rows of a tile.
std::int64_t groupNumber(const WeightCode& code, std::int64_t value) {
  const std::int64_t tile = value / (code.rows * code.columns);
  const std::int64_t row = value / code.columns % code.rows;
  return tile * groupsPerTile(code) + row / code.rowsPerScale * code.columns + value % code.columns;
}

/// (code - zero) x scale, rounded to the values' type.
std::uint32_t scaled(std::int32_t difference, float scale, DataType type) {
  return wordOf(static_cast<float>(difference) * scale, type);
}

/// Scale and zero point that the values of one group share.
struct Group {
  std::uint32_t scale = 0;
  std::int32_t zero = 0;
};

/// Encodes values that have scales.
class ScaledEncoder {
 public:
  ScaledEncoder(const WeightCode& code, std::span<const std::byte> values,
                std::span<const std::byte> scales, std::span<const std::byte> zeros)
      : code_(code), values_(values), scales_(scales), zeros_(zeros) {}

  std::vector<std::byte> run() {
    if (!findGroups()) return {};
    std::vector<std::byte> encoded(at(code_.bytes()));
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      std::byte* to = encoded.data() + static_cast<std::int64_t>(g) * groupBytes(code_);
      std::memcpy(to, &groups_[g].scale, at(width_));
      if (code_.zeroPoints) to[width_] = static_cast<std::byte>(groups_[g].zero);
    }
    std::byte* codes = encoded.data() + code_.parameterBytes();
    for (std::int64_t v = 0; v < code_.values; ++v) {
      const std::optional<std::uint32_t> found = codeOf(v);
      if (!found) return {};
      setBits(codes, v * code_.bits, *found);
    }
    return encoded;
  }

 private:
  std::uint32_t word(std::span<const std::byte> of, std::int64_t v) const {
    return wordAt(of.data() + v * width_, width_);
  }

  /// Values without a scale are zeros that only fill up; false where the others of a group differ.
  bool findGroups() {
    groups_.assign(at(groups(code_)), {});
    for (std::int64_t v = 0; v < code_.values; ++v) {
      const std::uint32_t scale = word(scales_, v);
      if (isZero(scale, width_)) continue;
      const auto zero = zeros_.empty() ? 0 : signedCode(word(zeros_, v) & 0xFFU, kByteBits);
      Group& group = groups_[at(groupNumber(code_, v))];
      if (group.scale != 0 && (group.scale != scale || group.zero != zero)) return false;
      group = {scale, zero};
    }
    return true;
  }

  /// The code that stands for value number `v` exactly, if there is one.
  std::optional<std::uint32_t> codeOf(std::int64_t v) const {
    const Group& group = groups_[at(groupNumber(code_, v))];
    const float value = realOf(word(values_, v), code_.type);
    const float scale = realOf(group.scale, code_.type);
    const double quotient = scale == 0 ? 0 : static_cast<double>(value) / scale;
    const double exact = std::nearbyint(quotient) + group.zero;
    const double half = 1 << (code_.bits - 1);
    if (!(exact >= -half && exact < half)) return std::nullopt;
    const auto q = static_cast<std::int32_t>(exact);
    if (realOf(scaled(q - group.zero, scale, code_.type), code_.type) != value) return std::nullopt;
    return static_cast<std::uint32_t>(q) & ((1U << code_.bits) - 1U);
  }

  const WeightCode& code_;
  const std::span<const std::byte> values_, scales_, zeros_;
  const std::int64_t width_ = byteSize(code_.type);
  std::vector<Group> groups_;
};

std::vector<std::byte> encodePalette(const WeightCode& code, std::span<const std::byte> values) {
  const std::int64_t width = byteSize(code.type);
  std::vector<std::uint32_t> table;
  for (std::int64_t v = 0; v < code.values; ++v) {
    const std::uint32_t word = wordAt(values.data() + v * width, width);
    const auto place = std::ranges::lower_bound(table, word);
    if (place != table.end() && *place == word) continue;
    if (std::ssize(table) == 1 << code.bits) return {};
    table.insert(place, word);
  }
  std::vector<std::byte> encoded(at(code.bytes()));
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::memcpy(encoded.data() + static_cast<std::int64_t>(i) * width, &table[i], at(width));
  }
  std::byte* codes = encoded.data() + code.parameterBytes();
  for (std::int64_t v = 0; v < code.values; ++v) {
    const std::uint32_t word = wordAt(values.data() + v * width, width);
    const auto index = std::ranges::lower_bound(table, word) - table.begin();
    setBits(codes, v * code.bits, static_cast<std::uint32_t>(index));
  }
  return encoded;
}

std::vector<std::byte> encodePruned(WeightCode& code, std::span<const std::byte> values) {
  const std::int64_t width = byteSize(code.type);
  std::vector<std::byte> encoded;
  code.kept = 0;
  for (std::int64_t first = 0; first < code.values; first += WeightCode::kRecord) {
    const std::size_t mask = encoded.size();
    encoded.resize(mask + at(kMaskBytes));
    const std::int64_t end = std::min(first + WeightCode::kRecord, code.values);
    for (std::int64_t v = first; v < end; ++v) {
      const std::byte* value = values.data() + v * width;
      if (isZero(wordAt(value, width), width)) continue;
      setBits(encoded.data() + mask, v - first, 1);
      encoded.insert(encoded.end(), value, value + width);
      ++code.kept;
    }
  }
  return encoded;
}

/// How many of the first `bits` bits are set.
std::int64_t marked(const std::byte* mask, std::int64_t bits) {
  std::int64_t count = 0;
  for (std::int64_t i = 0; i < bits; i += kByteBits) {
    const auto taken = static_cast<int>(std::min(bits - i, kByteBits));
    count += std::popcount(bitsAt(mask, i, taken));
  }
  return count;
}

}  // namespace

std::string_view name(WeightFormat format) {
  return kWeightFormatWords.at(static_cast<std::size_t>(format)).first;
}

bool isScaled(WeightFormat format) {
  return format == WeightFormat::Int8 || format == WeightFormat::Int4;
}

std::int64_t WeightCode::parameterBytes() const {
  if (isScaled(format)) return roundUp(groups(*this) * groupBytes(*this), kAlignment);
  if (format == WeightFormat::Pruned) return 0;
  return roundUp((std::int64_t{1} << bits) * byteSize(type), kAlignment);
}

std::int64_t WeightCode::bytes() const {
  if (format == WeightFormat::Pruned) return records(*this) * kMaskBytes + kept * byteSize(type);
  return parameterBytes() + ceilDiv(values * bits, kByteBits);
}

std::vector<std::byte> encodeWeights(WeightCode& code, std::span<const std::byte> values,
                                     std::span<const std::byte> scales,
                                     std::span<const std::byte> zeros) {
  ensure(std::ssize(values) == code.valueBytes(), "weights are not as many as their code says");
  if (isScaled(code.format)) return ScaledEncoder(code, values, scales, zeros).run();
  if (code.format == WeightFormat::Palette) return encodePalette(code, values);
  return encodePruned(code, values);
}

WeightDecoder::WeightDecoder(const WeightCode& code, std::span<const std::byte> encoded)
    : code_(code), parameterBytes_(code.parameterBytes()) {
  if (encoded.empty()) return;
  const auto size = std::ssize(encoded);
  bool whole = size == code.bytes();
  if (code.format == WeightFormat::Pruned) {
    std::int64_t end = 0;
    for (std::int64_t r = 0; r < npusim::records(code) && end + kMaskBytes <= size; ++r) {
      records_.push_back(end);
      const std::byte* mask = encoded.data() + end;
      const std::int64_t count = std::min(code.values - r * WeightCode::kRecord, code.kRecord);
      whole = whole && marked(mask, count) == marked(mask, WeightCode::kRecord);
      end += kMaskBytes + marked(mask, count) * byteSize(code.type);
    }
    records_.push_back(end);
    whole = whole && std::ssize(records_) == npusim::records(code) + 1 && end == size;
  }
  if (!whole) throw BadInput("encoded weights are not what their code says; compile them again");
}

std::int64_t WeightDecoder::recordAt(std::int64_t record) const {
  if (!records_.empty()) return records_[at(record)];
  // Equally many values in each: the products stay far below 2^63 for what a memory holds.
  const auto share = static_cast<double>(record) / static_cast<double>(npusim::records(code_));
  const auto kept = static_cast<std::int64_t>(share * static_cast<double>(code_.kept));
  return record * kMaskBytes + kept * byteSize(code_.type);
}

WeightDecoder::Bytes WeightDecoder::codes(std::int64_t first, std::int64_t end) const {
  if (code_.format == WeightFormat::Pruned) {
    return {recordAt(first / WeightCode::kRecord), recordAt(ceilDiv(end, WeightCode::kRecord))};
  }
  return {parameterBytes_ + first * code_.bits / kByteBits,
          parameterBytes_ + ceilDiv(end * code_.bits, kByteBits)};
}

WeightDecoder::Bytes WeightDecoder::parameters(std::int64_t first, std::int64_t end) const {
  if (!isScaled(code_.format)) return {0, parameterBytes_};
  std::int64_t low = groupNumber(code_, first), high = groupNumber(code_, end - 1);
  if (first / code_.columns != (end - 1) / code_.columns) {
    low = low / code_.columns * code_.columns;
    high = high / code_.columns * code_.columns + code_.columns - 1;
  }
  return {low * groupBytes(code_), (high + 1) * groupBytes(code_)};
}

void WeightDecoder::decode(const std::byte* encoded, std::int64_t first, std::int64_t end,
                           std::byte* out) const {
  if (isScaled(code_.format)) return decodeScaled(encoded, first, end, out);
  if (code_.format == WeightFormat::Palette) return decodePalette(encoded, first, end, out);
  decodePruned(encoded, first, end, out);
}

void WeightDecoder::decodeScaled(const std::byte* encoded, std::int64_t first, std::int64_t end,
                                 std::byte* out) const {
  const std::int64_t width = byteSize(code_.type), each = groupBytes(code_);
  const std::byte* codes = encoded + parameterBytes_;
  for (std::int64_t v = first; v < end;) {
    // The groups of a row follow one another.
    const std::int64_t rowEnd = std::min(end, roundUp(v + 1, code_.columns));
    const std::byte* group = encoded + groupNumber(code_, v) * each;
    for (; v < rowEnd; ++v, group += each, out += width) {
      const float scale = realOf(wordAt(group, width), code_.type);
      const auto zero = code_.zeroPoints ? std::to_integer<std::int8_t>(group[width]) : 0;
      const std::int32_t q = signedCode(bitsAt(codes, v * code_.bits, code_.bits), code_.bits);
      const std::uint32_t word = scaled(q - zero, scale, code_.type);
      std::memcpy(out, &word, at(width));
    }
  }
}

void WeightDecoder::decodePalette(const std::byte* encoded, std::int64_t first, std::int64_t end,
                                  std::byte* out) const {
  const std::int64_t width = byteSize(code_.type);
  const std::byte* codes = encoded + parameterBytes_;
  for (std::int64_t v = first; v < end; ++v, out += width) {
    const std::uint32_t index = bitsAt(codes, v * code_.bits, code_.bits);
    std::memcpy(out, encoded + static_cast<std::int64_t>(index) * width, at(width));
  }
}

void WeightDecoder::decodePruned(const std::byte* encoded, std::int64_t first, std::int64_t end,
                                 std::byte* out) const {
  const std::int64_t width = byteSize(code_.type);
  for (std::int64_t v = first; v < end;) {
    const std::int64_t record = v / WeightCode::kRecord;
    const std::byte* mask = encoded + recordAt(record);
    const std::int64_t begin = record * WeightCode::kRecord;
    const std::int64_t stop = std::min(end, begin + WeightCode::kRecord);
    const std::byte* value = mask + kMaskBytes + marked(mask, v - begin) * width;
    for (; v < stop; ++v, out += width) {
      const bool kept = bitsAt(mask, v - begin, 1) != 0;
      if (kept) {
        std::memcpy(out, value, at(width));
        value += width;
      } else {
        std::memset(out, 0, at(width));
      }
    }
  }
}

}  // namespace npusim
