#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "workloads/graph/graph.h"

namespace npusim::passes {

class Algebra;

/// Powers of atoms, by atom; none twice.
using Monomial = std::vector<std::pair<int, double>>;

/// A real expression in normal form: a sum of monomials of atoms, each times a coefficient. So
/// 0.5 * (x * (1 + e)) and x * (e * 0.5 + 0.5) are the same. Arithmetic is of real numbers.
class Expression {
 public:
  struct Term {
    Monomial monomial;
    double coefficient = 1;
  };

  Expression(Algebra& algebra, std::vector<Term> terms)
      : algebra_(&algebra), terms_(std::move(terms)) {}

  Algebra& algebra() const { return *algebra_; }
  const std::vector<Term>& terms() const { return terms_; }
  /// Are both the same, coefficients within what exporters round them to?
  bool sameAs(const Expression& other) const;

  Expression operator+(const Expression& other) const;
  Expression operator*(const Expression& other) const;
  Expression operator-(const Expression& other) const { return *this + other * -1; }
  Expression operator/(const Expression& other) const { return *this * other.power(-1); }
  Expression operator+(double number) const;
  Expression operator*(double number) const;
  /// Small whole powers are multiplied out; of other powers, sums are atoms.
  Expression power(double exponent) const;

 private:
  Algebra* algebra_;
  std::vector<Term> terms_;
};

inline Expression operator+(double number, const Expression& x) { return x + number; }
inline Expression operator*(double number, const Expression& x) { return x * number; }

/// What an expression is made of and does not look into: a value of the network, a function of an
/// expression, its mean over dimensions (counted from the last), or a sum that stands in a power.
struct Atom {
  enum class Kind : std::uint8_t { Value, Function, Mean, Sum };
  Kind kind = Kind::Value;
  ValueId value = kNoValue;
  ElementStep function = {};
  std::vector<int> axes = {};
  std::vector<Expression> argument = {};  ///< one, but for a value
};

/// Makes expressions and tells their atoms apart.
class Algebra {
 public:
  Expression number(double number) {
    return {*this, number == 0 ? std::vector<Expression::Term>{}
                               : std::vector<Expression::Term>{{{}, number}}};
  }
  Expression value(ValueId value) { return atom({Atom::Kind::Value, value}); }
  Expression function(const ElementStep& step, const Expression& x) {
    return atom({Atom::Kind::Function, kNoValue, step, {}, {x}});
  }
  Expression mean(std::vector<int> axes, const Expression& x) {
    return atom({Atom::Kind::Mean, kNoValue, {}, std::move(axes), {x}});
  }
  Expression sum(const Expression& terms) {
    return atom({Atom::Kind::Sum, kNoValue, {}, {}, {terms}});
  }

  const Atom& operator[](int atom) const { return atoms_.at(static_cast<std::size_t>(atom)); }
  /// Has an expression grown beyond those of the forms that are looked for? It is then wrong.
  bool overflowed() const { return overflowed_; }
  void overflow() { overflowed_ = true; }

 private:
  Expression atom(Atom atom);

  std::vector<Atom> atoms_;
  bool overflowed_ = false;
};

}  // namespace npusim::passes
