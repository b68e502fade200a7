#include "sim/array/module/own_kernel.h"

#include <gtest/gtest.h>

#include "sim/array/module/module_array.h"
#include "sim/array/tile/tile_array.h"
#include "tests/sim/array/random_tile.h"

namespace npusim::modules {
namespace {

/// Asks an array for the cost of a tile in the middle of a process, as the chip does.
class Asker : public sc_core::sc_module {
 public:
  Asker(const sc_core::sc_module_name& moduleName, ArrayModel& array, const MatrixTile& tile)
      : sc_core::sc_module(moduleName), array_(array), tile_(tile) {
    SC_HAS_PROCESS(Asker);
    SC_METHOD(ask);
  }

  std::vector<ArrayCost> answers;
  std::vector<sc_core::sc_time> times;

 private:
  void ask() {
    const sc_core::sc_time before = sc_core::sc_time_stamp();
    answers.push_back(array_.cost(tile_));
    EXPECT_EQ(sc_core::sc_time_stamp(), before) << "the asker's time went on";
    times.push_back(before);
    if (answers.size() < 3) next_trigger(sc_core::sc_time(7, sc_core::SC_NS));
  }

  ArrayModel& array_;
  const MatrixTile& tile_;
};

TEST(OwnKernel, AnswersInTheMiddleOfAnotherKernelsProcess) {
  const testing_tiles::RandomTile drawn =
      testing_tiles::randomTile(5, {.axis = 8, .peSteps = 60, .macs = 4'000});
  ModuleArray module(drawn.array);
  TileArray tile(drawn.array);
  Asker asker("asker", module, drawn.problem->tile);
  sc_core::sc_start();
  ASSERT_EQ(asker.answers.size(), 3u);
  for (const ArrayCost& answer : asker.answers) {
    EXPECT_TRUE(answer == tile.cost(drawn.problem->tile)) << drawn.text;
  }
  EXPECT_EQ(asker.times.back(), sc_core::sc_time(14, sc_core::SC_NS));
}

TEST(OwnKernel, InsideMeansThisKernelAndOutsideTheOther) {
  const sc_core::sc_simcontext* const outside = sc_core::sc_get_curr_simcontext();
  const OwnKernel kernel;
  EXPECT_EQ(sc_core::sc_get_curr_simcontext(), outside);
  {
    const OwnKernel::Inside inside(kernel);
    EXPECT_NE(sc_core::sc_get_curr_simcontext(), outside);
    sc_core::sc_start(sc_core::sc_time(3, sc_core::SC_NS));
    EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::sc_time(3, sc_core::SC_NS));
  }
  EXPECT_EQ(sc_core::sc_get_curr_simcontext(), outside);
  EXPECT_EQ(sc_core::sc_time_stamp(), sc_core::SC_ZERO_TIME);
}

}  // namespace
}  // namespace npusim::modules
