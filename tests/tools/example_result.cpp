#include "tests/tools/example_result.h"

#include <limits>

namespace npusim::tools {
namespace {

LayerResult convolution() {
  LayerResult layer;
  layer.name = "net/stage1/conv";
  layer.op = "Conv+Relu";
  layer.outputShape = "1x24x64x64";
  layer.macs = 7077888;
  layer.cycles = 60000;
  layer.startCycle = 100;
  layer.endCycle = 60100;
  layer.utilization = 0.4608;
  layer.boundBy = "compute";
  layer.stalls = {1000, 0, 50, 0};
  layer.counters.macs = layer.macs;
  layer.counters.zeroOperandMacs = 70779;
  layer.counters.localStoreBytes.weights = {28311552, 7200};
  layer.counters.arrayNetworkBytes = {0, 28311552, 28311552};
  layer.counters.bufferBytes = {1179648, 786432};
  layer.counters.weightBufferBytes = {7200, 7200};
  layer.counters.accumulatorBytes = {393216, 393216};
  layer.counters.dramBytes = {203808, 393216};
  layer.counters.vectorSimpleOps = 98304;
  layer.energy = {12000000, 500000, 2000000, 3000000, 100000, 0, 38000000, 9000000, 0};
  return layer;
}

LayerResult softmax() {
  LayerResult layer;
  layer.name = "net/stage2/soft,\"max\"";
  layer.op = "Softmax";
  layer.outputShape = "1x1000";
  layer.cycles = 4000;
  layer.startCycle = 60100;
  layer.endCycle = 64100;
  layer.boundBy = "vector";
  layer.stalls = {0, 0, 4000, 0};
  layer.counters.bufferBytes = {8000, 4000};
  layer.counters.dramBytes = {0, 4000};
  layer.counters.vectorSimpleOps = 3000;
  layer.counters.vectorDivideOps = 1000;
  layer.counters.vectorTranscendentalOps = 1000;
  layer.energy = {0, 0, 0, 9000, 4000, 0, 256000, 600000, 0};
  return layer;
}

PredictResult prediction(const std::vector<LayerResult>& layers) {
  PredictResult predict;
  for (const LayerResult& layer : layers) {
    predict.cycles += layer.cycles;
    predict.macs += layer.macs;
    predict.counters += layer.counters;
    predict.stalls += layer.stalls;
    predict.energy += layer.energy;
  }
  predict.firstCallCycles = 65000;
  predict.timeS = 64e-6;
  predict.energyJ = predict.energy.total() * 1e-12;
  predict.averagePowerW = predict.energyJ / predict.timeS;
  predict.utilization = 0.432;
  predict.loss = {0.108, 0.1, 0.29, 0, 0.06, 0, 0.01};
  predict.counters.rowHits = 9000;
  predict.counters.rowMisses = 20;
  predict.counters.rowConflicts = 300;
  predict.counters.activates = 320;
  predict.counters.refreshes = 16;
  predict.compulsoryDramBytes = 500000;
  predict.bandwidthUtilization = 0.73;
  predict.memories = {{"dram", "dram", predict.counters.dramBytes, 0.73, predict.energy.dram}};
  predict.zeroOperandFraction = 0.01;
  return predict;
}

}  // namespace

RunResult exampleResult() {
  RunResult result;
  result.version = "1.2.3";
  result.chip = "edge";
  result.workload = "example";
  result.fidelity = "tile";
  result.precision = "fp32";
  result.chipHash = "0123456789abcdef";
  result.configHash = "fedcba9876543210";
  result.convention = "overlapped";
  result.dataflow = "weight_stationary";
  result.chipYaml = "name: edge\nclock_mhz: 1000\n";
  result.energyTable = "7nm";
  result.rows = 32;
  result.cols = 32;
  result.clockMhz = 1000;
  result.throttledClockMhz = 800;
  result.powerLimitW = 1.1;
  result.seed = 7;
  result.repeat = 3;
  result.layers = {convolution(), softmax()};
  result.predict = prediction(result.layers);
  result.load = {2200, 9600, 2.2e-6, 1.1e-6, 1.01e-3};
  result.load.compileS = 4e-4;
  result.load.relayoutS = 1e-5;
  result.load.cacheS = 2e-4;
  result.load.setupS = 6e-4;
  result.load.warmUpS = 3e-5;
  result.io = {39.2e-6, 24.4e-6, 5e-6, 258048};
  result.area = {0.352, 0.0439, 0.547, 0.0449, 0};
  result.references = {{"cpu_a15",
                        "cpu",
                        "fp32",
                        2e-3,
                        2.62e-3,
                        6480000,
                        1048576,
                        {{"L1", 123456}, {"L2", 65536}},
                        31.25,
                        40.1,
                        6,
                        5},
                       {"host",
                        "measured, 2 threads",
                        "fp32",
                        64e-6,
                        std::numeric_limits<double>::quiet_NaN(),
                        0,
                        0,
                        {},
                        1.0,
                        std::numeric_limits<double>::quiet_NaN()}};
  result.values = {true, "evaluate", 3.8e-5, 6.9e-7, true, "fp32 is near the reference"};
  result.wallS = 0.0999;
  result.compileWallS = 0.0162;
  result.cyclesPerS = 31.8e6;
  result.peakRssBytes = 23278387;
  return result;
}

}  // namespace npusim::tools
