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

TEST(Pricing, APowerLimitStretchesTheTime) {
  const RunResult result =
      priced("7nm", {{"power.limit_w", "0.5"}, {"power.throttled_clock_mhz", "500"}});
  EXPECT_EQ(result.throttledClockMhz, 500);
  EXPECT_DOUBLE_EQ(result.predict.timeS, 64000 / 0.5e9);
  EXPECT_LT(result.predict.averagePowerW, priced("7nm").predict.averagePowerW);
  EXPECT_EQ(result.powerLimitW, 0.5);
  EXPECT_EQ(result.abovePowerLimit(), result.predict.averagePowerW > 0.5);
}

TEST(Pricing, LayersAddUpAtAThrottledClockToo) {
  const RunResult result =
      priced("7nm", {{"power.limit_w", "0.5"}, {"power.throttled_clock_mhz", "250"}});
  double sum = 0;
  for (const LayerResult& layer : result.layers) sum += layer.energy.total();
  EXPECT_NEAR(sum, result.predict.energy.total(), 1e-9 * sum);
}

TEST(Pricing, AClockThatKeepsTheLimitIsToldApartFromOneThatDoesNot) {
  const auto above = [](const char* limit) {
    return priced("7nm", {{"power.limit_w", limit}, {"power.throttled_clock_mhz", "1000"}})
        .abovePowerLimit();
  };
  EXPECT_TRUE(above("0.5"));
  EXPECT_FALSE(above("50"));
  EXPECT_FALSE(priced("7nm").abovePowerLimit());
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
