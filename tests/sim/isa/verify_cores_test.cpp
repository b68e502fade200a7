#include <gmock/gmock.h>

#include <functional>

#include "sim/isa/program_io.h"
#include "tests/sim/isa/example_program.h"

namespace npusim::isa {
namespace {

Transfer& weights(Program& p) {
  return std::get<Transfer>(p.queue(Engine::LoadWeights).front().body);
}

/// The example on four cores, each with its own slice of the rows.
Program onFourCores() {
  Program program = exampleProgram();
  program.cores = 4;
  return program;
}

TEST(VerifyCores, AcceptsSeveral) { EXPECT_EQ(refusal(onFourCores()), ""); }

TEST(VerifyCores, RefusesWhatIsNotWithinThem) {
  const std::vector<std::pair<std::function<void(Program&)>, std::string>> changes = {
      {[](Program& p) { p.cores = 0; }, "is for 0 cores"},
      {[](Program& p) {
         p.queue(Engine::Matrix).at(8).cores = {2, 3};
       },
       "runs on cores 2 count 3"},
      {[](Program& p) {
         p.queue(Engine::Matrix).at(3).cores = {0, 2};
       },
       "runs on cores that the loop around it does not run on"},
      {[](Program& p) {
         p.queue(Engine::Matrix).at(5).cores = {0, 2};
       },
       "ends a loop of other cores"},
      {[](Program& p) {
         p.queue(Engine::Matrix).at(8).cores = {0, 2};
       },
       "different cores"},
      {[](Program& p) {
         p.semaphores[0].signallers = CoreRange{3, 2};
       },
       "its cores are not those"},
      {[](Program& p) {
         p.semaphores[0].signallers = CoreRange{0, 2};
       },
       "is signalled on other cores than it names"},
      {[](Program& p) {
         weights(p).source.address.terms = {{kCoreDepth, 0, 2, 1}};
       },
       "stride over the core's digit is 0"},
      {[](Program& p) {
         weights(p).source.address.terms = {{kCoreDepth, 64, 3, 2}};
       },
       "(c div 2 % 3) is no digit of 4 cores"},
      {[](Program& p) {
         weights(p).source.address.terms = {{kCoreDepth, 1 << 20, 4, 1}};
       },
       "source: touches bytes"},
      {[](Program& p) {
         weights(p).sharers = {0, 2};
       },
       "sharers: (c div 0 % 2) is no digit"},
      {[](Program& p) {
         weights(p).sharers = {2, 4};
       },
       "sharers: (c div 2 % 4) is no digit"},
      {[](Program& p) {
         weights(p).source.address.terms = {{kCoreDepth, 64, 4, 1}};
         weights(p).sharers = {1, 2};
       },
       "the source's address depends on the digit"},
      {[](Program& p) {
         p.constants[0].scatter = Scatter{{}, {1, 5}, 64};
       },
       "parts are not those"},
      {[](Program& p) {
         p.storages.push_back({"spread", 8192, true, Distribution{2, 0, 0, {}}});
       },
       "is spread over 'dram', which is no buffer"},
      {[](Program& p) {
         p.storages.push_back({"spread", 8192, true, Distribution{0, 0, 1, {{64, 4, 1}}}});
       },
       "reaches core 4 of 4"},
  };
  for (const auto& [apply, message] : changes) {
    Program program = onFourCores();
    apply(program);
    EXPECT_THAT(refusal(program), testing::HasSubstr(message));
  }
}

TEST(VerifyCores, ConstantsShareAddressesOnlyInDifferentCores) {
  const auto kept = [](const std::string& name, std::int64_t address, CoreRange cores) {
    ConstantBlock block = exampleProgram().constants.front();
    block.name = name;
    block.storage = 0;
    block.address = address;
    block.scatter = Scatter{cores, {1, 1}, block.size};
    return block;
  };
  Program program = onFourCores();
  program.constants.push_back(kept("first", 0, {0, 2}));
  program.constants.push_back(kept("second", 0, {2, 2}));
  program.constants.push_back(kept("third", 2048, {0, 2}));
  EXPECT_EQ(refusal(program), "");
  // The next by address lies in other cores, the one after it in the same ones.
  program.constants[4] = kept("third", 64, {0, 1});
  EXPECT_THAT(refusal(program), testing::HasSubstr("constants 'first' and 'third' overlap"));
  program.constants[4] = kept("third", 64, {});
  EXPECT_THAT(refusal(program), testing::HasSubstr("overlap"));
}

}  // namespace
}  // namespace npusim::isa
