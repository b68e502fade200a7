#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "sim/core/error.h"
#include "sim/isa/program_io.h"
#include "tests/end_to_end/execution.h"
#include "tests/end_to_end/random_chip.h"
#include "tests/end_to_end/forked.h"
#include "tests/end_to_end/random_graph.h"
#include "workloads/evaluate/compare.h"
#include "workloads/evaluate/evaluate.h"

namespace npusim::end_to_end {
namespace {

constexpr unsigned kGraphs = 170;

TEST(X, Y) {
  int ok = 0, np = 0;
  double worst[3] = {};
  for (unsigned seed = 1; seed <= 400; ++seed) {
    Random random(seed);
    const Graph graph = randomGraph(random);
    graph.verify();
    const ChipConfig chip = randomChip(random);
    const Inputs sample = randomInputs(random, graph), tested = randomInputs(random, graph);
    int p = 0;
    for (DataType precision : {DataType::Float32, DataType::Float16, DataType::Int8}) {
      std::cout << std::flush;
      try {
        const Forked f = runForked([&]{ try { compileFor(graph, chip, precision, {sample}); } catch (const Error&) {} return ""; });
        if (!f.error.empty()) { std::cout << "seed " << seed << " " << name(precision) << " CRASH " << f.error << "\n" << graph.toText(); continue; }
        const Compiled c = compileFor(graph, chip, precision, {sample});
        const Inputs stored = storedInputs(c.graph, tested);
        const Execution e = execute(c.program, stored);
        if (!e.error.empty()) {
          std::cout << "seed " << seed << " " << name(precision) << " ERROR " << e.error << "\n"
                    << c.graph.toText();
          continue;
        }
        const auto ref = evaluate(c.graph, stored);
        const Comparison cmp = compare(e.outputs, ref);
        const bool bad = precision == DataType::Int8 ? !sameBytes(e.outputs, ref)
                                                     : !(cmp.maxRelError < (p == 0 ? 1e-5 : 1e-2));
        if (bad)
          std::cout << "seed " << seed << " " << name(precision) << " WRONG " << cmp.maxAbsError
                    << " " << cmp.maxRelError << "\n"
                    << c.graph.toText();
        else
          worst[p] = std::max(worst[p], cmp.maxRelError);
        if (e.macs != macsOf(c.graph)) std::cout << "seed " << seed << " MACS\n";
        ++ok;
      } catch (const NotPossible& error) {
        ++np;
        std::cout << "seed " << seed << " " << error.what() << "\n";
      } catch (const std::exception& error) {
        std::cout << "seed " << seed << " " << name(precision) << " EXC " << error.what() << "\n"
                  << graph.toText();
      }
      ++p;
    }
  }
  std::cout << ok << " ok " << np << " not possible; worst " << worst[0] << " " << worst[1] << "\n";
}

}  // namespace
}  // namespace npusim::end_to_end
