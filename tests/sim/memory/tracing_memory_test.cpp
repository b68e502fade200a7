#include "sim/memory/tracing_memory.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace npusim {
namespace {

/// Counts what reaches it.
class CountingMemory : public MemoryModel {
 public:
  explicit CountingMemory(std::int64_t& bytes) : bytes_(bytes) {}
  const ClockDomain& clock() const override { return clock_; }
  std::int64_t burstBytes() const override { return 32; }
  Completion transfer(std::int64_t start, Direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override {
    for (const Piece& piece : pieces) bytes_ += piece.bytes;
    events.bursts += 7;
    return {start + 1, start + 2};
  }
  void beginPhase() override { bytes_ = 0; }
  void idleUntil(std::int64_t cycle, MemoryEvents& events) override { events.refreshes += cycle; }

 private:
  ClockDomain clock_{800};
  std::int64_t& bytes_;
};

TEST(TracingMemory, TellsThePiecesAndPassesEverythingOn) {
  std::int64_t bytes = 0;
  std::vector<std::pair<Direction, std::int64_t>> seen;
  TracingMemory memory(std::make_unique<CountingMemory>(bytes),
                       [&](Direction direction, const Piece& piece) {
                         seen.emplace_back(direction, piece.address);
                       });
  MemoryEvents events;
  const std::array<Piece, 2> pieces = {{{64, 32}, {256, 96}}};
  const Completion done = memory.transfer(5, Direction::Write, pieces, events);
  EXPECT_EQ(done.firstData, 6);
  EXPECT_EQ(done.end, 7);
  EXPECT_EQ(events.bursts, 7);
  EXPECT_EQ(bytes, 128);
  const std::vector<std::pair<Direction, std::int64_t>> expected = {{Direction::Write, 64},
                                                                    {Direction::Write, 256}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(memory.burstBytes(), 32);
  EXPECT_EQ(memory.clock().hertz(), 800'000'000);
  memory.idleUntil(3, events);
  EXPECT_EQ(events.refreshes, 3);
  memory.beginPhase();
  EXPECT_EQ(bytes, 0);
}

}  // namespace
}  // namespace npusim
