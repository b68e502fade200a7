#include "sim/chip/conservation.h"

#include <gmock/gmock.h>

#include <functional>

#include "sim/chip/dma_engine.h"
#include "sim/core/error.h"
#include "sim/memory/sram_model.h"
#include "tests/sim/chip/spread_storage.h"

namespace npusim {
namespace {

using namespace npusim::testing;
using ::testing::HasSubstr;

/// A network that does what another one does, but loses `lost` bytes of each message, and the last
/// `missed` receivers.
class BrokenNetwork : public Network {
 public:
  BrokenNetwork(std::unique_ptr<Network> whole, std::int64_t lost, std::size_t missed)
      : whole_(std::move(whole)), lost_(lost), missed_(missed) {}

  Delivery send(std::int64_t start, std::int64_t from, std::int64_t to,
                std::int64_t bytes) override {
    return whole_->send(start, from, to, bytes - lost_);
  }
  std::vector<Delivery> multicast(std::int64_t start, std::int64_t from,
                                  std::span<const std::int64_t> to, std::int64_t bytes) override {
    auto deliveries = whole_->multicast(start, from, to.first(to.size() - missed_), bytes - lost_);
    deliveries.resize(to.size());
    return deliveries;
  }
  std::int64_t portOf(std::int64_t core) const override { return whole_->portOf(core); }
  std::int64_t hops(std::int64_t from, std::int64_t to) const override {
    return whole_->hops(from, to);
  }
  void reset() override { whole_->reset(); }
  std::int64_t deliveredBytes() const override { return whole_->deliveredBytes(); }
  std::vector<LinkUse> usedLinks() const override { return whole_->usedLinks(); }

 private:
  std::unique_ptr<Network> whole_;
  const std::int64_t lost_;
  const std::size_t missed_;
};

/// A memory that says it moved a burst less than it was asked for.
class BrokenMemory : public SramModel {
 public:
  using SramModel::SramModel;
  Completion transfer(std::int64_t start, Direction direction, std::span<const Piece> pieces,
                      MemoryEvents& events) override {
    const Completion done = SramModel::transfer(start, direction, pieces, events);
    --events.bursts;
    return done;
  }
};

/// Lets the loading engines of all cores work, without a kernel.
class Loading {
 public:
  explicit Loading(Fabric& fabric) {
    for (const auto& machine : fabric.cores) {
      engines_.push_back(std::make_unique<DmaEngine>(isa::Engine::LoadInputs, *machine));
      engines_.back()->restart();
    }
    due_.assign(engines_.size(), 0);
    fabric.wake = [this](std::int64_t core, isa::Engine) { due_.at(core) = now_; };
  }

  void run() {
    while ((now_ = *std::ranges::min_element(due_)) != npusim::Engine::kNever) {
      for (std::size_t i = 0; i < due_.size(); ++i) {
        if (due_[i] == now_) due_[i] = engines_[i]->step(now_);
      }
    }
  }

 private:
  std::vector<std::unique_ptr<DmaEngine>> engines_;
  std::vector<std::int64_t> due_;
  std::int64_t now_ = 0;
};

/// All cores read the same 1,000 bytes of DRAM together.
isa::Program sharedRead(const ChipConfig& chip) {
  ProgramBuilder builder(chip);
  builder.layer("shared", 0);
  isa::Transfer transfer = copy(kDram, 0, kBuffer, 0, 1000);
  transfer.sharers = {1, chip.cores};
  builder.add(isa::Engine::LoadInputs, transfer);
  return std::move(builder.program());
}

/// What the books say of the fabric's only layer.
Npu::Prediction booked(const Fabric& fabric) {
  Npu::Prediction prediction;
  prediction.layers.emplace_back();
  prediction.layers[0].name = "shared";
  prediction.layers[0].counters = fabric.layers[0].counters;
  prediction.total.counters = fabric.layers[0].counters;
  return prediction;
}

/// The check's complaint after `change` and a run; empty: none.
std::string complaint(const std::function<void(Fabric&)>& change) {
  const ChipConfig chip = coresChip(4, Topology::Mesh);
  const isa::Program program = sharedRead(chip);
  Fabric fabric(chip, program, false, Fidelity::Tile);
  change(fabric);
  Loading(fabric).run();
  try {
    checkConservation(fabric, booked(fabric));
  } catch (const InternalError& error) {
    return error.what();
  }
  return "";
}

TEST(Conservation, HoldsForAWholeChip) {
  EXPECT_EQ(complaint([](Fabric&) {}), "");
}

TEST(Conservation, FindsWhatTheNetworkLoses) {
  EXPECT_THAT(complaint([](Fabric& fabric) {
                fabric.network = std::make_unique<BrokenNetwork>(std::move(fabric.network), 1, 0);
              }),
              HasSubstr("bytes that transfers sent over the network and that it delivered: 4096 "
                        "and 4092 differ"));
}

TEST(Conservation, FindsAReaderThatIsForgotten) {
  EXPECT_THAT(complaint([](Fabric& fabric) {
                fabric.network = std::make_unique<BrokenNetwork>(std::move(fabric.network), 0, 1);
              }),
              HasSubstr("it delivered: 4096 and 3072 differ"));
}

TEST(Conservation, FindsWhatAMemoryLoses) {
  EXPECT_THAT(complaint([](Fabric& fabric) {
                MemoryConfig memory = fabric.chip.memories[0];
                memory.kind = MemoryKind::Sram;
                memory.bandwidthGbPerS = 10;
                fabric.memories[kDram] = std::make_unique<BrokenMemory>(memory);
              }),
              HasSubstr("bytes asked of and moved by memories: 1024 and 960 differ"));
}

/// The first number of a counter of any kind.
std::int64_t& first(std::int64_t& number) { return number; }
std::int64_t& first(ReadWrite& bytes) { return bytes.read; }
template <typename Figure>
std::int64_t& first(ByOperand<Figure>& figures) {
  return first(figures.outputs);
}

TEST(Conservation, FindsEveryNegativeCounter) {
  const ChipConfig chip = coresChip(2);
  const isa::Program program = sharedRead(chip);
  const Fabric fabric(chip, program, false, Fidelity::Tile);
  Npu::Prediction prediction = booked(fabric);
  prediction.layers[0].counters.memory(1);
  int counters = 0;
  const auto refused = [&](auto& figure) {
    first(figure) = -1;
    EXPECT_THROW(checkConservation(fabric, prediction), InternalError) << "counter " << counters;
    first(figure) = 0;
    ++counters;
  };
  EXPECT_NO_THROW(checkConservation(fabric, prediction));
  forEachCounter(refused, prediction.layers[0].counters);
  forEachFigure(refused, prediction.layers[0].counters.memory(1));
  EXPECT_GT(counters, 30);
}

}  // namespace
}  // namespace npusim
