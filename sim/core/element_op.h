#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace npusim {

/// Scalar operations of the vector unit and of elementwise graph steps.
/// Unary: y = f(x). Binary: y = f(x, operand). `alpha` and `beta` are the parameters named below.
enum class ElementOp : std::uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Pow,
  Max,
  Min,
  Equal,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  And,  ///< of truths: not 0
  Or,
  Xor,
  Mod,         ///< with the operand's sign (Python's %)
  Remainder,   ///< with x's sign (C's fmod)
  KeepIf,      ///< operand != 0 ? x : 0
  KeepUnless,  ///< operand != 0 ? 0 : x
  PRelu,       ///< x < 0 ? x * operand : x
  Relu,
  LeakyRelu,  ///< x < 0 ? alpha * x : x
  Clip,       ///< min(max(x, alpha), beta)
  Sigmoid,
  HardSigmoid,  ///< max(0, min(1, alpha * x + beta))
  HardSwish,    ///< x * max(0, min(1, x / 6 + 0.5))
  Tanh,
  Exp,
  Log,
  Sqrt,
  Abs,
  Neg,
  Reciprocal,
  Erf,
  Floor,
  Ceil,
  Round,  ///< half to even
  Square,
  Not,              ///< 1 where x is 0, else 0
  Sign,             ///< -1, 0 or 1
  Elu,              ///< x < 0 ? alpha * (exp(x) - 1) : x
  Selu,             ///< beta * Elu
  Softplus,         ///< log(1 + exp(x))
  Softsign,         ///< x / (1 + |x|)
  ThresholdedRelu,  ///< x > alpha ? x : 0
  Sin,
  Cos,
  Trunc,     ///< toward zero
  Gelu,      ///< 0.5 * x * (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel 2016)
  GeluTanh,  ///< 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3))), that paper's other form
  Swish,     ///< x * sigmoid(alpha * x); SiLU with alpha 1
};

/// What an operation costs on hardware: each class has its own rate in the vector unit.
enum class ElementCost : std::uint8_t { Simple, Divide, Transcendental };

constexpr int kElementOpCount = static_cast<int>(ElementOp::Swish) + 1;

std::string_view name(ElementOp op);
std::optional<ElementOp> parseElementOp(std::string_view text);
bool isBinary(ElementOp op);
bool givesTruth(ElementOp op);  ///< 0 or 1
ElementCost costClass(ElementOp op);

/// Reductions of the vector unit and of graph nodes.
enum class ReduceOp : std::uint8_t { Sum, Mean, Max, Min };
std::string_view name(ReduceOp op);

}  // namespace npusim
