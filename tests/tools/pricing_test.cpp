#include "tools/pricing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/config/load_config.h"
#include "sim/core/error.h"
#include "tests/tools/example_result.h"
#include "tools/writers.h"

namespace npusim::tools {
namespace {

RunResult priced(const std::string& table, const std::vector<Override>& overrides = {}) {
  RunResult result = exampleResult();
  result.throttledClockMhz = 0;
  priceResult(result, loadChip("edge", overrides), loadEnergyTable(table));
  return result;
}

TEST(Pricing, LayersAddUpToTheTotal) {
  const RunResult result = priced("7nm");
  double sum = 0;
  for (const LayerResult& layer : result.layers) sum += layer.energy.total();
  EXPECT_NEAR(sum, result.predict.energy.total(), 1e-9 * sum);
  EXPECT_DOUBLE_EQ(result.predict.energyJ, result.predict.energy.total() * 1e-12);
  EXPECT_DOUBLE_EQ(result.predict.timeS, 64000 / 1e9);
  EXPECT_DOUBLE_EQ(result.predict.averagePowerW, result.predict.energyJ / result.predict.timeS);
  EXPECT_EQ(result.energyTable, "7nm");
  EXPECT_EQ(result.throttledClockMhz, 0);
}

TEST(Pricing, RatiosAreReferenceOverNpu) {
  const RunResult result = priced("7nm");
  EXPECT_DOUBLE_EQ(result.references[0].speedup, 2e-3 / result.predict.timeS);
  EXPECT_DOUBLE_EQ(result.references[0].energyRatio, 2.62e-3 / result.predict.energyJ);
  EXPECT_TRUE(std::isnan(result.references[1].energyRatio));
}

TEST(Pricing, AgainIsTheSame) {
  RunResult result = priced("7nm");
  const std::string once = toJson(result);
  priceResult(result, loadChip("edge", {}), loadEnergyTable("45nm"));
  EXPECT_NE(toJson(result), once);
  priceResult(result, loadChip("edge", {}), loadEnergyTable("7nm"));
  EXPECT_EQ(toJson(result), once);
}

TEST(Pricing, OlderTechnologyCostsMore) {
  const RunResult now = priced("7nm");
  const RunResult then = priced("45nm");
  EXPECT_GT(then.predict.energy.mac, now.predict.energy.mac);
  EXPECT_GT(then.area.total(), now.area.total());
  EXPECT_EQ(then.predict.energy.dram, now.predict.energy.dram);
}

RunResult throttledTo(double clockMhz, const char* limit = "0.5") {
  RunResult result = exampleResult();
  result.throttledClockMhz = clockMhz;
  priceResult(result, loadChip("edge", {{"power.limit_w", limit}}), loadEnergyTable("7nm"));
  return result;
}

TEST(Pricing, ARunAtAThrottledClockIsPricedAtIt) {
  const RunResult result = throttledTo(250);
  EXPECT_DOUBLE_EQ(result.predict.timeS, 64000 / 0.25e9);
  EXPECT_LT(result.predict.averagePowerW, priced("7nm").predict.averagePowerW);
  EXPECT_EQ(result.throttledClockMhz, 250) << "a limit is noted, not applied";
  EXPECT_EQ(result.powerLimitW, 0.5);
  double sum = 0;
  for (const LayerResult& layer : result.layers) sum += layer.energy.total();
  EXPECT_NEAR(sum, result.predict.energy.total(), 1e-9 * sum);
}

TEST(Pricing, AClockThatKeepsTheLimitIsToldApartFromOneThatDoesNot) {
  EXPECT_TRUE(throttledTo(1000).abovePowerLimit());
  EXPECT_FALSE(throttledTo(1000, "50").abovePowerLimit());
  EXPECT_FALSE(priced("7nm").abovePowerLimit());
}

TEST(Pricing, EachMemoryGetsItsBytesItsShareOfItsOwnPeakAndItsEnergy) {
  const ChipConfig chip = loadChip("ane_a15", {});
  RunResult result = exampleResult();
  result.precision = "fp16";
  result.throttledClockMhz = 0;
  Counters& counters = result.predict.counters;
  counters.memory(0) = {.bytes = 8'500'000, .bytesRead = 500'000};
  counters.memory(1) = {.bytes = 34'128'000, .bytesRead = 34'128'000};
  counters.dramBytes = {34'628'000, 8'000'000};
  result.predict.cycles = 1'928'700;  // 1 ms
  priceResult(result, chip, loadEnergyTable("7nm"));
  ASSERT_EQ(result.predict.memories.size(), 2u);
  const MemoryResult& cache = result.predict.memories[0];
  const MemoryResult& dram = result.predict.memories[1];
  EXPECT_EQ(cache.name + " " + cache.kind, "system_cache sram");
  EXPECT_EQ(dram.name + " " + dram.kind, "dram dram");
  EXPECT_EQ(cache.bytes.read, 500'000);
  EXPECT_EQ(cache.bytes.write, 8'000'000);
  EXPECT_EQ(dram.bytes.read, 34'128'000);
  EXPECT_EQ(dram.bytes.write, 0);
  EXPECT_NEAR(cache.bandwidthUtilization, 0.1, 1e-6) << "of 85 GB/s";
  EXPECT_NEAR(dram.bandwidthUtilization, 1, 1e-3) << "of 34.13 GB/s";
  EXPECT_DOUBLE_EQ(cache.energyPj, 8.5e6 * 8 * 1.25);
  EXPECT_DOUBLE_EQ(cache.energyPj + dram.energyPj, result.predict.energy.dram);
}

TEST(References, AreCostedInTheirOwnFormat) {
  OperatorWork product;
  product.name = "product";
  product.kind = OperatorWork::Kind::Matrix;
  product.batch = 1;
  product.m = product.n = product.k = 256;
  product.macs = 256 * 256 * 256;
  product.inputElements = product.weightElements = product.outputElements = 256 * 256;
  const auto results = costReferences({"cpu_haswell", "gpu_a100"}, {product}, DataType::Float16);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].name, "cpu_haswell");
  EXPECT_EQ(results[0].kind, "cpu");
  EXPECT_EQ(results[0].precision, "fp32");
  EXPECT_EQ(results[1].precision, "fp16");
  EXPECT_GT(results[0].timeS, 0);
  EXPECT_THROW(costReferences({"cpu_hazwell"}, {product}, DataType::Float32), BadInput);
}

}  // namespace
}  // namespace npusim::tools
