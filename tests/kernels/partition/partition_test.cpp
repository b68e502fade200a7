#include "kernels/partition/partition.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/kernels/test_chip.h"

namespace npusim::partition {
namespace {

using plan::Block;
using plan::Task;

/// A plan of one product [images, rows, columns, k] x [k, channels].
struct Product {
  std::int64_t images = 1, rows = 1, columns = 1, channels = 1, k = 1;
};

plan::Operand operand(plan::BlockId block, const std::vector<std::pair<int, std::int64_t>>& dims) {
  plan::Operand made;
  made.block = block;
  std::int64_t stride = 4;
  for (auto dim = dims.rbegin(); dim != dims.rend(); ++dim) {
    if (dim->second == 1) continue;
    plan::Axis axis{dim->second, stride, std::vector<std::int64_t>(plan::kMatrixDims, 0), 0, 0, 0};
    axis.coefficients[static_cast<std::size_t>(dim->first)] = 1;
    made.axes.insert(made.axes.begin(), axis);
    stride *= dim->second;
  }
  return made;
}

plan::Plan planOf(const Product& p) {
  using namespace plan;
  plan::Plan plan;
  Block x, w, y;
  x.name = "x";
  x.bytes = p.images * p.rows * p.columns * p.k * 4;
  w.name = "w";
  w.bytes = p.k * p.channels * 4;
  w.kind = Block::Kind::Weights;
  y.name = "y";
  y.bytes = p.images * p.rows * p.columns * p.channels * 4;
  plan.blocks = {x, w, y};
  Task task;
  task.dims = {{1}, {1}, {p.images}, {p.rows}, {p.columns}, {p.channels}, {1}, {1}, {p.k}};
  task.operands = {operand(0, {{M0, p.images}, {M1, p.rows}, {M2, p.columns}, {K2, p.k}}),
                   operand(1, {{K2, p.k}, {N, p.channels}})};
  task.output = operand(2, {{M0, p.images}, {M1, p.rows}, {M2, p.columns}, {N, p.channels}});
  task.work = MatrixWork{};
  plan.tasks = {task};
  isa::Layer layer;
  layer.name = "product";
  layer.outputShape = {p.images, p.channels, p.rows, p.columns};
  layer.macs = y.bytes / 4 * p.k;
  plan.layers = {layer};
  plan.inputs = {
      {"x", {0, 0, DataType::Float32, {p.images, p.k, p.rows, p.columns}, {}}, {}, false}};
  return plan;
}

ChipConfig chipOf(std::int64_t cores, bool memory = true) {
  ChipConfig chip = testChip(8, 8, 1 << 20);
  chip.cores = cores;
  chip.memories[0].channels = 16;
  if (!memory) chip.memories.clear();
  return chip;
}

/// "N x 4, M1 x 2": the dimensions of the first task that are dealt, and to how many.
std::string dealt(const Product& product, const ChipConfig& chip, Partition partition) {
  static const char* const names[] = {"G0", "G1", "M0", "M1", "M2", "N", "K0", "K1", "K2"};
  plan::Plan plan = planOf(product);
  deal(plan, plan::StorageMap(chip), chip, partition);
  std::string text;
  for (const plan::Dimension& dim : plan.tasks[0].dims) {
    if (!dim.digit) continue;
    text += (text.empty() ? "" : ", ") + std::string(names[dim.of]) + " x " +
            std::to_string(dim.digit->count);
  }
  return text;
}

TEST(Deal, OneCoreIsLeftAlone) {
  const plan::Plan before = planOf({.rows = 8, .channels = 8, .k = 8});
  plan::Plan after = before;
  const ChipConfig chip = chipOf(1);
  deal(after, plan::StorageMap(chip), chip, Partition::Auto);
  EXPECT_EQ(after.tasks[0].dims.size(), before.tasks[0].dims.size());
  EXPECT_EQ(after.cores, 1);
}

TEST(Deal, CoresThatShareTheirControlAreLeftAlone) {
  plan::Plan plan = planOf({.rows = 8, .channels = 8, .k = 8});
  ChipConfig chip = chipOf(4);
  chip.coreControl = CoreControl::Shared;
  deal(plan, plan::StorageMap(chip), chip, Partition::Auto);
  EXPECT_EQ(plan.tasks[0].dims.size(), static_cast<std::size_t>(plan::kMatrixDims));
}

TEST(Deal, AlongWhatTheOptionNames) {
  const Product product{.images = 4, .rows = 12, .columns = 6, .channels = 64, .k = 32};
  EXPECT_EQ(dealt(product, chipOf(4), Partition::Channel), "N x 4");
  EXPECT_EQ(dealt(product, chipOf(4), Partition::Row), "M1 x 4");
  EXPECT_EQ(dealt(product, chipOf(4), Partition::Batch), "M0 x 4");
}

TEST(Deal, ATaskThatCannotIsDealtAsItsCostSays) {
  const Product product{.rows = 64, .columns = 8, .channels = 8, .k = 32};
  EXPECT_EQ(dealt(product, chipOf(4), Partition::Batch),
            dealt(product, chipOf(4), Partition::Auto));
}

std::string noteOf(const Product& product, Partition partition) {
  plan::Plan plan = planOf(product);
  const ChipConfig chip = chipOf(4);
  return deal(plan, plan::StorageMap(chip), chip, partition);
}

TEST(Deal, SaysWhichLayersCannotFollow) {
  const Product product{.rows = 64, .columns = 8, .channels = 8, .k = 32};
  EXPECT_EQ(noteOf(product, Partition::Batch),
            "--partition batch: 1 of 1 layers cannot be dealt so and went by cost (product)");
  EXPECT_EQ(noteOf({.columns = 1, .channels = 64, .k = 32}, Partition::Row),
            "--partition row: 1 of 1 layers cannot be dealt so and went by cost (product)");
  for (const Partition partition : {Partition::Auto, Partition::Row, Partition::Channel}) {
    EXPECT_EQ(noteOf(product, partition), "") << name(partition);
  }
}

TEST(Deal, NamesAFewOfTheLayersThatCannotFollow) {
  plan::Plan plan = planOf({.rows = 8, .channels = 8, .k = 8});
  for (int t = 1; t < 6; ++t) {
    plan.tasks.push_back(plan.tasks[0]);
    plan.tasks.back().layer = t;
    plan.layers.push_back(plan.layers[0]);
    plan.layers.back().name = "p" + std::to_string(t);
  }
  const ChipConfig chip = chipOf(4);
  EXPECT_EQ(deal(plan, plan::StorageMap(chip), chip, Partition::Batch),
            "--partition batch: 6 of 6 layers cannot be dealt so and went by cost "
            "(product, p1, p2, p3, ...)");
}

/// The note for the product twice, one after the other.
std::string noteOfTwo(const Product& product, Partition partition) {
  plan::Plan plan = planOf(product);
  plan.tasks.push_back(plan.tasks[0]);
  plan.tasks[1].layer = 1;
  plan.layers.push_back(plan.layers[0]);
  const ChipConfig chip = chipOf(4);
  return deal(plan, plan::StorageMap(chip), chip, partition);
}

TEST(Deal, APipelineOfOneImageSaysSo) {
  EXPECT_EQ(noteOfTwo({.rows = 8, .channels = 8, .k = 8}, Partition::Pipeline),
            "--partition pipeline: the batch has one image, so groups of cores work in turn");
  EXPECT_EQ(noteOfTwo({.images = 4, .rows = 8, .channels = 8, .k = 8}, Partition::Pipeline), "");
}

/// The rows of a product alone are no images: nobody works on what it passes on.
TEST(Deal, APipelineOfOneLayerIsNone) {
  plan::Plan plan = planOf({.images = 4, .rows = 8, .channels = 8, .k = 8});
  plan::Plan byCost = plan;
  const ChipConfig chip = chipOf(6);
  EXPECT_EQ(deal(plan, plan::StorageMap(chip), chip, Partition::Pipeline),
            "--partition pipeline: one layer has none to pass images on to, so all cores share it");
  deal(byCost, plan::StorageMap(chip), chip, Partition::Auto);
  EXPECT_EQ(plan.images, 1);
  EXPECT_TRUE(plan.stages.empty());
  EXPECT_EQ(plan::digitsOf(plan.tasks[0]), plan::digitsOf(byCost.tasks[0]));
}

/// Cores that share their weights follow one another, so that those who read for them are spread
/// over the memory's ports.
TEST(Deal, ColumnsChangeSlowestFromCoreToCore) {
  plan::Plan plan = planOf({.rows = 4, .columns = 4, .channels = 256, .k = 64});
  const ChipConfig chip = chipOf(64);
  deal(plan, plan::StorageMap(chip), chip, Partition::Auto);
  const int columns = plan::dealtFrom(plan.tasks[0], plan::N);
  ASSERT_GE(columns, 0) << "not along columns and rows, as this test needs";
  const isa::CoreDigit digit = *plan.tasks[0].dims[static_cast<std::size_t>(columns)].digit;
  EXPECT_GT(digit.divisor, 1);
  EXPECT_EQ(plan::sharersOf(plan.tasks[0], plan.tasks[0].operands[1]).divisor, 1);
}

TEST(Deal, NotesTheRowsOfTheWeightsMemory) {
  plan::Plan plan = planOf({.rows = 8, .channels = 8, .k = 8});
  ChipConfig chip = chipOf(4);
  chip.memories[0].kind = MemoryKind::Dram;
  chip.memories[0].rowBytes = 1024;
  chip.memories[0].channels = 2;
  chip.memories[0].bankGroups = 4;
  chip.memories[0].banksPerGroup = 2;
  deal(plan, plan::StorageMap(chip), chip, Partition::Auto);
  EXPECT_EQ(plan.rowBytes, 2048);
  EXPECT_EQ(plan.rowsAround, 8);
}

TEST(Deal, FewerPositionsThanCoresTakeFewerCores) {
  EXPECT_EQ(dealt({.rows = 3, .columns = 4, .channels = 1, .k = 32}, chipOf(8), Partition::Row),
            "M1 x 3");
}

TEST(Deal, WideProductsGoByColumnsAndTallOnesByRows) {
  const std::string wide =
      dealt({.columns = 2, .channels = 512, .k = 256}, chipOf(8), Partition::Auto);
  EXPECT_EQ(wide, "N x 8");
  const std::string tall =
      dealt({.rows = 512, .columns = 64, .channels = 8, .k = 64}, chipOf(8), Partition::Auto);
  EXPECT_EQ(tall, "M1 x 8");
}

TEST(Deal, LongSumsOfFewResultsAreAddedFromParts) {
  plan::Plan plan = planOf({.columns = 8, .channels = 8, .k = 4096});
  const ChipConfig chip = chipOf(8, false);
  deal(plan, plan::StorageMap(chip), chip, Partition::Auto);
  ASSERT_EQ(plan.tasks.size(), 2U);
  EXPECT_GT(plan::dealtFrom(plan.tasks[0], plan::K2), 0);
  EXPECT_EQ(plan.layers[1].name, "product.sum");
  EXPECT_EQ(plan.layers[1].macs, 0);
  const auto& sum = std::get<plan::VectorWork>(plan.tasks[1].work);
  EXPECT_EQ(sum.passes[0].reduceDims, 1);
  plan.computeLifetimes();
  plan.verify();
}

TEST(Deal, SumsOfWholeNumbersAreNotAddedFromParts) {
  plan::Plan plan = planOf({.columns = 8, .channels = 8, .k = 4096});
  for (plan::Operand& operand : plan.tasks[0].operands) operand.type = DataType::Int8;
  plan.precision = DataType::Int8;
  const ChipConfig chip = chipOf(8, false);
  deal(plan, plan::StorageMap(chip), chip, Partition::Auto);
  EXPECT_EQ(plan.tasks.size(), 1U);
}

TEST(Pipeline, GroupsOfEqualWorkTakeTheImagesOneAfterAnother) {
  plan::Plan plan = planOf({.images = 4, .rows = 8, .columns = 8, .channels = 8, .k = 8});
  for (int t = 1; t < 8; ++t) {
    plan.tasks.push_back(plan.tasks[0]);
    plan.tasks.back().layer = t;
    plan.layers.push_back(plan.layers[0]);
  }
  const ChipConfig chip = chipOf(8);
  deal(plan, plan::StorageMap(chip), chip, Partition::Pipeline);
  EXPECT_EQ(plan.images, 4);
  ASSERT_EQ(plan.stages.size(), 4U);
  for (int s = 0; s < 4; ++s) {
    const plan::Stage& stage = plan.stages[static_cast<std::size_t>(s)];
    EXPECT_EQ(stage.first, 2 * s);
    EXPECT_EQ(stage.last, 2 * s + 2);
    EXPECT_EQ(stage.cores, (isa::CoreRange{2 * s, 2}));
    EXPECT_EQ(plan.tasks[static_cast<std::size_t>(stage.first)].cores, stage.cores);
  }
}

}  // namespace
}  // namespace npusim::partition
