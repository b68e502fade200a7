#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <numbers>
#include <type_traits>

#include "workloads/evaluate/indexing.h"
#include "workloads/evaluate/operations.h"

namespace npusim {
namespace {

template <std::floating_point Real>
Real remainder(Real x, Real y) {
  return std::fmod(x, y);
}

template <std::floating_point Real>
Real elu(Real x, Real alpha) {
  return x < 0 ? alpha * (std::exp(x) - 1) : x;
}

template <std::floating_point Real>
Real gelu(Real x) {
  return Real(0.5) * x * (Real{1} + std::erf(x / std::numbers::sqrt2_v<Real>));
}

template <std::floating_point Real>
Real geluTanh(Real x) {
  constexpr Real kInner = std::numbers::sqrt2_v<Real> * std::numbers::inv_sqrtpi_v<Real>;
  const Real inner = kInner * (x + Real(0.044715) * x * x * x);
  return Real(0.5) * x * (Real{1} + std::tanh(inner));
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

template <std::integral Integer>
Integer divide(Integer x, Integer y) {
  if (y == 0) throw BadInput("integer division by zero; give a divisor other than 0");
  return isMinusOne(y) ? static_cast<Integer>(-bits(x)) : x / y;
}

template <std::integral Integer>
Integer remainder(Integer x, Integer y) {
  if (y == 0) throw BadInput("integer division by zero; give a divisor other than 0");
  return isMinusOne(y) ? 0 : x % y;
}

template <typename T>
T floorMod(T x, T y) {
  const T rest = remainder(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

template <std::integral Integer>
Integer power(Integer x, Integer exponent) {
  if constexpr (std::is_signed_v<Integer>) {
    if (exponent < 0)
      return x == 1 ? 1 : x == -1 ? (exponent % 2 == 0 ? 1 : -1) : divide(1L, x * x);
  }
  std::uint64_t result = 1, square = bits(x);
  for (; exponent > 0; exponent /= 2, square *= square) {
    if (exponent % 2 == 1) result *= square;
  }
  return static_cast<Integer>(result);
}

template <std::integral Integer>
Integer clip(Integer x, float least, float most) {
  const double real = static_cast<double>(x);
  if (real < static_cast<double>(least)) return static_cast<Integer>(std::ceil(least));
  if (real > static_cast<double>(most)) return static_cast<Integer>(std::floor(most));
  return x;
}

/// Operations that reals and integers compute alike.
template <typename T>
T commonValue(ElementOp op, T x, T y) {
  switch (op) {
    case ElementOp::Max:
      return std::max(x, y);
    case ElementOp::Min:
      return std::min(x, y);
    case ElementOp::Equal:
      return x == y ? T{1} : T{0};
    case ElementOp::Less:
      return x < y ? T{1} : T{0};
    case ElementOp::LessOrEqual:
      return x <= y ? T{1} : T{0};
    case ElementOp::Greater:
      return x > y ? T{1} : T{0};
    case ElementOp::GreaterOrEqual:
      return x >= y ? T{1} : T{0};
    case ElementOp::And:
      return x != 0 && y != 0 ? T{1} : T{0};
    case ElementOp::Or:
      return x != 0 || y != 0 ? T{1} : T{0};
    case ElementOp::Xor:
      return (x != 0) != (y != 0) ? T{1} : T{0};
    case ElementOp::Mod:
      return floorMod(x, y);
    case ElementOp::Remainder:
      return remainder(x, y);
    case ElementOp::KeepIf:
      return y != 0 ? x : T{0};
    case ElementOp::KeepUnless:
      return y != 0 ? T{0} : x;
    case ElementOp::Relu:
      return std::max(x, T{0});
    case ElementOp::Not:
      return x == 0 ? T{1} : T{0};
    case ElementOp::Sign:
      return x > 0 ? T{1} : x < 0 ? static_cast<T>(-1) : x;
    default:
      throw BadInput(std::string(name(op)) +
                     " is not defined for integers; cast its input to a float type");
  }
}

/// Functions of one real number alone.
template <std::floating_point Real>
Real functionValue(ElementOp op, Real x, Real y) {
  switch (op) {
    case ElementOp::Sigmoid:
      return Real{1} / (Real{1} + std::exp(-x));
    case ElementOp::HardSwish:
      return x * std::max(Real{0}, std::min(Real{1}, x / Real{6} + Real(0.5)));
    case ElementOp::Tanh:
      return std::tanh(x);
    case ElementOp::Exp:
      return std::exp(x);
    case ElementOp::Log:
      return std::log(x);
    case ElementOp::Sqrt:
      return std::sqrt(x);
    case ElementOp::Abs:
      return std::abs(x);
    case ElementOp::Neg:
      return -x;
    case ElementOp::Reciprocal:
      return Real{1} / x;
    case ElementOp::Erf:
      return std::erf(x);
    case ElementOp::Floor:
      return std::floor(x);
    case ElementOp::Ceil:
      return std::ceil(x);
    case ElementOp::Round:
      return std::nearbyint(x);
    case ElementOp::Square:
      return x * x;
    case ElementOp::Softplus:
      return std::max(x, Real{0}) + std::log1p(std::exp(-std::abs(x)));
    case ElementOp::Softsign:
      return x / (Real{1} + std::abs(x));
    case ElementOp::Sin:
      return std::sin(x);
    case ElementOp::Cos:
      return std::cos(x);
    case ElementOp::Trunc:
      return std::trunc(x);
    case ElementOp::Gelu:
      return gelu(x);
    case ElementOp::GeluTanh:
      return geluTanh(x);
    default:
      return commonValue(op, x, y);
  }
}

template <std::floating_point Real>
Real stepValue(const ElementStep& step, Real x, Real y) {
  const Real alpha = step.alpha, beta = step.beta;
  switch (step.op) {
    case ElementOp::Add:
      return x + y;
    case ElementOp::Sub:
      return x - y;
    case ElementOp::Mul:
      return x * y;
    case ElementOp::Div:
      return x / y;
    case ElementOp::Pow:
      return std::pow(x, y);
    case ElementOp::PRelu:
      return x < 0 ? x * y : x;
    case ElementOp::LeakyRelu:
      return x < 0 ? alpha * x : x;
    case ElementOp::Clip:
      return std::min(std::max(x, alpha), beta);
    case ElementOp::HardSigmoid:
      return std::max(Real{0}, std::min(Real{1}, alpha * x + beta));
    case ElementOp::Elu:
      return elu(x, alpha);
    case ElementOp::Selu:
      return beta * elu(x, alpha);
    case ElementOp::ThresholdedRelu:
      return x > alpha ? x : Real{0};
    case ElementOp::Swish:
      return x * (Real{1} / (Real{1} + std::exp(-(alpha * x))));
    default:
      return functionValue(step.op, x, y);
  }
}

template <std::integral Integer>
Integer stepValue(const ElementStep& step, Integer x, Integer y) {
  const auto modulo = [](std::uint64_t value) { return static_cast<Integer>(value); };
  switch (step.op) {
    case ElementOp::Add:
      return modulo(bits(x) + bits(y));
    case ElementOp::Sub:
      return modulo(bits(x) - bits(y));
    case ElementOp::Mul:
      return modulo(bits(x) * bits(y));
    case ElementOp::Div:
      return divide(x, y);
    case ElementOp::Pow:
      return power(x, y);
    case ElementOp::PRelu:
      return x < 0 ? modulo(bits(x) * bits(y)) : x;
    case ElementOp::Clip:
      return clip(x, step.alpha, step.beta);
    case ElementOp::Abs:
      return x < 0 ? modulo(-bits(x)) : x;
    case ElementOp::Neg:
      return modulo(-bits(x));
    case ElementOp::Floor:
    case ElementOp::Ceil:
    case ElementOp::Round:
    case ElementOp::Trunc:
      return x;
    case ElementOp::Square:
      return modulo(bits(x) * bits(x));
    default:
      return commonValue(step.op, x, y);
  }
}

}  // namespace

template <typename T>
Array<T> broadcastTo(Array<T> x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Array<T> y(shape);
  T* out = y.own();
  auto copy = [&](std::int64_t offset) { *out++ = x.data()[offset]; };
  forEachOffset(shape, broadcastStrides(x.shape(), shape), copy);
  return y;
}

template <typename T>
Array<T> applyStep(const ElementStep& step, Array<T> x, const Array<T>* operand) {
  ensure(isBinary(step.op) == (operand != nullptr), "evaluate: operand of a step");
  T* values = x.own();
  if (operand == nullptr) {
    for (std::int64_t i = 0; i < x.size(); ++i) values[i] = stepValue(step, values[i], T{0});
    return x;
  }
  auto combine = [&](std::int64_t offset) {
    const T y = operand->data()[offset];
    *values = step.reversed ? stepValue(step, y, *values) : stepValue(step, *values, y);
    ++values;
  };
  forEachOffset(x.shape(), broadcastStrides(operand->shape(), x.shape()), combine);
  return x;
}

template Array<float> broadcastTo(Array<float>, const Shape&);
template Array<float> applyStep(const ElementStep&, Array<float>, const Array<float>*);
template Array<double> broadcastTo(Array<double>, const Shape&);
template Array<double> applyStep(const ElementStep&, Array<double>, const Array<double>*);
template Array<std::int64_t> broadcastTo(Array<std::int64_t>, const Shape&);
template Array<std::int64_t> applyStep(const ElementStep&, Array<std::int64_t>,
                                       const Array<std::int64_t>*);
template Array<std::uint64_t> broadcastTo(Array<std::uint64_t>, const Shape&);
template Array<std::uint64_t> applyStep(const ElementStep&, Array<std::uint64_t>,
                                        const Array<std::uint64_t>*);

}  // namespace npusim
