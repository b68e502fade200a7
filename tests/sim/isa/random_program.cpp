#include "tests/sim/isa/random_program.h"

#include <limits>

namespace npusim::isa {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

/// `count` items of what `make` returns.
template <class Make>
auto several(std::int64_t count, const Make& make) {
  std::vector<decltype(make())> items;
  for (std::int64_t i = 0; i < count; ++i) items.push_back(make());
  return items;
}

}  // namespace

std::int64_t RandomProgram::number() {
  switch (between(0, 5)) {
    case 0:
      return 0;
    case 1:
      return between(0, 1) == 0 ? Limits::min() : Limits::max();
    case 2:
      return between(Limits::min(), Limits::max());
    default:
      return between(-3, 300);
  }
}

float RandomProgram::real() {
  using Floats = std::numeric_limits<float>;
  switch (between(0, 7)) {
    case 0:
      return Floats::infinity();
    case 1:
      return -Floats::infinity();
    case 2:
      return Floats::denorm_min();
    case 3:
      return -Floats::max();
    case 4:
      return static_cast<float>(between(-10, 10));
    default:
      return std::uniform_real_distribution<float>(-1, 1)(random_);
  }
}

std::string RandomProgram::name() {
  static const std::vector<std::string> kNames = {
      "conv1", "conv1", "a b",   "layer", "/model/head.0", "signal", "x",        "",
      "\"",    "\\n\\", "\n\t",  "$3",    "# no comment",  "end",    "\x01\x7f", "größe",
      "min",   "i0",    "queue", "7up",   "wait a, b",     "|",      "a\r\nb",   "where"};
  const auto index = between(0, static_cast<std::int64_t>(kNames.size()) + 3);
  if (index < static_cast<std::int64_t>(kNames.size()))
    return kNames[static_cast<std::size_t>(index)];
  return "name" + std::to_string(between(0, 1000));
}

std::vector<LoopTerm> RandomProgram::terms() {
  return several(between(0, 3), [this] {
    if (between(0, 4) == 0) return LoopTerm{kCoreDepth, number(), number(), coin() ? 1 : number()};
    return LoopTerm{static_cast<int>(between(0, 7)), number(), coin() ? 0 : number()};
  });
}

Affine RandomProgram::affine() { return {number(), terms()}; }

Extent RandomProgram::extent() {
  if (coin()) return {.size = number(), .limit = 0, .terms = {}};
  return {number(), number(), terms()};
}

std::vector<std::int64_t> RandomProgram::strides(std::size_t dims) {
  return several(static_cast<std::int64_t>(dims), [this] { return number(); });
}

Access RandomProgram::access(std::size_t dims) {
  const auto bounds = [this, dims] { return Bound{affine(), strides(dims), number()}; };
  return {static_cast<StorageId>(between(-1, 4)), affine(), strides(dims),
          several(between(0, 2), bounds), type()};
}

Scaling RandomProgram::scaling() {
  if (coin()) return {};
  return {real(), static_cast<std::int32_t>(between(-300, 300))};
}

Transfer RandomProgram::transfer() {
  Transfer transfer;
  transfer.dims = several(between(0, 4), [this] { return extent(); });
  transfer.run = extent();
  transfer.source = access(transfer.dims.size());
  transfer.target = access(transfer.dims.size());
  if (coin()) {
    transfer.fill = static_cast<std::uint32_t>(between(0, 0xffffffff));
    transfer.fillBytes = static_cast<int>(between(0, 4));
  }
  if (coin()) {
    transfer.gather = access(transfer.dims.size());
    transfer.gatherDim = static_cast<int>(between(-1, 4));
  }
  transfer.streamed = coin();
  transfer.coded = coin();
  if (coin()) transfer.sharers = {number(), number()};
  return transfer;
}

Matrix RandomProgram::matrix() {
  Matrix matrix;
  for (Extent& dim : matrix.m) dim = extent();
  for (Extent& dim : matrix.k) dim = extent();
  matrix.n = extent();
  matrix.a = access(7);
  matrix.b = access(7);
  matrix.c = access(7);
  matrix.padding = static_cast<std::int32_t>(between(-200, 200));
  for (std::optional<Access>* each : {&matrix.bias, &matrix.zeroA, &matrix.zeroB})
    if (coin()) *each = access(7);
  matrix.accumulateOver =
      several(between(0, 3), [this] { return static_cast<int>(between(0, 7)); });
  if (coin()) {
    matrix.usefulNumerator = number();
    matrix.usefulDenominator = number();
  }
  if (coin()) matrix.pass = {number(), number(), number(), number(), number()};
  return matrix;
}

std::vector<VectorStep> RandomProgram::steps() {
  return several(between(0, 3), [this] {
    VectorStep step;
    step.op = static_cast<ElementOp>(between(0, kElementOpCount - 1));
    step.reversed = isBinary(step.op) && coin();
    if (isBinary(step.op) && coin()) {
      step.operand = static_cast<int>(between(0, 9));
    } else {
      step.alpha = real();
    }
    if (coin()) step.beta = real();
    return step;
  });
}

VectorPass RandomProgram::vectorPass() {
  VectorPass pass;
  pass.dims = several(between(0, 4), [this] { return extent(); });
  if (coin()) {
    pass.reduceDims = static_cast<int>(between(1, 3));
    pass.reduce = static_cast<ReduceOp>(between(0, 3));
  }
  const auto operand = [&] { return VectorOperand{access(pass.dims.size()), scaling()}; };
  pass.operands = several(between(0, 3), operand);
  pass.pre = steps();
  pass.post = steps();
  pass.out = operand();
  pass.afterArray = coin();
  return pass;
}

std::vector<SemaphoreId> RandomProgram::semaphores() {
  return several(between(0, 2), [this] { return static_cast<SemaphoreId>(between(-1, 5)); });
}

Instruction RandomProgram::instruction(int kind) {
  Instruction made{{}, static_cast<std::int32_t>(between(-1, 4)), semaphores(), semaphores()};
  if (coin()) made.cores = range();
  switch (kind) {
    case 0:
      made.body = Loop{number()};
      if (coin()) std::get<Loop>(made.body).condition = {access(0), coin()};
      break;
    case 1:
      made.body = EndLoop{};
      break;
    case 2:
      made.body = Sync{};
      break;
    case 3:
      made.body = transfer();
      break;
    case 4:
      made.body = matrix();
      break;
    default:
      made.body = vectorPass();
  }
  return made;
}

std::vector<Instruction> RandomProgram::queue() {
  return several(between(0, 8), [this] { return instruction(static_cast<int>(between(0, 5))); });
}

PortTensor RandomProgram::port() {
  const auto dims = static_cast<std::size_t>(between(0, 4));
  return {name(),        static_cast<StorageId>(between(-1, 4)),
          number(),      type(),
          strides(dims), strides(dims),
          scaling(),     coin()};
}

Layer RandomProgram::layer() {
  Layer layer{name(), name(), strides(static_cast<std::size_t>(between(0, 4))), number(), {}};
  if (coin()) return layer;
  OperatorWork& work = layer.work;
  work.name = name();
  work.kind = static_cast<OperatorWork::Kind>(between(0, 3));
  for (std::int64_t* field : {&work.times, &work.batch, &work.m, &work.n, &work.k, &work.window,
                              &work.macs, &work.simpleOps, &work.divideOps, &work.transcendentalOps,
                              &work.inputElements, &work.weightElements, &work.outputElements})
    *field = number();
  work.elementBytes = static_cast<int>(between(0, 8));
  return layer;
}

CoreRange RandomProgram::range() {
  return {static_cast<std::int32_t>(between(-2, 2000)), static_cast<std::int32_t>(between(-2, 9))};
}

Storage RandomProgram::storage(StorageId before) {
  Storage made{name(), number(), coin()};
  if (coin()) return made;
  Distribution& spread = made.distribution.emplace();
  spread = {static_cast<StorageId>(between(-1, before - 1)), number(), range().first, {}};
  spread.levels = several(between(0, 2), [&] { return Deal{number(), number(), number()}; });
  return made;
}

Program RandomProgram::draw() {
  Program program;
  program.network = name();
  program.chipHash = name();
  for (std::int64_t lines = between(0, 3); lines > 0; --lines)
    program.chipYaml += name() + (coin() ? "\n" : " ");
  program.precision = type();
  program.batch = number();
  if (coin()) program.cores = number();
  program.values = coin();
  program.compulsoryDramBytes = number();
  StorageId storages = 0;
  program.storages = several(between(0, 4), [&] { return storage(storages++); });
  program.semaphores = several(between(0, 4), [&] {
    Semaphore made{name(), number()};
    if (coin()) made.signallers = range();
    return made;
  });
  program.layers = several(between(0, 4), [&] { return layer(); });
  program.constants = several(between(0, 3), [&] {
    ConstantBlock made{name(), static_cast<StorageId>(between(-1, 4)), number(), number(), {}};
    if (coin()) made.scatter = {range(), {number(), number()}, number()};
    return made;
  });
  program.inputs = several(between(0, 2), [&] { return port(); });
  program.outputs = several(between(0, 2), [&] { return port(); });
  for (auto& instructions : program.queues) instructions = queue();
  return program;
}

}  // namespace npusim::isa
