#include "sim/vector/steps.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>
#include <type_traits>

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

template <std::floating_point Real>
Real unitClamp(Real x) {
  return std::max(Real{0}, std::min(Real{1}, x));
}

/// Integer arithmetic is modulo 2^64.
template <std::integral Integer>
std::uint64_t bits(Integer x) {
  return static_cast<std::uint64_t>(x);
}

template <std::integral Integer>
bool isMinusOne(Integer x) {
  return std::is_signed_v<Integer> && x == static_cast<Integer>(-1);
}

[[gnu::noinline]] void refuseZero() {
  throw CheckFailed("an integer division by zero in a vector pass");
}

template <std::integral Integer>
Integer divide(Integer a, Integer b) {
  if (b == 0) refuseZero();
  return isMinusOne(b) ? static_cast<Integer>(-bits(a)) : a / b;
}

template <std::integral Integer>
Integer remainder(Integer a, Integer b) {
  if (b == 0) refuseZero();
  return isMinusOne(b) ? 0 : a % b;
}
template <std::floating_point Real>
Real remainder(Real a, Real b) {
  return std::fmod(a, b);
}

/// The remainder with the divisor's sign.
template <typename T>
T floorMod(T a, T b) {
  const T rest = remainder(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

template <std::floating_point Real>
Real elu(Real a, Real alpha) {
  return a < 0 ? alpha * (std::exp(a) - 1) : a;
}

template <std::floating_point Real>
Real sigmoid(Real a) {
  return 1 / (1 + std::exp(-a));
}

template <std::floating_point Real>
Real gelu(Real a) {
  return Real(0.5) * a * (1 + std::erf(a / std::numbers::sqrt2_v<Real>));
}

template <std::floating_point Real>
Real geluTanh(Real a) {
  constexpr Real kInner = std::numbers::sqrt2_v<Real> * std::numbers::inv_sqrtpi_v<Real>;
  return Real(0.5) * a * (1 + std::tanh(kInner * (a + Real(0.044715) * a * a * a)));
}

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
      return each([](T a) { return a > 0 ? T(1) : a < 0 ? static_cast<T>(-1) : a; });
    default:
      return false;
  }
}

/// Functions of one real number alone. False for any other operation.
template <std::floating_point Real>
bool applyFunction(ElementOp op, std::int64_t lanes, Real* x) {
  const auto each = [&](auto function) {
    unary(lanes, x, function);
    return true;
  };
  switch (op) {
    case ElementOp::Sigmoid:
      return each([](Real a) { return sigmoid(a); });
    case ElementOp::HardSwish:
      return each([](Real a) { return a * unitClamp(a / 6 + Real(0.5)); });
    case ElementOp::Tanh:
      return each([](Real a) { return std::tanh(a); });
    case ElementOp::Exp:
      return each([](Real a) { return std::exp(a); });
    case ElementOp::Log:
      return each([](Real a) { return std::log(a); });
    case ElementOp::Sqrt:
      return each([](Real a) { return std::sqrt(a); });
    case ElementOp::Abs:
      return each([](Real a) { return std::abs(a); });
    case ElementOp::Neg:
      return each([](Real a) { return -a; });
    case ElementOp::Reciprocal:
      return each([](Real a) { return 1 / a; });
    case ElementOp::Erf:
      return each([](Real a) { return std::erf(a); });
    case ElementOp::Floor:
      return each([](Real a) { return std::floor(a); });
    case ElementOp::Ceil:
      return each([](Real a) { return std::ceil(a); });
    case ElementOp::Round:
      return each([](Real a) { return std::nearbyint(a); });
    case ElementOp::Square:
      return each([](Real a) { return a * a; });
    case ElementOp::Softplus:
      return each([](Real a) { return std::max(a, Real{0}) + std::log1p(std::exp(-std::abs(a))); });
    case ElementOp::Softsign:
      return each([](Real a) { return a / (1 + std::abs(a)); });
    case ElementOp::Sin:
      return each([](Real a) { return std::sin(a); });
    case ElementOp::Cos:
      return each([](Real a) { return std::cos(a); });
    case ElementOp::Trunc:
      return each([](Real a) { return std::trunc(a); });
    case ElementOp::Gelu:
      return each([](Real a) { return gelu(a); });
    case ElementOp::GeluTanh:
      return each([](Real a) { return geluTanh(a); });
    default:
      return false;
  }
}

template <std::floating_point Real>
void applyReal(const isa::VectorStep& step, const Real* y, std::int64_t lanes, Real* x) {
  if (applyFunction(step.op, lanes, x)) return;
  const Real alpha = step.alpha;
  const Real beta = step.beta;
  const auto both = [&](auto op) { binary(step.reversed, y, lanes, x, op); };
  const auto each = [&](auto op) { unary(lanes, x, op); };
  switch (step.op) {
    case ElementOp::Add:
      return both([](Real a, Real b) { return a + b; });
    case ElementOp::Sub:
      return both([](Real a, Real b) { return a - b; });
    case ElementOp::Mul:
      return both([](Real a, Real b) { return a * b; });
    case ElementOp::Div:
      return both([](Real a, Real b) { return a / b; });
    case ElementOp::Pow:
      return both([](Real a, Real b) { return std::pow(a, b); });
    case ElementOp::PRelu:
      return both([](Real a, Real b) { return a < 0 ? a * b : a; });
    case ElementOp::LeakyRelu:
      return each([alpha](Real a) { return a < 0 ? alpha * a : a; });
    case ElementOp::Clip:
      return each([=](Real a) { return std::min(std::max(a, alpha), beta); });
    case ElementOp::HardSigmoid:
      return each([=](Real a) { return unitClamp(alpha * a + beta); });
    case ElementOp::Elu:
      return each([alpha](Real a) { return elu(a, alpha); });
    case ElementOp::Selu:
      return each([=](Real a) { return beta * elu(a, alpha); });
    case ElementOp::ThresholdedRelu:
      return each([alpha](Real a) { return a > alpha ? a : Real{0}; });
    case ElementOp::Swish:
      return each([alpha](Real a) { return a * sigmoid(alpha * a); });
    default:
      throw InternalError("a vector operation without a form for floats");
  }
}

/// False for an operation that integers do not have.
template <std::integral Wide>
bool applyInteger(const isa::VectorStep& step, const Wide* y, std::int64_t lanes, Wide* x) {
  const auto modulo = [](std::uint64_t value) { return static_cast<Wide>(value); };
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
      return both([=](Wide a, Wide b) { return modulo(bits(a) + bits(b)); });
    case ElementOp::Sub:
      return both([=](Wide a, Wide b) { return modulo(bits(a) - bits(b)); });
    case ElementOp::Mul:
      return both([=](Wide a, Wide b) { return modulo(bits(a) * bits(b)); });
    case ElementOp::Div:
      return both([=](Wide a, Wide b) { return divide(a, b); });
    case ElementOp::PRelu:
      return both([=](Wide a, Wide b) { return a < 0 ? modulo(bits(a) * bits(b)) : a; });
    case ElementOp::Abs:
      return each([=](Wide a) { return a < 0 ? modulo(-bits(a)) : a; });
    case ElementOp::Neg:
      return each([=](Wide a) { return modulo(-bits(a)); });
    case ElementOp::Floor:
    case ElementOp::Ceil:
    case ElementOp::Round:
    case ElementOp::Trunc:
      return true;
    case ElementOp::Square:
      return each([=](Wide a) { return modulo(bits(a) * bits(a)); });
    default:
      return false;
  }
}

}  // namespace

template <typename T>
void applyStep(const isa::VectorStep& step, const T* y, std::int64_t lanes, T* x) {
  if (applyCommon(step, y, lanes, x)) return;
  if constexpr (std::is_floating_point_v<T>) {
    applyReal(step, y, lanes, x);
  } else {
    ensure(applyInteger(step, y, lanes, x), "an operation without an integer form");
  }
}

bool integersCompute(ElementOp op) {
  const isa::VectorStep step{op, -1, 0, 0, false};
  std::int64_t* const nothing = nullptr;
  return applyCommon(step, nothing, 0, nothing) || applyInteger(step, nothing, 0, nothing);
}

template <typename T>
void applyReduce(ReduceOp op, const T* x, std::int64_t lanes, T* sum) {
  switch (op) {
    case ReduceOp::Max:
      return binary(false, x, lanes, sum, [](T a, T b) { return std::max(a, b); });
    case ReduceOp::Min:
      return binary(false, x, lanes, sum, [](T a, T b) { return std::min(a, b); });
    default:
      break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    binary(false, x, lanes, sum, [](T a, T b) { return a + b; });
  } else {
    binary(false, x, lanes, sum, [](T a, T b) { return static_cast<T>(bits(a) + bits(b)); });
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

template void applyStep(const isa::VectorStep&, const float*, std::int64_t, float*);
template void applyReduce(ReduceOp, const float*, std::int64_t, float*);
template float reduceStart(ReduceOp);
template void applyStep(const isa::VectorStep&, const double*, std::int64_t, double*);
template void applyReduce(ReduceOp, const double*, std::int64_t, double*);
template double reduceStart(ReduceOp);
template void applyStep(const isa::VectorStep&, const std::int64_t*, std::int64_t, std::int64_t*);
template void applyReduce(ReduceOp, const std::int64_t*, std::int64_t, std::int64_t*);
template std::int64_t reduceStart(ReduceOp);
template void applyStep(const isa::VectorStep&, const std::uint64_t*, std::int64_t, std::uint64_t*);
template void applyReduce(ReduceOp, const std::uint64_t*, std::int64_t, std::uint64_t*);
template std::uint64_t reduceStart(ReduceOp);

}  // namespace npusim
