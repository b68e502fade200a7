#include "tools/inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "tests/tools/process.h"
#include "tools/report.h"
#include "workloads/evaluate/npy.h"

namespace npusim::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const InputSlot kImage{"image", DataType::Float32, {2, 500}};

std::string messageOf(const std::vector<InputSlot>& slots, const GivenTensors& given) {
  try {
    completeInputs(slots, given, 1);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no error";
}

TEST(MadeInputs, AreUniformAndRepeatable) {
  const Tensor tensor = completeInputs({kImage}, {}, 1).at("image");
  double sum = 0, least = 1, greatest = -1;
  for (const float element : tensor.as<float>()) {
    sum += element;
    least = std::min<double>(least, element);
    greatest = std::max<double>(greatest, element);
  }
  EXPECT_GE(least, -1.0);
  EXPECT_LT(greatest, 1.0);
  EXPECT_LT(least, -0.95);
  EXPECT_GT(greatest, 0.95);
  EXPECT_NEAR(sum / 1000, 0, 0.06);  // three standard deviations of the mean
  const Tensor again = completeInputs({kImage}, {}, 1).at("image");
  EXPECT_TRUE(std::ranges::equal(tensor.as<float>(), again.as<float>()));
}

TEST(MadeInputs, DifferBySeedAndName) {
  const InputSlot other{"other", DataType::Float32, {2, 500}};
  const Inputs inputs = completeInputs({kImage, other}, {}, 1);
  const Inputs seeded = completeInputs({kImage}, {}, 2);
  EXPECT_NE(inputs.at("image").at(0), inputs.at("other").at(0));
  EXPECT_NE(inputs.at("image").at(0), seeded.at("image").at(0));
}

TEST(MadeInputs, AreZeroForIntegersAndRoundedForHalf) {
  const Inputs inputs =
      completeInputs({{"ids", DataType::Int64, {3}}, {"half", DataType::Float16, {4}}}, {}, 1);
  EXPECT_EQ(inputs.at("ids").type(), DataType::Int64);
  EXPECT_EQ(inputs.at("ids").at(2), 0);
  EXPECT_EQ(inputs.at("half").type(), DataType::Float16);
  EXPECT_NE(inputs.at("half").at(0), 0);
}

TEST(GivenInputs, GoBeforeTheDataSetAndThatBeforeTheSeed) {
  const InputSlot second{"b", DataType::Float32, {1}};
  const InputSlot third{"c", DataType::Float32, {1}};
  GivenTensors given;
  given.data.inputs = {Tensor(DataType::Float32, {2, 500}), scalarTensor(5).reshaped({1})};
  given.byName["b"] = scalarTensor(7).reshaped({1});
  const Inputs inputs = completeInputs({kImage, second, third}, given, 1);
  EXPECT_EQ(inputs.at("image").at(3), 0);
  EXPECT_EQ(inputs.at("b").at(0), 7);
  EXPECT_NE(inputs.at("c").at(0), 0);
}

TEST(GivenInputs, ConvertWithinTheirKind) {
  GivenTensors given;
  Tensor wide(DataType::Float64, {2, 500});
  wide.set(0, 0.5);
  given.byName["image"] = wide;
  const Tensor taken = completeInputs({kImage}, given, 1).at("image");
  EXPECT_EQ(taken.type(), DataType::Float32);
  EXPECT_EQ(taken.at(0), 0.5);
}

TEST(GivenInputs, AreRefusedWithTheReason) {
  GivenTensors wrongShape;
  wrongShape.byName["image"] = Tensor(DataType::Float32, {3});
  EXPECT_THAT(messageOf({kImage}, wrongShape),
              HasSubstr("input 'image': is given as fp32 3, the network takes fp32 2x500"));
  GivenTensors wrongType;
  wrongType.data.inputs = {Tensor(DataType::Int32, {2, 500})};
  EXPECT_THAT(messageOf({kImage}, wrongType), HasSubstr("is given as int32 2x500"));
  GivenTensors unknown;
  unknown.byName["imgae"] = Tensor(DataType::Float32, {2, 500});
  EXPECT_THAT(messageOf({kImage}, unknown),
              HasSubstr("--input imgae: the network has no such input (did you mean 'image'?)"));
  GivenTensors tooMany;
  tooMany.data.inputs.assign(2, Tensor(DataType::Float32, {2, 500}));
  EXPECT_THAT(messageOf({kImage}, tooMany), HasSubstr("has 2 inputs, the network takes 1"));
}

TEST(GivenInputs, AreReadFromFiles) {
  const TemporaryFolder folder;
  writeNpy(folder / "x.npy", scalarTensor(3).reshaped({1}));
  DataOptions options;
  options.inputFiles = {{"x", folder / "x.npy"}};
  EXPECT_EQ(readGiven(options).byName.at("x").at(0), 3);
  options.inputFiles.emplace_back("x", folder / "x.npy");
  EXPECT_THROW(readGiven(options), BadInput);
  options.inputFiles = {{"x", folder / "x.txt"}};
  EXPECT_THROW(readGiven(options), BadInput);
}

TEST(Ports, QuantiseAndBack) {
  isa::PortTensor port;
  port.type = DataType::Int8;
  port.shape = {3};
  port.quantized = true;
  port.scaling = {0.5F, 10};
  Tensor reals(DataType::Float32, {3});
  reals.set(0, 1.0);
  reals.set(1, -0.74);
  reals.set(2, 1000);
  const Tensor stored = toPort(reals, port);
  EXPECT_THAT(std::vector<int>(stored.as<std::int8_t>().begin(), stored.as<std::int8_t>().end()),
              ElementsAre(12, 9, 127));
  EXPECT_EQ(fromPort(stored, port).at(0), 1.0);
  EXPECT_EQ(fromPort(stored, port).at(2), 58.5);
}

TEST(Ports, WidenHalvesAndKeepIntegers) {
  isa::PortTensor port;
  port.shape = {1};
  port.type = DataType::Float16;
  const Tensor stored = toPort(scalarTensor(0.1F).reshaped({1}), port);
  EXPECT_EQ(stored.type(), DataType::Float16);
  EXPECT_EQ(fromPort(stored, port).type(), DataType::Float32);
  EXPECT_NEAR(fromPort(stored, port).at(0), 0.1, 1e-4);
  port.type = DataType::Int64;
  EXPECT_EQ(fromPort(int64Tensor({5}), port).type(), DataType::Int64);
}

TEST(OutputFiles, HaveSafeNamesThatDiffer) {
  const NamedTensors outputs = {
      {"scores", {}}, {"net/out:0", {}}, {"net_out_0", {}}, {"", {}}, {"../x", {}}};
  EXPECT_THAT(outputFileNames(outputs), ElementsAre("scores.npy", "net_out_0.npy",
                                                    "net_out_0_2.npy", "output.npy", "_._x.npy"));
}

}  // namespace
}  // namespace npusim::tools
