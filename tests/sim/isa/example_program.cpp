#include "tests/sim/isa/example_program.h"

#include "sim/core/error.h"
#include "sim/isa/program_io.h"

namespace npusim::isa {
namespace {

constexpr StorageId kBuffer = 0, kSums = 1, kDram = 2;
enum : SemaphoreId {
  WeightsLoaded,
  InputsLoaded,
  SlotFree,
  SumsReady,
  SumsFree,
  RowsReady,
  RowsFree,
  Gathered,
  HeadReady,
};

Extent count(std::int64_t size) { return {.size = size, .limit = 0, .terms = {}}; }

/// Rows of a tile: 8, and 6 in the last of four.
Extent tileRows() { return {.size = 8, .limit = 30, .terms = {{.depth = 0, .stride = 8}}}; }

Access access(StorageId storage, DataType type, Affine address, std::vector<std::int64_t> strides) {
  return {storage, std::move(address), std::move(strides), {}, type};
}

std::vector<Instruction> loadWeights() {
  Transfer weights;
  weights.run = count(1216);
  weights.source = access(kDram, DataType::Float16, {65536, {}}, {});
  weights.target = access(kBuffer, DataType::Float16, {}, {});
  return {{weights, 0, {}, {WeightsLoaded}}};
}

std::vector<Instruction> loadInputs() {
  Transfer rows;
  rows.dims = {count(10)};
  rows.run = count(64);
  rows.source = access(kDram, DataType::Float16, {-64, {{0, 512, 0}}}, {64});
  rows.source.bounds = {{{-1, {{0, 8, 0}}}, {1}, 30}};
  rows.target = access(kBuffer, DataType::Float16, {1280, {{0, 640, 2}}}, {64});
  rows.fill = 0;
  rows.fillBytes = 2;
  Transfer gathered;
  gathered.dims = {count(3)};
  gathered.run = count(16);
  gathered.source = access(kDram, DataType::Int8, {131072, {}}, {16});
  gathered.source.bounds = {{{}, {1}, 512}};
  gathered.target = access(kBuffer, DataType::Int8, {6144, {}}, {16});
  gathered.gatherDim = 0;
  gathered.gather = access(kDram, DataType::Int64, {139264, {}}, {8});
  return {{Loop{4}, 0, {}, {}},
          {rows, 0, {SlotFree}, {InputsLoaded}},
          {EndLoop{}, 0, {}, {}},
          {gathered, 1, {}, {Gathered}}};
}

Matrix convolution() {
  Matrix tile;
  tile.m = {count(1), tileRows(), count(8)};
  tile.n = count(16);
  tile.k = {count(3), count(3), count(2)};
  tile.a =
      access(kBuffer, DataType::Float16, {1272, {{0, 640, 2}, {1, 4, 0}}}, {0, 64, 8, 0, 64, 8, 2});
  tile.a.bounds = {{{-1, {}}, {0, 0, 1, 0, 0, 1, 0}, 8}};
  tile.b = access(kBuffer, DataType::Float16, {0, {{1, 64, 0}}}, {0, 0, 0, 2, 384, 128, 32});
  tile.c = access(kSums, DataType::Float32, {}, {0, 512, 64, 4, 0, 0, 0});
  tile.bias = access(kBuffer, DataType::Float32, {1152, {}}, {0, 0, 0, 4, 0, 0, 0});
  tile.accumulateOver = {1};
  return tile;
}

Matrix headProduct() {
  Matrix head;
  head.m[2] = count(4);
  head.n = count(2);
  head.k[2] = count(16);
  head.a = access(kBuffer, DataType::Int8, {6144, {}}, {0, 0, 16, 0, 0, 0, 1});
  head.a.bounds = {{{}, {0, 0, 1, 0, 0, 0, 0}, 3}};
  head.padding = -3;
  head.b = access(kBuffer, DataType::UInt8, {6400, {}}, {0, 0, 0, 16, 0, 0, 1});
  head.c = access(kSums, DataType::Int32, {}, {0, 0, 8, 4, 0, 0, 0});
  head.usefulDenominator = 4;
  return head;
}

std::vector<Instruction> products() {
  return {{Sync{}, 0, {WeightsLoaded}, {}},
          {Loop{4}, 0, {}, {}},
          {Sync{}, 0, {InputsLoaded, SumsFree}, {}},
          {Loop{2}, 0, {}, {}},
          {convolution(), 0, {}, {}},
          {EndLoop{}, 0, {}, {}},
          {Sync{}, 0, {}, {SlotFree, SumsReady}},
          {EndLoop{}, 0, {}, {}},
          {headProduct(), 1, {Gathered}, {HeadReady}}};
}

std::vector<Instruction> passes() {
  VectorPass relu;
  relu.dims = {tileRows(), count(8), count(16)};
  relu.operands = {{access(kSums, DataType::Float32, {}, {512, 64, 4}), {}}};
  relu.pre = {{.op = ElementOp::LeakyRelu, .alpha = 0.1F}, {.op = ElementOp::Mul, .alpha = 0.5F}};
  relu.out = {access(kBuffer, DataType::Float16, {4096, {}}, {256, 32, 2}), {}};
  relu.afterArray = true;
  VectorPass head;
  head.dims = {count(4), count(2)};
  head.reduceDims = 1;
  head.reduce = ReduceOp::Max;
  head.operands = {{access(kSums, DataType::Int32, {}, {8, 4}), {0.0078125F, 0}},
                   {access(kBuffer, DataType::Float32, {6500, {}}, {0, 4}), {}}};
  head.pre = {{.op = ElementOp::Sub, .operand = 1, .reversed = true},
              {.op = ElementOp::Clip, .alpha = -1, .beta = 6}};
  head.post = {{.op = ElementOp::Div, .alpha = 2, .reversed = true}};
  head.out = {access(kBuffer, DataType::UInt8, {6520, {}}, {1, 0}), {0.25F, 128}};
  return {{Loop{4}, 0, {}, {}},
          {relu, 0, {SumsReady, RowsFree}, {SumsFree, RowsReady}},
          {EndLoop{}, 0, {}, {}},
          {head, 1, {HeadReady}, {}}};
}

std::vector<Instruction> store() {
  Transfer rows;
  rows.dims = {tileRows()};
  rows.run = count(256);
  rows.source = access(kBuffer, DataType::Float16, {4096, {}}, {256});
  rows.target = access(kDram, DataType::Float16, {32768, {{0, 2048, 0}}}, {256});
  return {{Loop{4}, 0, {}, {}}, {rows, 0, {RowsReady}, {RowsFree}}, {EndLoop{}, 0, {}, {}}};
}

ConstantBlock constant(std::string name, std::int64_t address, std::int64_t size) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
  return {std::move(name), kDram, address, size,
          std::make_shared<const std::vector<std::byte>>(std::move(bytes))};
}

std::vector<Layer> layers() {
  OperatorWork work;
  work.name = "conv1";
  work.kind = OperatorWork::Kind::Convolution;
  work.m = 240;
  work.n = 16;
  work.k = 36;
  work.window = 9;
  work.macs = 138240;
  work.inputElements = 960;
  work.weightElements = 592;
  work.outputElements = 3840;
  work.elementBytes = 2;
  return {{"conv1", "Conv", {1, 16, 30, 8}, 138240, work}, {"/head/Gemm", "Gemm", {}, 128, {}}};
}

}  // namespace

Program exampleProgram() {
  Program program;
  program.network = "tiny";
  program.chipHash = "1f3a9c";
  program.chipYaml = "name: edge\narray:\n  rows: 32\n";
  program.precision = DataType::Float16;
  program.storages = {{"buffer", 8192, true}, {"sums", 4096, true}, {"dram", 1 << 20, false}};
  program.semaphores = {{"weights_loaded", 0}, {"inputs_loaded", 0}, {"slot_free", 2},
                        {"sums_ready", 0},     {"sums_free", 1},     {"rows_ready", 0},
                        {"rows_free", 1},      {"gathered", 0},      {"head ready", 0}};
  program.layers = layers();
  program.constants = {constant("conv1.weight", 65536, 1216), constant("table", 131072, 8192)};
  program.inputs = {{"image", kDram, 0, DataType::Float16, {1, 4, 30, 8}, {0, 2, 64, 8}, {}, false},
                    {"ids", kDram, 139264, DataType::Int64, {3}, {8}, {}, false}};
  program.outputs = {{"rows", kDram, 32768, DataType::Float16, {30, 128}, {256, 2}, {}, false},
                     {"top", kBuffer, 6520, DataType::UInt8, {4}, {1}, {0.25F, 128}, true}};
  program.queue(Engine::LoadWeights) = loadWeights();
  program.queue(Engine::LoadInputs) = loadInputs();
  program.queue(Engine::Matrix) = products();
  program.queue(Engine::Vector) = passes();
  program.queue(Engine::Store) = store();
  program.compulsoryDramBytes = 10000;
  return program;
}

std::string refusal(const Program& program) {
  try {
    verify(program);
    return "";
  } catch (const BadInput& error) {
    return error.what();
  }
}

}  // namespace npusim::isa
