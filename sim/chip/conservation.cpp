#include "sim/chip/conservation.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/core/error.h"

namespace npusim {
namespace {

void expectEqual(std::int64_t a, std::int64_t b, const std::string& what) {
  if (a == b) return;
  throw InternalError("conservation: " + what + ": " + std::to_string(a) + " and " +
                      std::to_string(b) + " differ");
}

void expectNoneNegative(const LayerResult& layer) {
  const StallCycles& stalls = layer.stalls;
  if (std::min({least(layer.counters), layer.cycles, stalls.dram, stalls.buffer, stalls.dependency,
                stalls.network, layer.endCycle}) < 0) {
    throw InternalError("conservation: a counter of layer '" + layer.name + "' is negative");
  }
}

/// A layer in a branch does all its MACs as often as the branch is taken.
void checkMacs(const LayerResult& layer, std::int64_t ofShape, std::int64_t decisions) {
  if (decisions > 0 && layer.macs < ofShape && layer.macs % (ofShape / decisions) == 0) return;
  expectEqual(layer.macs, ofShape, "MACs done and MACs of the shape of layer '" + layer.name + "'");
}

void checkShares(const PredictResult& total) {
  constexpr double kTolerance = 1e-9;
  const Loss& loss = total.loss;
  const std::array<double, 8> shares = {total.utilization, loss.edge,    loss.fillDrain,
                                        loss.dram,         loss.buffer,  loss.dependency,
                                        loss.network,      loss.overhead};
  double sum = 0;
  for (const double share : shares) {
    if (share < -kTolerance) throw InternalError("conservation: a share of time is negative");
    sum += share;
  }
  if (total.cycles > 0 && std::abs(sum - 1) > kTolerance) {
    throw InternalError("conservation: the shares of the array's time sum to " +
                        std::to_string(sum));
  }
}

/// What transfers planned to get over the network, what came out of it, and what its links passed.
void checkNetwork(const Fabric& fabric) {
  Counters total;
  for (const LayerTally& layer : fabric.layers) total += layer.counters;
  expectEqual(fabric.ledger.networkBytes, fabric.network->deliveredBytes(),
              "bytes that transfers sent over the network and that it delivered");
  expectEqual(fabric.network->deliveredBytes(), total.networkPortBytes,
              "bytes that the network delivered and those of the layers");
  expectEqual(fabric.network->byteHops(), total.networkByteHops,
              "bytes that links carried and those of the layers");
}

}  // namespace

void checkConservation(const Fabric& fabric, const Npu::Prediction& prediction) {
  const Ledger& ledger = fabric.ledger;
  expectEqual(ledger.sentBytes, ledger.receivedBytes, "bytes that DMA took and delivered");
  expectEqual(ledger.requestedBytes, ledger.burstBytesMoved,
              "bytes asked of and moved by memories");
  if (fabric.network) checkNetwork(fabric);
  std::int64_t cycles = 0;
  StallCycles stalls;
  for (std::size_t i = 0; i < prediction.layers.size(); ++i) {
    const LayerResult& layer = prediction.layers[i];
    checkMacs(layer, fabric.program.layers[i].macs, fabric.decisions[i]);
    expectNoneNegative(layer);
    cycles += layer.cycles;
    stalls += layer.stalls;
  }
  const PredictResult& total = prediction.total;
  expectEqual(cycles, total.cycles, "the layers' cycles and the total");
  expectEqual(stalls.dram, total.stalls.dram, "the layers' DRAM stalls and the total");
  expectEqual(stalls.buffer, total.stalls.buffer, "the layers' buffer stalls and the total");
  expectEqual(stalls.dependency, total.stalls.dependency,
              "the layers' dependency stalls and the total");
  expectEqual(stalls.network, total.stalls.network, "the layers' network stalls and the total");
  checkShares(total);
}

}  // namespace npusim
