#include <gtest/gtest.h>

#include <vector>

#include "kernels/pipeline/life.h"
#include "kernels/pipeline/passes.h"
#include "tests/end_to_end/recurrent_layers.h"
#include "tests/kernels/test_chip.h"

/// Where a loop's tiles lie in the buffer.
namespace npusim {
namespace {

struct Piece {
  isa::StorageId storage;
  std::int64_t begin, end;
  bool overlaps(const Piece& other) const {
    return storage == other.storage && begin < other.end && other.begin < end;
  }
};

struct Pieces {
  std::vector<Piece> slots, residents;
};

/// Of the tasks in the loop of a recurrent layer, with three matrices of 64 x 64 fp32 weights
/// that are loaded again in each pass.
Pieces piecesIn(std::int64_t bufferKib) {
  end_to_end::Random random(1);
  const Graph graph = optimize(
      recurrentLayers({.layers = 1, .steps = 8, .batch = 4, .width = 64, .products = 3}, random));
  const ChipConfig chip = testChip(8, 8, bufferKib * 1024);
  const plan::StorageMap storages(chip);
  CompileOptions options;
  options.values = false;
  const passes::Placed made = passes::placedOnce(passes::lower(graph, chip, options), storages,
                                                 chip, mapping::Objective::Latency);
  Pieces pieces;
  const auto add = [&](const mapping::Slot& slot, std::int64_t address) {
    if (slot.used()) pieces.slots.push_back({slot.storage, address, address + slot.total()});
  };
  int first = -1, last = -1;
  for (int t = 0; t < std::ssize(made.tasks); ++t) {
    const emit::PlacedTask& task = made.tasks[static_cast<std::size_t>(t)];
    if (task.task->repeat < 0) continue;
    if (first < 0) first = t;
    last = t;
    for (std::size_t i = 0; i < task.mapping.operands.size(); ++i) {
      add(task.mapping.operands[i], task.operandAddress[i]);
    }
    if (!task.mapping.inPlace) add(task.mapping.output, task.outputAddress);
    add(task.mapping.accumulators, task.accumulatorAddress);
  }
  for (const plan::Block& block : made.plan.blocks) {
    const bool inLoop = block.firstTask >= 0 && block.firstTask <= last && block.lastTask >= first;
    if (!inLoop || !block.resident) continue;
    pieces.residents.push_back({block.storage, block.address, block.address + block.bytes});
  }
  return pieces;
}

bool apart(const Pieces& pieces) {
  for (std::size_t i = 0; i < pieces.slots.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (pieces.slots[i].overlaps(pieces.slots[j])) return false;
    }
    for (const Piece& resident : pieces.residents) {
      if (pieces.slots[i].overlaps(resident)) return false;
    }
  }
  return true;
}

TEST(LoopPlaces, TilesLieApartFromAllElseWhereThereIsRoom) {
  const Pieces pieces = piecesIn(256);
  EXPECT_GE(pieces.slots.size(), 3U);
  EXPECT_FALSE(pieces.residents.empty());
  EXPECT_TRUE(apart(pieces));
}

TEST(LoopPlaces, TilesShareRoomWhereThereIsLittle) {
  for (const std::int64_t kib : {4, 16, 24}) {
    EXPECT_FALSE(apart(piecesIn(kib))) << kib << " KiB";
  }
}

}  // namespace
}  // namespace npusim
