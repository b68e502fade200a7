#include <gtest/gtest.h>

#include <string>

#include "sim/array/pe/cached_array.h"

namespace npusim {
namespace {

/// Writes down every step: "cycle:pe:m,n,k".
class Steps : public ArrayObserver {
 public:
  void onCycle(std::int64_t cycle, std::span<const PeCycle> pes) override {
    EXPECT_EQ(cycle, cycles++);
    for (std::size_t pe = 0; pe < pes.size(); ++pe) {
      if (!pes[pe].works) continue;
      text += std::to_string(cycle) + ":" + std::to_string(pe) + ":" + std::to_string(pes[pe].m) +
              "," + std::to_string(pes[pe].n) + "," + std::to_string(pes[pe].k) + " ";
      lastSum = pes[pe].sum;
    }
  }
  std::string text;
  std::int64_t cycles = 0;
  double lastSum = 0;
};

/// int8 C[1 x 2] = A[1 x 2] B[2 x 2] on two PEs side by side. A fills half a line of four bytes, B
/// one line. Lines take two cycles from a buffer that serves one access of four bytes a cycle.
class TwoPes : public ::testing::Test {
 protected:
  static constexpr std::int64_t kA = 0, kB = 16, kC = 32;

  TwoPes() {
    array_.rows = 1;
    array_.cols = 2;
    array_.dataflow = dataflowPreset("cached");
    array_.macsPerCycle = {{DataType::Int8, 1}};
    array_.cache = {.bytes = 8, .lineBytes = 4, .ways = 2, .coalesce = false, .missCycles = 2};
    tile_.extents = {1, 1, 1, 2, 1, 1, 2};
    tile_.a = {0, kA, strides_[0], {}, DataType::Int8};
    tile_.b = {0, kB, strides_[1], {}, DataType::Int8};
    tile_.c = {0, kC, strides_[2], {}, DataType::Int32};
    storages_.emplace_back("buffer", true, 64, 64);
    const std::int8_t a[] = {3, -2}, b[] = {5, 7, 11, 13};
    for (std::int64_t i = 0; i < 2; ++i) *storages_[0].at(kA + i, 1) = std::byte(a[i]);
    for (std::int64_t i = 0; i < 4; ++i) *storages_[0].at(kB + i, 1) = std::byte(b[i]);
  }

  ArrayCost cost() { return CachedArray(array_, kPorts).cost(tile_); }
  Steps watch() {
    Steps steps;
    CachedArray model(array_, kPorts);
    model.observe(&steps);
    model.compute(tile_, storages_);
    return steps;
  }

  const std::vector<BufferPort> kPorts = {{1, 4}};
  const std::array<std::array<std::int64_t, 7>, 3> strides_ = {
      {{0, 0, 2, 0, 0, 0, 1}, {0, 0, 0, 1, 0, 0, 2}, {0, 0, 8, 4, 0, 0, 0}}};
  ArrayConfig array_;
  MatrixTile tile_;
  std::vector<Storage> storages_;
};

/// Cycle 0: both PEs miss A; the buffer serves PE 0 in cycle 0 and PE 1 in cycle 1, so that their
/// lines come in 2 and 3. There each misses B, is served at once and waits until 4 and 5. Both
/// steps of k follow; the second finds its line.
TEST_F(TwoPes, MissesCompeteForTheOnePort) {
  const ArrayCost cost = this->cost();
  EXPECT_EQ(cost.timing, (ArrayTiming{0, 7, 1}));
  EXPECT_EQ(cost.work.cacheMisses, 4);
  EXPECT_EQ(cost.work.cacheHits, 4);
  EXPECT_EQ(cost.work.inputBytes, 8);
  EXPECT_EQ(cost.work.weightBytes, 8);
  EXPECT_EQ(cost.work.waitPeCycles, 2 + 2 + 3 + 2);
  EXPECT_EQ(cost.work.edgePeCycles, 1);  // PE 0 in cycle 6
  EXPECT_EQ(cost.work.localStore.inputs, (ReadWrite{2, 8}));
  EXPECT_EQ(cost.work.localStore.weights, (ReadWrite{2, 8}));
  EXPECT_EQ(cost.work.localStore.outputs, (ReadWrite{(4 + 2) * 4, 4 * 4}));
  EXPECT_EQ(cost.work.network, (ByOperand<std::int64_t>{8, 8, 8}));
  const Steps steps = watch();
  EXPECT_EQ(steps.text, "4:0:0,0,0 5:0:0,0,1 5:1:0,1,0 6:1:0,1,1 ");
  EXPECT_EQ(steps.cycles, 7);
  EXPECT_EQ(steps.lastSum, 3 * 7 - 2 * 13);
}

TEST_F(TwoPes, TheSameLineIsFetchedOnceForBoth) {
  array_.cache.coalesce = true;
  const ArrayCost cost = this->cost();
  EXPECT_EQ(cost.timing, (ArrayTiming{0, 6, 1}));
  EXPECT_EQ(cost.work.cacheMisses, 4);
  EXPECT_EQ(cost.work.inputBytes, 4);
  EXPECT_EQ(cost.work.weightBytes, 4);
  EXPECT_EQ(cost.work.network, (ByOperand<std::int64_t>{8, 8, 8}));
  EXPECT_EQ(watch().text, "4:0:0,0,0 4:1:0,1,0 5:0:0,0,1 5:1:0,1,1 ");
}

/// Without a cache each of the four operands of a PE is a byte fetched alone; the port serves PE 0
/// and PE 1 in turn.
TEST_F(TwoPes, WithoutACacheEveryOperandIsFetched) {
  array_.cache.bytes = 0;
  const ArrayCost cost = this->cost();
  EXPECT_EQ(cost.work.cacheHits, 0);
  EXPECT_EQ(cost.work.cacheMisses, 8);
  EXPECT_EQ(cost.work.inputBytes, 4);
  EXPECT_EQ(cost.work.localStore.inputs, ReadWrite{});
  EXPECT_EQ(watch().text, "4:0:0,0,0 5:1:0,1,0 9:0:0,0,1 10:1:0,1,1 ");
  EXPECT_EQ(cost.timing, (ArrayTiming{0, 11, 1}));
}

/// One line for both operands: each pushes the other out.
TEST_F(TwoPes, ACacheOfOneLineHoldsOneOperandAtATime) {
  array_.cache.bytes = 4;
  array_.cache.coalesce = true;
  EXPECT_EQ(cost().work.cacheHits, 0);
  EXPECT_EQ(watch().text, "4:0:0,0,0 4:1:0,1,0 9:0:0,0,1 9:1:0,1,1 ");
}

/// A sum that starts from an earlier one comes in a cycle before the first step; a slow multiplier
/// takes its cycles for each step.
TEST_F(TwoPes, SumsComeInFirstAndSlowFormatsTakeTheirBeats) {
  array_.cache.coalesce = true;
  array_.macsPerCycle = {{DataType::Int8, 0.25}};
  tile_.accumulates = true;
  EXPECT_EQ(watch().text, "5:0:0,0,0 5:1:0,1,0 9:0:0,0,1 9:1:0,1,1 ");
  EXPECT_EQ(cost().timing, (ArrayTiming{0, 13, 1}));
}

TEST_F(TwoPes, GatingSparesTheSumsStoreForZeroInputs) {
  array_.zeroGating = true;
  *storages_[0].at(kA, 1) = std::byte{0};
  CachedArray model(array_, kPorts);
  const ZeroWork zero = model.compute(tile_, storages_);
  EXPECT_EQ(zero.macs, 2);
  EXPECT_EQ(zero.savedStore.outputs, (ReadWrite{8, 8}));
  EXPECT_EQ(zero.savedStore.inputs, ReadWrite{});
}

}  // namespace
}  // namespace npusim
