#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/changes.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/graph_builder.h"
#include "tests/end_to_end/random_graph.h"
#include "tests/end_to_end/slowed.h"

namespace npusim::end_to_end {
namespace {

/// Convolutions with a residual add, a pool, a product, a gather, a padded copy and a reduction:
/// every kind of instruction. Extents are odd and windows end at the border, so that tiles are
/// ragged and every limit cuts something off.
Graph smallNetwork() {
  Random random(7);
  GraphBuilder net;
  const ValueId x = net.input({1, 6, 9, 7});
  const ValueId rows = net.input({5}, DataType::Int64);
  const auto weights = [&](const Shape& shape, double reach) {
    return net.constant(random.floats(shape, reach));
  };
  const ValueId conv = net.add(Convolution{{1, 1}, {1, 1}, {1, 1}, {0, 0}, 1},
                               {x, weights({11, 6, 3, 3}, 0.3), weights({11}, 1)});
  const ValueId side = net.add(Convolution{{1, 1}, {1, 1}, {0, 0}, {0, 0}, 1},
                               {x, weights({11, 6, 2, 2}, 0.5), kNoValue});
  const ValueId bent = net.unary(side, ElementOp::LeakyRelu, 0.7F);
  const ValueId sum = net.unary(net.binary(conv, ElementOp::Add, bent), ElementOp::LeakyRelu, 0.5F);
  const ValueId pool =
      net.add(Pool{ReduceOp::Mean, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, {4, 3}, false}, {sum});
  const ValueId scaled = net.binary(pool, ElementOp::Mul, weights({11, 1, 1}, 1));
  const ValueId flat = net.add(Reshape{{11, 12}}, {scaled});
  const ValueId product = net.add(MatMul{false}, {flat, weights({12, 13}, 0.3), weights({13}, 1)});
  const ValueId gathered = net.add(Gather{0}, {product, rows});
  const ValueId padded =
      net.add(Remap{{{-1, 0, 1, 2, 3, 4, -1}, {12, 10, 8, 6, 4, 2, 0}}, 0.75F}, {gathered});
  net.graph().outputs = {net.add(Reduce{ReduceOp::Sum, {1}, false}, {product}), padded};
  return net.graph();
}

/// Buffers so small that every layer runs in tiles.
ChipConfig tinyChip() {
  ChipConfig chip = loadChip("edge", {{"array.rows", "5"}, {"array.cols", "4"}});
  chip.buffers[0].capacityBytes = 2048;
  chip.buffers[1].capacityBytes = 1024;
  return parseChip(toYaml(chip), "tiny chip");
}

isa::Program without(isa::Program program, isa::SemaphoreId semaphore) {
  for (auto& queue : program.queues) {
    for (isa::Instruction& instruction : queue) {
      std::erase(instruction.waits, semaphore);
      std::erase(instruction.signals, semaphore);
    }
  }
  return program;
}

/// A compiled network with what it must give.
class Subject {
 public:
  explicit Subject(DataType precision) : chip_(tinyChip()) {
    Random random(3);
    const Graph graph = smallNetwork();
    const Inputs sample = randomInputs(random, graph);
    Compiled compiled = compileFor(graph, chip_, precision, {sample});
    program = std::move(compiled.program);
    inputs_ = storedInputs(compiled.graph, randomInputs(random, graph));
    right = execute(program, inputs_);
    original_ = program.semaphores;
  }

  /// How the program as it is now shows that something is wrong with it; empty when nothing does.
  std::string fault() const {
    try {
      isa::verify(program);
    } catch (const BadInput&) {
      return "refused";
    }
    return fault(program, chip_);
  }

  /// How a program shows that something is wrong with it on machines of other timing.
  std::string faultOnOtherTimings(const isa::Program& tried) const {
    for (unsigned engines = 1; engines < kTimings; ++engines) {
      const Slowed other = slowed(tried, chip_, engines);
      const std::string found = fault(other.program, other.chip);
      if (!found.empty() && found != "cycles") return found + ", other timing";
    }
    return {};
  }

  /// The semaphore whose initial tokens are not what they were is not needed at all: other
  /// semaphores already keep what it keeps in order.
  bool changedSemaphoreIsRedundant() const {
    for (std::size_t i = 0; i < program.semaphores.size(); ++i) {
      if (program.semaphores[i] == original_[i]) continue;
      const isa::Program rest = without(program, static_cast<isa::SemaphoreId>(i));
      const std::string found = fault(rest, chip_);
      return (found.empty() || found == "cycles") && faultOnOtherTimings(rest).empty();
    }
    return false;
  }

  isa::Program program;
  Execution right;

 private:
  std::string fault(const isa::Program& tried, const ChipConfig& chip) const {
    const Execution execution = execute(chip, tried, inputs_);
    const std::string& error = execution.error;
    const bool named = error.find(" waits at instruction ") != std::string::npos &&
                       error.find(" for semaphore '") != std::string::npos;
    if (error.starts_with("deadlock") && named) return "deadlock";
    if (error.starts_with("conservation")) return "conservation";
    if (error.find("is outside the gathered axis") != std::string::npos) return "bad index";
    if (!error.empty()) return "";
    if (!sameBytes(execution.outputs, right.outputs)) return "values";
    return execution.cycles == right.cycles ? "" : "cycles";
  }

  ChipConfig chip_;
  Inputs inputs_;
  std::vector<isa::Semaphore> original_;
};

using Table = std::map<std::string, std::map<std::string, int>>;

void print(const Table& table) {
  for (const auto& [kind, counts] : table) {
    std::string line = fmt::format("{:44}", kind);
    for (const auto& [how, count] : counts) line += fmt::format("  {} {}", count, how);
    std::cout << line << "\n";
  }
}

class ValuesProveTheProgram : public testing::TestWithParam<DataType> {};

TEST_P(ValuesProveTheProgram, EveryChangedNumberShows) {
  Subject subject(GetParam());
  ASSERT_EQ(subject.right.error, "");
  ASSERT_EQ(subject.fault(), "");
  Table table;
  Changes(subject.program, [&](const std::string& kind, const std::string& change) {
    std::string how = subject.fault();
    const bool tokens = kind.starts_with("semaphore");
    if (tokens && how.empty()) how = subject.faultOnOtherTimings(subject.program);
    if (tokens && how.empty() && subject.changedSemaphoreIsRedundant()) how = "redundant";
    const bool noticed = !how.empty() && (how != "cycles" || tokens);
    EXPECT_TRUE(noticed) << kind << "\n" << change << "\n" << how;
    ++table[kind][how.empty() ? "unnoticed" : how];
  }).run();
  print(table);
}

TEST_P(ValuesProveTheProgram, OnAnyTiming) {
  const Subject subject(GetParam());
  EXPECT_EQ(subject.faultOnOtherTimings(subject.program), "");
}

INSTANTIATE_TEST_SUITE_P(Formats, ValuesProveTheProgram,
                         testing::Values(DataType::Float32, DataType::Int8),
                         [](const auto& format) { return std::string(name(format.param)); });

}  // namespace
}  // namespace npusim::end_to_end
