#include <gmock/gmock.h>

#include <functional>
#include <random>

#include "sim/core/error.h"
#include "sim/isa/footprint.h"
#include "sim/isa/program_io.h"
#include "tests/sim/isa/example_program.h"

namespace npusim::isa {
namespace {

/// Draws transfers in loops, full of idle terms, limits, bounds and strides.
class Drawing {
 public:
  explicit Drawing(std::uint64_t seed) : random_(seed) {}

  Program draw() {
    Program program;
    program.storages = {{"dram", std::int64_t{1} << 30, false}};
    program.layers = {{"layer", "Op", {}, 0, {}}};
    for (auto d = between(0, 3); d > 0; --d) loops_.push_back(between(1, 3));
    auto& queue = program.queue(Engine::Store);
    for (const std::int64_t count : loops_) queue.push_back({Loop{count}, 0, {}, {}});
    queue.push_back({transfer(), 0, {}, {}});
    for (std::size_t d = 0; d < loops_.size(); ++d) queue.push_back({EndLoop{}, 0, {}, {}});
    return program;
  }
  const LoopCounts& loops() const { return loops_; }

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::vector<LoopTerm> terms(bool slots) {
    std::vector<LoopTerm> made;
    for (int depth = static_cast<int>(loops_.size()) - 1; depth >= 0; --depth)
      if (between(0, 2) > 0)
        made.push_back({depth, between(-1, 3), slots && between(0, 1) == 0 ? between(1, 9) : 0});
    return made;
  }
  Extent extent() {
    const std::int64_t size = between(1, 4);
    return {size, between(size, 12), between(0, 1) == 0 ? std::vector<LoopTerm>{} : terms(false)};
  }
  std::vector<std::int64_t> strides(std::size_t dims) {
    std::vector<std::int64_t> made(dims);
    for (std::int64_t& stride : made) stride = between(0, 2);
    return made;
  }
  Access access(std::size_t dims) {
    Access made{0, {1000, terms(true)}, strides(dims), {}, DataType::Float32};
    for (auto b = between(0, 2); b > 0; --b)
      made.bounds.push_back({{between(-1, 2), terms(true)}, strides(dims), between(3, 30)});
    return made;
  }
  Transfer transfer() {
    Transfer made;
    for (auto d = between(0, 3); d > 0; --d) made.dims.push_back(extent());
    made.run = extent();
    made.source = access(made.dims.size());
    made.target = access(made.dims.size());
    return made;
  }

  std::mt19937_64 random_;
  LoopCounts loops_;
};

/// Every address that the transfer reads and writes, in order; -1 outside bounds.
std::vector<std::int64_t> touched(const Transfer& transfer, const LoopCounts& loops) {
  std::vector<std::int64_t> trace;
  LoopIndices indices;
  std::vector<std::int64_t> position;
  const auto moved = [&](std::int64_t start, const std::vector<std::int64_t>& strides) {
    for (std::size_t d = 0; d < position.size(); ++d) start += strides[d] * position[d];
    return start;
  };
  const auto note = [&](const Access& access) {
    for (const Bound& bound : access.bounds) {
      const std::int64_t coordinate = moved(bound.origin.at(indices), bound.strides);
      if (coordinate < 0 || coordinate >= bound.limit) return trace.push_back(-1);
    }
    trace.push_back(moved(access.address.at(indices), access.strides));
  };
  const std::function<void()> positions = [&] {
    if (position.size() == transfer.dims.size()) {
      trace.push_back(transfer.run.at(indices));
      note(transfer.source);
      return note(transfer.target);
    }
    const std::int64_t count = transfer.dims[position.size()].at(indices);
    for (std::int64_t i = 0; i < count; ++i) {
      position.push_back(i);
      positions();
      position.pop_back();
    }
  };
  const std::function<void(std::size_t)> iterate = [&](std::size_t depth) {
    if (depth == loops.size()) return positions();
    for (std::int64_t i = 0; i < loops[depth]; ++i) {
      indices.index.at(depth) = i;
      indices.flat.at(depth) = i + (depth == 0 ? 0 : indices.flat.at(depth - 1) * loops[depth]);
      iterate(depth + 1);
    }
  };
  iterate(0);
  return trace;
}

const Transfer& transferOf(const Program& program, std::size_t depth) {
  return std::get<Transfer>(program.queue(Engine::Store).at(depth).body);
}

TEST(Canonicalize, KeepsEveryAddressAndSatisfiesVerify) {
  int accepted = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    Drawing drawing(seed);
    const Program original = drawing.draw();
    Program program = original;
    canonicalize(program);
    const std::size_t depth = drawing.loops().size();
    ASSERT_EQ(touched(transferOf(program, depth), drawing.loops()),
              touched(transferOf(original, depth), drawing.loops()))
        << "seed " << seed << "\n"
        << toText(original) << toText(program);
    Program again = program;
    canonicalize(again);
    ASSERT_EQ(toText(again), toText(program)) << "seed " << seed;
    const std::string message = refusal(program);
    accepted += message.empty() ? 1 : 0;
    if (!message.empty()) {
      ASSERT_THAT(message, testing::AnyOf(testing::HasSubstr("nothing is ever touched"),
                                          testing::HasSubstr("each loop once"),
                                          testing::HasSubstr("it must be at least 1")))
          << "seed " << seed << "\n"
          << toText(program);
    }
  }
  EXPECT_GT(accepted, 2500);
}

TEST(Canonicalize, LeavesAValidProgramAsItIs) {
  Program program = exampleProgram();
  canonicalize(program);
  EXPECT_EQ(toText(program), toText(exampleProgram()));
}

TEST(Canonicalize, RemovesIdleFields) {
  Program program = exampleProgram();
  auto& head = std::get<Matrix>(program.queue(Engine::Matrix).at(8).body);
  head.a.bounds[0].limit = 4;
  head.m[0].limit = 7;
  head.c.strides[0] = 64;
  auto& store = std::get<Transfer>(program.queue(Engine::Store).at(1).body);
  store.fill = 7;
  store.fillBytes = 4;
  auto& convolution = std::get<Matrix>(program.queue(Engine::Matrix).at(4).body);
  program.queue(Engine::Matrix).at(3).body = Loop{1};
  canonicalize(program);
  EXPECT_EQ(refusal(program), "");
  EXPECT_TRUE(head.a.bounds.empty());
  EXPECT_EQ(head.padding, 0);
  EXPECT_FALSE(store.fill.has_value());
  EXPECT_TRUE(convolution.accumulateOver.empty());
}

TEST(Canonicalize, LeavesMistakesToVerify) {
  Program program = exampleProgram();
  auto& store = std::get<Transfer>(program.queue(Engine::Store).at(1).body);
  store.target.address.terms = {{3, 64, 0}};
  store.source.strides.push_back(1);
  canonicalize(program);
  EXPECT_THAT(refusal(program), testing::HasSubstr("target: a term uses loop i3"));
}

}  // namespace
}  // namespace npusim::isa
