#include "sim/vector/steps.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/error.h"

namespace npusim {
namespace {

template <typename T, typename Op>
[[gnu::always_inline]] inline void unary(std::int64_t lanes, T* x, Op op) {
  for (std::int64_t i = 0; i < lanes; ++i) x[i] = op(x[i]);
}

template <typename T, typename Op>
[[gnu::always_inline]] inline void binary(bool reversed, const T* y, std::int64_t lanes, T* x,
                                          Op op) {
  if (reversed) {
    for (std::int64_t i = 0; i < lanes; ++i) x[i] = op(y[i], x[i]);
  } else {
    for (std::int64_t i = 0; i < lanes; ++i) x[i] = op(x[i], y[i]);
  }
}

float unitClamp(float x) { return std::max(0.0F, std::min(1.0F, x)); }

/// Integer arithmetic is modulo 2^64.
std::uint64_t bits(std::int64_t x) { return static_cast<std::uint64_t>(x); }
std::int64_t modulo(std::uint64_t x) { return static_cast<std::int64_t>(x); }

[[gnu::noinline]] void refuseZero(std::int64_t divisor) {
  if (divisor == 0) throw CheckFailed("an integer division by zero in a vector pass");
}

std::int64_t divide(std::int64_t a, std::int64_t b) {
  refuseZero(b);
  return b == -1 ? modulo(-bits(a)) : a / b;
}

std::int64_t remainder(std::int64_t a, std::int64_t b) {
  refuseZero(b);
  return b == -1 ? 0 : a % b;
}
float remainder(float a, float b) { return std::fmod(a, b); }

/// The remainder with the divisor's sign.
template <typename T>
T floorMod(T a, T b) {
  const T rest = remainder(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

float elu(float a, float alpha) { return a < 0 ? alpha * (std::exp(a) - 1) : a; }

/// Operations that floats and integers compute alike. False for any other.
template <typename T>
bool applyCommon(const isa::VectorStep& step, const T* y, std::int64_t lanes, T* x) {
  const auto both = [&](auto op) {
    binary(step.reversed, y, lanes, x, op);
    return true;
  };
  const auto each = [&](auto op) {
    unary(lanes, x, op);
    return true;
  };
  switch (step.op) {
    case ElementOp::Max:
      return both([](T a, T b) { return std::max(a, b); });
    case ElementOp::Min:
      return both([](T a, T b) { return std::min(a, b); });
    case ElementOp::Equal:
      return both([](T a, T b) { return T(a == b); });
    case ElementOp::Less:
      return both([](T a, T b) { return T(a < b); });
    case ElementOp::LessOrEqual:
      return both([](T a, T b) { return T(a <= b); });
    case ElementOp::Greater:
      return both([](T a, T b) { return T(a > b); });
    case ElementOp::GreaterOrEqual:
      return both([](T a, T b) { return T(a >= b); });
    case ElementOp::And:
      return both([](T a, T b) { return T(a != 0 && b != 0); });
    case ElementOp::Or:
      return both([](T a, T b) { return T(a != 0 || b != 0); });
    case ElementOp::Xor:
      return both([](T a, T b) { return T((a != 0) != (b != 0)); });
    case ElementOp::Mod:
      return both([](T a, T b) { return floorMod(a, b); });
    case ElementOp::Remainder:
      return both([](T a, T b) { return remainder(a, b); });
    case ElementOp::KeepIf:
      return both([](T a, T b) { return b != 0 ? a : T(0); });
    case ElementOp::KeepUnless:
      return both([](T a, T b) { return b != 0 ? T(0) : a; });
    case ElementOp::Relu:
      return each([](T a) { return std::max(a, T(0)); });
    case ElementOp::Not:
      return each([](T a) { return T(a == 0); });
    case ElementOp::Sign:
      return each([](T a) { return a > 0 ? T(1) : a < 0 ? T(-1) : a; });
    default:
      return false;
  }
}

void applyFloat(const isa::VectorStep& step, const float* y, std::int64_t lanes, float* x) {
  const float alpha = step.alpha;
  const float beta = step.beta;
  const auto both = [&](auto op) { binary(step.reversed, y, lanes, x, op); };
  const auto each = [&](auto op) { unary(lanes, x, op); };
  switch (step.op) {
    case ElementOp::Add:
      return both([](float a, float b) { return a + b; });
    case ElementOp::Sub:
      return both([](float a, float b) { return a - b; });
    case ElementOp::Mul:
      return both([](float a, float b) { return a * b; });
    case ElementOp::Div:
      return both([](float a, float b) { return a / b; });
    case ElementOp::Pow:
      return both([](float a, float b) { return std::pow(a, b); });
    case ElementOp::PRelu:
      return both([](float a, float b) { return a < 0 ? a * b : a; });
    case ElementOp::LeakyRelu:
      return each([alpha](float a) { return a < 0 ? alpha * a : a; });
    case ElementOp::Clip:
      return each([=](float a) { return std::min(std::max(a, alpha), beta); });
    case ElementOp::Sigmoid:
      return each([](float a) { return 1 / (1 + std::exp(-a)); });
    case ElementOp::HardSigmoid:
      return each([=](float a) { return unitClamp(alpha * a + beta); });
    case ElementOp::HardSwish:
      return each([](float a) { return a * unitClamp(a / 6 + 0.5F); });
    case ElementOp::Tanh:
      return each([](float a) { return std::tanh(a); });
    case ElementOp::Exp:
      return each([](float a) { return std::exp(a); });
    case ElementOp::Log:
      return each([](float a) { return std::log(a); });
    case ElementOp::Sqrt:
      return each([](float a) { return std::sqrt(a); });
    case ElementOp::Abs:
      return each([](float a) { return std::abs(a); });
    case ElementOp::Neg:
      return each([](float a) { return -a; });
    case ElementOp::Reciprocal:
      return each([](float a) { return 1 / a; });
    case ElementOp::Erf:
      return each([](float a) { return std::erf(a); });
    case ElementOp::Floor:
      return each([](float a) { return std::floor(a); });
    case ElementOp::Ceil:
      return each([](float a) { return std::ceil(a); });
    case ElementOp::Round:
      return each([](float a) { return std::nearbyint(a); });
    case ElementOp::Square:
      return each([](float a) { return a * a; });
    case ElementOp::Elu:
      return each([alpha](float a) { return elu(a, alpha); });
    case ElementOp::Selu:
      return each([=](float a) { return beta * elu(a, alpha); });
    case ElementOp::Softplus:
      return each([](float a) { return std::max(a, 0.0F) + std::log1p(std::exp(-std::abs(a))); });
    case ElementOp::Softsign:
      return each([](float a) { return a / (1 + std::abs(a)); });
    case ElementOp::ThresholdedRelu:
      return each([alpha](float a) { return a > alpha ? a : 0.0F; });
    case ElementOp::Sin:
      return each([](float a) { return std::sin(a); });
    case ElementOp::Cos:
      return each([](float a) { return std::cos(a); });
    default:
      throw InternalError("a vector operation without a form for floats");
  }
}

/// False for an operation that integers do not have.
bool applyInteger(const isa::VectorStep& step, const std::int64_t* y, std::int64_t lanes,
                  std::int64_t* x) {
  using Wide = std::int64_t;
  const auto both = [&](auto op) {
    binary(step.reversed, y, lanes, x, op);
    return true;
  };
  const auto each = [&](auto op) {
    unary(lanes, x, op);
    return true;
  };
  switch (step.op) {
    case ElementOp::Add:
      return both([](Wide a, Wide b) { return modulo(bits(a) + bits(b)); });
    case ElementOp::Sub:
      return both([](Wide a, Wide b) { return modulo(bits(a) - bits(b)); });
    case ElementOp::Mul:
      return both([](Wide a, Wide b) { return modulo(bits(a) * bits(b)); });
    case ElementOp::Div:
      return both([](Wide a, Wide b) { return divide(a, b); });
    case ElementOp::PRelu:
      return both([](Wide a, Wide b) { return a < 0 ? modulo(bits(a) * bits(b)) : a; });
    case ElementOp::Abs:
      return each([](Wide a) { return a < 0 ? modulo(-bits(a)) : a; });
    case ElementOp::Neg:
      return each([](Wide a) { return modulo(-bits(a)); });
    case ElementOp::Floor:
    case ElementOp::Ceil:
    case ElementOp::Round:
      return true;
    case ElementOp::Square:
      return each([](Wide a) { return modulo(bits(a) * bits(a)); });
    default:
      return false;
  }
}

}  // namespace

void applyStep(const isa::VectorStep& step, const float* y, std::int64_t lanes, float* x) {
  if (!applyCommon(step, y, lanes, x)) applyFloat(step, y, lanes, x);
}

bool integersCompute(ElementOp op) {
  const isa::VectorStep step{op, -1, 0, 0, false};
  std::int64_t* const nothing = nullptr;
  return applyCommon(step, nothing, 0, nothing) || applyInteger(step, nothing, 0, nothing);
}

void applyStep(const isa::VectorStep& step, const std::int64_t* y, std::int64_t lanes,
               std::int64_t* x) {
  const bool computed = applyCommon(step, y, lanes, x) || applyInteger(step, y, lanes, x);
  ensure(computed, "an operation without an integer form");
}

void applyReduce(ReduceOp op, const float* x, std::int64_t lanes, float* sum) {
  switch (op) {
    case ReduceOp::Max:
      return binary(false, x, lanes, sum, [](float a, float b) { return std::max(a, b); });
    case ReduceOp::Min:
      return binary(false, x, lanes, sum, [](float a, float b) { return std::min(a, b); });
    default:
      return binary(false, x, lanes, sum, [](float a, float b) { return a + b; });
  }
}

void applyReduce(ReduceOp op, const std::int64_t* x, std::int64_t lanes, std::int64_t* sum) {
  using Wide = std::int64_t;
  switch (op) {
    case ReduceOp::Max:
      return binary(false, x, lanes, sum, [](Wide a, Wide b) { return std::max(a, b); });
    case ReduceOp::Min:
      return binary(false, x, lanes, sum, [](Wide a, Wide b) { return std::min(a, b); });
    default:
      return binary(false, x, lanes, sum, [](Wide a, Wide b) { return modulo(bits(a) + bits(b)); });
  }
}

template <typename T>
T reduceStart(ReduceOp op) {
  using Limits = std::numeric_limits<T>;
  const T lowest = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  const T highest = Limits::has_infinity ? Limits::infinity() : Limits::max();
  if (op == ReduceOp::Max) return lowest;
  if (op == ReduceOp::Min) return highest;
  return T{};
}

template float reduceStart(ReduceOp);
template std::int64_t reduceStart(ReduceOp);

}  // namespace npusim
