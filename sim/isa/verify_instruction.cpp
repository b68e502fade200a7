#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/isa/verify_site.h"

namespace npusim::isa {
namespace {

constexpr std::string_view kMatrixDims[] = {"m0", "m1", "m2", "n", "k0", "k1", "k2"};

Extent bytesOf(DataType type) { return {.size = byteSize(type), .limit = 0, .terms = {}}; }

void checkIndices(const Site& site, const Transfer& transfer, const Dimensions& dims) {
  const auto count = static_cast<int>(dims.size());
  if (!transfer.gather.has_value()) {
    if (transfer.gatherDim != -1)
      site.fail("gather: dimension {} is gathered, but no indices are given", transfer.gatherDim);
    return;
  }
  if (transfer.gatherDim < 0 || transfer.gatherDim >= count)
    site.fail("gather: dimension {} must be one of the {} dimensions", transfer.gatherDim, count);
  const DataType type = transfer.gather->type;
  if (type != DataType::Int32 && type != DataType::Int64)
    site.fail("gather: indices are {}; they must be int32 or int64", name(type));
  checkAccess(site, "gather", *transfer.gather, dims, bytesOf(type), {.onChip = false});
}

/// A source whose positions along one dimension are looked up.
void checkGatheredSource(const Site& site, const Transfer& transfer, const Dimensions& dims) {
  const auto dim = static_cast<std::size_t>(transfer.gatherDim);
  for (const Bound& bound : transfer.source.bounds)
    if (bound.strides.size() != dims.size()) site.fail("source: bound strides do not match");
  const std::int64_t positions = gatheredPositions(transfer);
  const Extent gathered{.size = std::max<std::int64_t>(1, positions), .limit = 0, .terms = {}};
  Dimensions sourceDims = dims;
  sourceDims[dim] = &gathered;
  const AccessRules rules{.mayBeBounded = true, .onChip = false, .gatheredDim = transfer.gatherDim};
  checkAccess(site, "source", transfer.source, sourceDims, transfer.run, rules);
  if (transfer.source.strides[dim] == 0)
    site.fail("source: its stride over the gathered dimension {} must not be 0", dim);
  if (positions < 1)
    site.fail(
        "source: no bound over the gathered dimension {} alone says how many positions it has",
        dim);
}

void checkFill(const Site& site, const Transfer& transfer) {
  const int width = transfer.fillBytes;
  if (!transfer.fill.has_value()) {
    if (width != 1) site.fail("fill: a width of {} without a pattern: set it to 1", width);
    return;
  }
  if (width != 1 && width != 2 && width != 4)
    site.fail("fill: the pattern is {} bytes wide; it must be 1, 2 or 4", width);
  if (width < 4 && *transfer.fill >> (8 * width) != 0)
    site.fail("fill: pattern {} does not fit in {} bytes", *transfer.fill, width);
  if (transfer.source.bounds.empty())
    site.fail("fill: the source has no bounds, so nothing is ever filled: leave it out");
}

bool isFloatOperand(DataType type) {
  return type == DataType::Float32 || type == DataType::Float16 || type == DataType::BFloat16;
}

bool isIntegerOperand(DataType type) {
  return type == DataType::Int8 || type == DataType::UInt8 || type == DataType::Int16;
}

void checkMatrixTypes(const Site& site, const Matrix& matrix) {
  const DataType a = matrix.a.type, b = matrix.b.type;
  const bool floats = isFloatOperand(a) && a == b;
  const bool integers = isIntegerOperand(a) && isIntegerOperand(b) && byteSize(a) == byteSize(b);
  if (!floats && !integers)
    site.fail("a is {} and b is {}; they must both be fp32, fp16, bf16, int16, or int8 or uint8",
              name(a), name(b));
  const DataType sum = sumTypeOf(a);
  const bool halved = floats && matrix.c.type == DataType::Float16;
  if (matrix.c.type != sum && !halved)
    site.fail("c is {}; sums of {} products are {}", name(matrix.c.type), name(a),
              floats ? "fp32 or fp16" : name(sum));
  if (matrix.bias.has_value() && matrix.bias->type != sum)
    site.fail("bias is {}; sums of {} products start from {}", name(matrix.bias->type), name(a),
              name(sum));
  const Interval values = floats ? Interval{0, 0} : integerRange(a);
  if (matrix.padding < values.low || matrix.padding > values.high)
    site.fail("padding {} is not a zero point of {} ({}..{})", matrix.padding, name(a), values.low,
              values.high);
  if (matrix.padding != 0 && matrix.a.bounds.empty())
    site.fail("padding {} is never read, because a has no bounds: set it to 0", matrix.padding);
}

/// A zero point has the type of the integers that it belongs to.
void checkZeroPoints(const Site& site, const Matrix& matrix) {
  const auto check = [&](std::string_view role, const std::optional<Access>& zero, DataType type) {
    if (zero.has_value() && (zero->type != type || !isIntegerOperand(type)))
      site.fail("{} is {} for an operand of {}; zero points are of its type, int8, uint8 or int16",
                role, name(zero->type), name(type));
  };
  check("zero_a", matrix.zeroA, matrix.a.type);
  check("zero_b", matrix.zeroB, matrix.b.type);
  if (matrix.zeroA.has_value() && matrix.padding != 0)
    site.fail("padding {} is never read, because zero_a is given: set it to 0", matrix.padding);
}

/// An operand of the product: `unused` are the dimensions that it does not have.
void checkProductOperand(const Site& site, std::string_view role, const Access& access,
                         const Dimensions& dims, std::initializer_list<std::size_t> unused) {
  checkAccess(site, role, access, dims, bytesOf(access.type), {.mayBeBounded = role == "a"});
  for (const std::size_t d : unused)
    if (access.strides.at(d) != 0)
      site.fail("{}: has no dimension {}, so its stride must be 0, not {}", role, kMatrixDims[d],
                access.strides.at(d));
}

void checkAccumulation(const Site& site, const Matrix& matrix) {
  int previous = -1;
  for (const int depth : matrix.accumulateOver) {
    if (depth < 0 || depth >= static_cast<int>(site.loops.size()))
      site.fail("accumulates over loop i{}, but {} loops are open here", depth, site.loops.size());
    if (site.loops[static_cast<std::size_t>(depth)] == 1)
      site.fail("accumulates over loop i{}, which has one iteration: leave it out", depth);
    if (depth <= previous)
      site.fail("accumulates over loop i{} after i{}: each loop once, outermost first", depth,
                previous);
    previous = depth;
  }
  if (matrix.usefulNumerator < 1 || matrix.usefulNumerator > matrix.usefulDenominator)
    site.fail("useful work {} / {} must lie in (0, 1]", matrix.usefulNumerator,
              matrix.usefulDenominator);
}

void checkPass(const Site& site, const RowStationaryPass& pass) {
  if (pass == RowStationaryPass{}) return;
  if (std::min({pass.e, pass.p, pass.q, pass.r, pass.t}) < 1)
    site.fail("pass {} {} {} {} {}: e, p, q, r and t are at least 1", pass.e, pass.p, pass.q,
              pass.r, pass.t);
}

bool takesAlpha(ElementOp op) {
  return op == ElementOp::LeakyRelu || op == ElementOp::Clip || op == ElementOp::HardSigmoid ||
         op == ElementOp::Swish;
}

bool takesBeta(ElementOp op) { return op == ElementOp::Clip || op == ElementOp::HardSigmoid; }

void checkStep(const Site& site, const VectorStep& step, std::size_t operands) {
  const std::string_view op = name(step.op);
  const bool binary = isBinary(step.op);
  if (!binary && step.operand != -1)
    site.fail("{} takes no operand, but has x{}", op, step.operand);
  if (!binary && step.reversed) site.fail("{} takes no operand, so it cannot be reversed", op);
  if (step.operand < -1 || step.operand >= static_cast<int>(operands))
    site.fail("{} uses operand x{}, but there are {} operands", op, step.operand, operands);
  const bool alpha = binary ? step.operand == -1 : takesAlpha(step.op);
  if (!alpha && step.alpha != 0) site.fail("{} does not use alpha: set {} to 0", op, step.alpha);
  if (!takesBeta(step.op) && step.beta != 0)
    site.fail("{} does not use beta: set {} to 0", op, step.beta);
  if (std::isnan(step.alpha) || std::isnan(step.beta)) site.fail("{} has NaN as a parameter", op);
}

void checkOperandUse(const Site& site, const VectorPass& pass) {
  std::vector<bool> used(pass.operands.size(), false);
  used.at(0) = true;
  for (const auto* steps : {&pass.pre, &pass.post}) {
    for (const VectorStep& step : *steps) {
      checkStep(site, step, pass.operands.size());
      if (step.operand >= 0) used[static_cast<std::size_t>(step.operand)] = true;
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i]) site.fail("operand x{} is used by no step: leave it out", i);
}

void checkVectorOperand(const Site& site, std::string_view role, const VectorOperand& operand,
                        const Dimensions& dims) {
  const DataType type = operand.access.type;
  const std::string fault = scalingFault(operand.scaling, type);
  if (!fault.empty()) site.fail("{}: {}", role, fault);
  checkAccess(site, role, operand.access, dims, bytesOf(type), {.mayBeBounded = true});
}

/// Operand i, read only where x0 lies inside its bounds. Bounds of its own would leave positions
/// without a value.
VectorOperand takingPart(const Site& site, const VectorPass& pass, std::size_t i) {
  VectorOperand operand = pass.operands[i];
  const std::vector<Bound>& common = pass.operands.front().access.bounds;
  for (const Bound& bound : operand.access.bounds)
    if (std::find(common.begin(), common.end(), bound) == common.end())
      site.fail("operand x{}: has a bound that x0 does not have", i);
  operand.access.bounds = common;
  return operand;
}

/// After the reduction only the dimensions that are left have positions.
void checkReduced(const Site& site, std::string_view role, const Access& access, int reduceDims) {
  const auto& strides = access.strides;
  for (std::size_t d = strides.size() - static_cast<std::size_t>(reduceDims); d < strides.size();
       ++d)
    if (strides[d] != 0)
      site.fail("{}: dimension {} is reduced, so its stride must be 0, not {}", role, d,
                strides[d]);
}

void checkReduction(const Site& site, const VectorPass& pass) {
  if (pass.reduceDims < 0 || pass.reduceDims > static_cast<int>(pass.dims.size()))
    site.fail("reduces {} of {} dimensions", pass.reduceDims, pass.dims.size());
  if (pass.reduce == ReduceOp::Mean)
    site.fail("the vector unit has no mean: reduce by sum and multiply by 1 / count");
  if (pass.reduceDims == 0 && pass.reduce != ReduceOp::Sum)
    site.fail("reduces no dimension, so the reduction must be sum (its default)");
}

}  // namespace

Interval integerRange(DataType type) {
  using Limits = std::numeric_limits<std::int32_t>;
  switch (type) {
    case DataType::Int8:
      return {-128, 127};
    case DataType::UInt8:
      return {0, 255};
    case DataType::Int16:
      return {-32768, 32767};
    case DataType::UInt16:
      return {0, 65535};
    default:
      return {Limits::min(), Limits::max()};
  }
}

std::string scalingFault(const Scaling& scaling, DataType type) {
  if (scaling == Scaling{}) return {};
  if (!isInteger(type))
    return fmt::format("{} values have no scale or zero point (scale 1, zero 0)", name(type));
  if (!std::isfinite(scaling.scale) || scaling.scale <= 0)
    return fmt::format("scale {} must be positive and finite", scaling.scale);
  const Interval values = integerRange(type);
  if (scaling.zeroPoint < values.low || scaling.zeroPoint > values.high)
    return fmt::format("zero point {} is not a value of {} ({}..{})", scaling.zeroPoint, name(type),
                       values.low, values.high);
  return {};
}

void checkStream(const Site& site, const Transfer& transfer) {
  if (transfer.coded && !transfer.streamed) site.fail("coded: only streams are");
  if (!transfer.streamed) return;
  const auto onChip = [&](const Access& access) {
    return site.program.storages[static_cast<std::size_t>(access.storage)].onChip;
  };
  if (transfer.gather.has_value() || transfer.fill.has_value())
    site.fail("streamed: a stream is neither gathered nor filled");
  if (onChip(transfer.source) && onChip(transfer.target))
    site.fail("streamed: neither side lies in a memory");
  if (transfer.coded && byteSize(transfer.source.type) != 2)
    site.fail("coded: values are {}; the code takes those of 16 bits", name(transfer.source.type));
}

/// Cores that differ in a digit share a read only where the source does not depend on it.
void checkSharers(const Site& site, const Transfer& transfer) {
  const CoreDigit& shared = transfer.sharers;
  if (shared == CoreDigit{}) return;
  if (shared.divisor < 1 || shared.count < 2 || shared.divisor > site.cores() / shared.count)
    site.fail("sharers: (c div {} % {}) is no digit of {} cores", shared.divisor, shared.count,
              site.cores());
  const std::int64_t period = shared.divisor * shared.count;
  const auto follows = [&](const LoopTerm& term) {
    return term.depth == kCoreDepth && term.divisor < period &&
           shared.divisor < term.divisor * term.modulo;
  };
  const auto& terms = transfer.source.address.terms;
  if (std::any_of(terms.begin(), terms.end(), follows))
    site.fail("sharers: the source's address depends on the digit that shares it");
}

void checkTransfer(const Site& site, const Transfer& transfer) {
  const Dimensions dims = dimensions(transfer);
  for (std::size_t d = 0; d < dims.size(); ++d)
    checkExtent(site, fmt::format("dimension {}", d), *dims[d]);
  checkExtent(site, "run", transfer.run);
  if (transfer.source.type != transfer.target.type)
    site.fail("source is {} and target is {}; a transfer converts nothing",
              name(transfer.source.type), name(transfer.target.type));
  const AccessRules rules{.mayBeBounded = true, .onChip = false};
  checkAccess(site, "target", transfer.target, dims, transfer.run, rules);

  if (transfer.fill && transfer.source == fillOnly(transfer.target, transfer.dims.size())) {
    checkFill(site, transfer);
    return;
  }
  checkIndices(site, transfer, dims);
  if (transfer.gather.has_value()) {
    checkGatheredSource(site, transfer, dims);
  } else {
    const AccessRules sourceRules{.mayBeBounded = true, .onChip = false, .mayBeEncoded = true};
    checkAccess(site, "source", transfer.source, dims, transfer.run, sourceRules);
    checkDecoded(site, transfer);
  }
  checkFill(site, transfer);
  checkStream(site, transfer);
  checkSharers(site, transfer);
}

void checkMatrix(const Site& site, const Matrix& matrix) {
  const Dimensions dims = dimensions(matrix);
  for (std::size_t d = 0; d < dims.size(); ++d) checkExtent(site, kMatrixDims[d], *dims[d]);
  checkMatrixTypes(site, matrix);
  checkZeroPoints(site, matrix);
  checkProductOperand(site, "a", matrix.a, dims, {3});
  checkProductOperand(site, "b", matrix.b, dims, {0, 1, 2});
  checkProductOperand(site, "c", matrix.c, dims, {4, 5, 6});
  if (matrix.bias.has_value())
    checkProductOperand(site, "bias", *matrix.bias, dims, {0, 1, 2, 4, 5, 6});
  if (matrix.zeroA.has_value())
    checkProductOperand(site, "zero_a", *matrix.zeroA, dims, {3, 4, 5, 6});
  if (matrix.zeroB.has_value())
    checkProductOperand(site, "zero_b", *matrix.zeroB, dims, {0, 1, 2, 4, 5, 6});
  checkAccumulation(site, matrix);
  checkPass(site, matrix.pass);
}

void checkVectorPass(const Site& site, const VectorPass& pass) {
  const Dimensions dims = dimensions(pass);
  for (std::size_t d = 0; d < dims.size(); ++d)
    checkExtent(site, fmt::format("dimension {}", d), *dims[d]);
  checkReduction(site, pass);
  if (pass.operands.empty()) site.fail("has no operand x0 to start from");
  checkOperandUse(site, pass);
  for (std::size_t i = 0; i < pass.operands.size(); ++i)
    checkVectorOperand(site, fmt::format("operand x{}", i), takingPart(site, pass, i), dims);
  checkVectorOperand(site, "out", pass.out, dims);
  checkReduced(site, "out", pass.out.access, pass.reduceDims);
  for (const VectorStep& step : pass.post)
    if (step.operand >= 0)
      checkReduced(site, fmt::format("operand x{} after the reduction", step.operand),
                   pass.operands[static_cast<std::size_t>(step.operand)].access, pass.reduceDims);
  const DataType first = pass.operands.front().access.type;
  const bool sums = first == DataType::Float32 || first == DataType::Float16 ||
                    first == DataType::Int32 || first == DataType::Int64;
  if (pass.afterArray && !sums)
    site.fail("operand x0 is {}, but accumulators behind the array hold fp32, fp16, int32 or int64",
              name(first));
}

}  // namespace npusim::isa
