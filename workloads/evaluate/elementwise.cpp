#include <algorithm>
#include <cmath>
#include <limits>

#include "workloads/evaluate/indexing.h"
#include "workloads/evaluate/operations.h"

namespace npusim {
namespace {

float floorMod(float x, float y) {
  const float rest = std::fmod(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

float elu(float x, float alpha) { return x < 0 ? alpha * (std::exp(x) - 1.0f) : x; }

float stepValue(const ElementStep& step, float x, float y) {
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
    case ElementOp::Max:
      return std::max(x, y);
    case ElementOp::Min:
      return std::min(x, y);
    case ElementOp::Equal:
      return x == y ? 1.0f : 0.0f;
    case ElementOp::Less:
      return x < y ? 1.0f : 0.0f;
    case ElementOp::LessOrEqual:
      return x <= y ? 1.0f : 0.0f;
    case ElementOp::Greater:
      return x > y ? 1.0f : 0.0f;
    case ElementOp::GreaterOrEqual:
      return x >= y ? 1.0f : 0.0f;
    case ElementOp::And:
      return x != 0 && y != 0 ? 1.0f : 0.0f;
    case ElementOp::Or:
      return x != 0 || y != 0 ? 1.0f : 0.0f;
    case ElementOp::Xor:
      return (x != 0) != (y != 0) ? 1.0f : 0.0f;
    case ElementOp::Mod:
      return floorMod(x, y);
    case ElementOp::Remainder:
      return std::fmod(x, y);
    case ElementOp::KeepIf:
      return y != 0 ? x : 0.0f;
    case ElementOp::KeepUnless:
      return y != 0 ? 0.0f : x;
    case ElementOp::PRelu:
      return x < 0 ? x * y : x;
    case ElementOp::Relu:
      return std::max(x, 0.0f);
    case ElementOp::LeakyRelu:
      return x < 0 ? step.alpha * x : x;
    case ElementOp::Clip:
      return std::min(std::max(x, step.alpha), step.beta);
    case ElementOp::Sigmoid:
      return 1.0f / (1.0f + std::exp(-x));
    case ElementOp::HardSigmoid:
      return std::max(0.0f, std::min(1.0f, step.alpha * x + step.beta));
    case ElementOp::HardSwish:
      return x * std::max(0.0f, std::min(1.0f, x / 6.0f + 0.5f));
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
      return 1.0f / x;
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
    case ElementOp::Not:
      return x == 0 ? 1.0f : 0.0f;
    case ElementOp::Sign:
      return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
    case ElementOp::Elu:
      return elu(x, step.alpha);
    case ElementOp::Selu:
      return step.beta * elu(x, step.alpha);
    case ElementOp::Softplus:
      return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x)));
    case ElementOp::Softsign:
      return x / (1.0f + std::abs(x));
    case ElementOp::ThresholdedRelu:
      return x > step.alpha ? x : 0.0f;
    case ElementOp::Sin:
      return std::sin(x);
    case ElementOp::Cos:
      return std::cos(x);
  }
  throw InternalError("evaluate: unknown element operation");
}

/// Arithmetic modulo 2^64 on two's complement.
std::int64_t modulo(std::uint64_t bits) { return static_cast<std::int64_t>(bits); }
std::uint64_t bits(std::int64_t x) { return static_cast<std::uint64_t>(x); }

std::int64_t divide(std::int64_t x, std::int64_t y) {
  if (y == 0) throw BadInput("integer division by zero; give a divisor other than 0");
  return y == -1 ? modulo(-bits(x)) : x / y;
}

std::int64_t remainder(std::int64_t x, std::int64_t y) {
  if (y == 0) throw BadInput("integer division by zero; give a divisor other than 0");
  return y == -1 ? 0 : x % y;
}

std::int64_t floorMod(std::int64_t x, std::int64_t y) {
  const std::int64_t rest = remainder(x, y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

std::int64_t power(std::int64_t x, std::int64_t exponent) {
  if (exponent < 0) return x == 1 ? 1 : x == -1 ? (exponent % 2 == 0 ? 1 : -1) : divide(1, x * x);
  std::uint64_t result = 1, square = bits(x);
  for (; exponent > 0; exponent /= 2, square *= square) {
    if (exponent % 2 == 1) result *= square;
  }
  return modulo(result);
}

std::int64_t clip(std::int64_t x, float least, float most) {
  const double real = static_cast<double>(x);
  if (real < static_cast<double>(least)) return static_cast<std::int64_t>(std::ceil(least));
  if (real > static_cast<double>(most)) return static_cast<std::int64_t>(std::floor(most));
  return x;
}

std::int64_t stepValue(const ElementStep& step, std::int64_t x, std::int64_t y) {
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
    case ElementOp::Max:
      return std::max(x, y);
    case ElementOp::Min:
      return std::min(x, y);
    case ElementOp::Equal:
      return x == y ? 1 : 0;
    case ElementOp::Less:
      return x < y ? 1 : 0;
    case ElementOp::LessOrEqual:
      return x <= y ? 1 : 0;
    case ElementOp::Greater:
      return x > y ? 1 : 0;
    case ElementOp::GreaterOrEqual:
      return x >= y ? 1 : 0;
    case ElementOp::And:
      return x != 0 && y != 0 ? 1 : 0;
    case ElementOp::Or:
      return x != 0 || y != 0 ? 1 : 0;
    case ElementOp::Xor:
      return (x != 0) != (y != 0) ? 1 : 0;
    case ElementOp::Mod:
      return floorMod(x, y);
    case ElementOp::Remainder:
      return remainder(x, y);
    case ElementOp::KeepIf:
      return y != 0 ? x : 0;
    case ElementOp::KeepUnless:
      return y != 0 ? 0 : x;
    case ElementOp::PRelu:
      return x < 0 ? modulo(bits(x) * bits(y)) : x;
    case ElementOp::Relu:
      return std::max<std::int64_t>(x, 0);
    case ElementOp::Clip:
      return clip(x, step.alpha, step.beta);
    case ElementOp::Abs:
      return x < 0 ? modulo(-bits(x)) : x;
    case ElementOp::Neg:
      return modulo(-bits(x));
    case ElementOp::Floor:
    case ElementOp::Ceil:
    case ElementOp::Round:
      return x;
    case ElementOp::Square:
      return modulo(bits(x) * bits(x));
    case ElementOp::Not:
      return x == 0 ? 1 : 0;
    case ElementOp::Sign:
      return x > 0 ? 1 : x < 0 ? -1 : 0;
    default:
      throw BadInput(std::string(name(step.op)) +
                     " is not defined for integers; cast its input to a float type");
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
template Array<std::int64_t> broadcastTo(Array<std::int64_t>, const Shape&);
template Array<float> applyStep(const ElementStep&, Array<float>, const Array<float>*);
template Array<std::int64_t> applyStep(const ElementStep&, Array<std::int64_t>,
                                       const Array<std::int64_t>*);

}  // namespace npusim
