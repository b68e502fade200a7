#include "sim/chip/transfer_walk.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

#include "sim/core/error.h"
#include "sim/memory/storage.h"
#include "tests/sim/chip/test_chip.h"

namespace npusim {
namespace {

using namespace npusim::testing;

/// Where each target byte comes from: a source address, or -1 - offset in the pattern.
using Bytes = std::map<std::int64_t, std::int64_t>;

void put(Bytes& bytes, const Run& run) {
  for (std::int64_t i = 0; i < run.bytes; ++i) {
    bytes[run.target + i] = run.fills ? -1 - run.patternOffset - i : run.source + i;
  }
}

Bytes walk(const isa::Transfer& transfer, std::int64_t maxBytes, const Storage* indices = nullptr) {
  const std::string layer = "rows";
  TransferWalk walk;
  WalkStorages storages;
  if (indices) {
    storages.indices = [indices](auto address, auto bytes) { return indices->at(address, bytes); };
  }
  walk.start(transfer, {}, storages, layer);
  Bytes bytes;
  while (!walk.done()) put(bytes, walk.take(maxBytes));
  return bytes;
}

bool inside(const isa::Access& access, const std::vector<std::int64_t>& position) {
  for (const isa::Bound& bound : access.bounds) {
    const std::int64_t coordinate = dot(bound.origin.base, bound.strides, position);
    if (coordinate < 0 || coordinate >= bound.limit) return false;
  }
  return true;
}

Bytes naive(const isa::Transfer& transfer) {
  Bytes bytes;
  std::vector<std::int64_t> extents, position;
  for (const isa::Extent& dim : transfer.dims) extents.push_back(dim.size);
  position.assign(extents.size(), 0);
  do {
    if (!inside(transfer.target, position)) continue;
    const bool fills = !inside(transfer.source, position);
    if (fills && !transfer.fill) continue;
    put(bytes, {.source = dot(transfer.source.address.base, transfer.source.strides, position),
                .target = dot(transfer.target.address.base, transfer.target.strides, position),
                .bytes = transfer.run.size,
                .fills = fills,
                .patternOffset = 0,
                .index = {}});
  } while (stepPosition(position, extents));
  return bytes;
}

isa::Transfer randomTransfer(std::mt19937& random) {
  const auto roll = [&](std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random);
  };
  isa::Transfer transfer = copy(kDram, 100000, kBuffer, 200000, 4 * roll(1, 3));
  std::int64_t source = transfer.run.size, target = transfer.run.size;
  for (std::int64_t d = roll(0, 4); d > 0; --d) {
    const std::int64_t extentOf = roll(1, 4);
    transfer.dims.insert(transfer.dims.begin(), extent(extentOf));
    // Often contiguous with the inner dimensions, else with a gap.
    if (roll(0, 2) == 0) source += 4;
    if (roll(0, 2) == 0) target += 8;
    transfer.source.strides.insert(transfer.source.strides.begin(), source);
    transfer.target.strides.insert(transfer.target.strides.begin(), target);
    source *= extentOf;
    target *= extentOf;
  }
  if (!transfer.dims.empty() && roll(0, 1) == 1) {
    isa::Bound bound;
    bound.origin.base = roll(-2, 1);
    bound.limit = roll(1, 4);
    bound.strides.assign(transfer.dims.size(), 0);
    bound.strides[static_cast<std::size_t>(roll(0, std::ssize(transfer.dims) - 1))] = roll(1, 2);
    (roll(0, 3) == 0 ? transfer.target : transfer.source).bounds.push_back(bound);
  }
  if (roll(0, 1) == 1) {
    transfer.fill = 0x01020304;
    transfer.fillBytes = 4;
  }
  return transfer;
}

TEST(TransferWalk, MovesWhatTheDefinitionSays) {
  std::mt19937 random(2);
  for (int trial = 0; trial < 3000; ++trial) {
    const isa::Transfer transfer = randomTransfer(random);
    Bytes expected = naive(transfer), actual = walk(transfer, 1 + trial % 50);
    for (Bytes* bytes : {&expected, &actual}) {  // only the place within the pattern matters
      for (auto& [target, from] : *bytes) from = from < 0 ? -1 - (-1 - from) % 4 : from;
    }
    ASSERT_EQ(expected, actual) << "trial " << trial;
  }
}

TEST(TransferWalk, ContiguousDimensionsAreOneRun) {
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 64, 8);
  transfer.dims = {extent(3), extent(5), extent(7)};
  transfer.source.strides = {1000, 56, 8};
  transfer.target.strides = {280, 56, 8};
  const std::string layer = "rows";
  TransferWalk walk;
  walk.start(transfer, {}, {}, layer);
  std::vector<std::int64_t> sizes;
  while (!walk.done()) sizes.push_back(walk.take(1 << 20).bytes);
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{280, 280, 280}));
}

/// Rows of 16 bytes from a table of 10, by int32 indices at address 512 of the buffer.
isa::Transfer gather(std::int64_t rows) {
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 0, 16);
  transfer.dims = {extent(rows)};
  transfer.source.strides = {16};
  transfer.source.bounds = {{{}, {1}, 10}};
  transfer.target.strides = {16};
  transfer.gatherDim = 0;
  transfer.gather = access(kBuffer, 512, {4}, DataType::Int32);
  return transfer;
}

Storage indexStorage(const std::vector<std::int32_t>& chosen) {
  Storage indices("buffer", true, 1024, 1024);
  const std::size_t bytes = chosen.size() * sizeof(std::int32_t);
  std::memcpy(indices.at(512, static_cast<std::int64_t>(bytes)), chosen.data(), bytes);
  return indices;
}

TEST(TransferWalk, GatherReadsItsPositions) {
  const std::vector<std::int32_t> chosen = {7, 0, 7, 9, -1, -10, 3, 3, 3, 3, 3, 8};
  const Storage indices = indexStorage(chosen);
  const Bytes bytes = walk(gather(std::ssize(chosen)), 1000, &indices);
  for (std::int64_t row = 0; row < std::ssize(chosen); ++row) {
    const std::int64_t index = chosen[static_cast<std::size_t>(row)];
    EXPECT_EQ(bytes.at(row * 16 + 5), (index < 0 ? index + 10 : index) * 16 + 5);
  }
}

TEST(TransferWalk, AGatherIndexOutsideTheTableIsReported) {
  for (const std::int32_t outside : {10, -11}) {
    const Storage indices = indexStorage({0, outside});
    try {
      walk(gather(2), 1000, &indices);
      ADD_FAILURE() << outside;
    } catch (const BadInput& error) {
      EXPECT_EQ(error.what(), "layer 'rows': index " + std::to_string(outside) +
                                  " is outside the gathered axis; it must be -10..9");
    }
  }
}

TEST(TransferWalk, WithoutValuesIndicesAreScattered) {
  constexpr std::int64_t kRows = 500;
  const Bytes bytes = walk(gather(kRows), 1000);
  EXPECT_EQ(std::ssize(bytes), kRows * 16);
  std::map<std::int64_t, int> uses;
  int neighbours = 0;
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t source = bytes.at(row * 16) / 16;
    EXPECT_GE(source, 0);
    EXPECT_LT(source, 10);
    ++uses[source];
    if (row > 0) neighbours += std::abs(source - bytes.at((row - 1) * 16) / 16) <= 1 ? 1 : 0;
  }
  EXPECT_EQ(uses.size(), 10) << "every row of the table";
  EXPECT_LT(neighbours, kRows / 3);
}

}  // namespace
}  // namespace npusim
