#include "kernels/pipeline/recognize_algebra.h"

#include <algorithm>
#include <cmath>

namespace npusim::passes {
namespace {

constexpr std::size_t kMostTerms = 16;  ///< more than any form that is looked for has
constexpr double kMostMultiplied = 3;   ///< power that is multiplied out

/// Exporters write constants with six digits or more.
bool near(double a, double b) {
  constexpr double kRelative = 1e-5;
  return std::abs(a - b) <= kRelative * std::max(std::abs(a), std::abs(b));
}

bool isWhole(double x) { return x == std::nearbyint(x); }

bool same(const Monomial& a, const Monomial& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && near(x.second, y.second);
  });
}

Monomial multiplied(const Monomial& a, const Monomial& b) {
  Monomial result = a;
  for (const auto& [atom, exponent] : b) {
    const auto at = std::ranges::lower_bound(result, atom, {}, &std::pair<int, double>::first);
    if (at == result.end() || at->first != atom) {
      result.insert(at, {atom, exponent});
    } else if (near(at->second, -exponent)) {
      result.erase(at);
    } else {
      at->second += exponent;
    }
  }
  return result;
}

/// Adds a term where the sum has it already, or at the end.
void add(std::vector<Expression::Term>& terms, const Expression::Term& term) {
  const auto at = std::ranges::find_if(
      terms, [&](const auto& known) { return same(known.monomial, term.monomial); });
  if (at == terms.end()) {
    terms.push_back(term);
  } else if (near(at->coefficient, -term.coefficient)) {
    terms.erase(at);
  } else {
    at->coefficient += term.coefficient;
  }
}

/// Is (a b)^exponent = a^exponent b^exponent? The root of an even power is an absolute value.
bool distributes(const Expression::Term& term, double exponent) {
  if (isWhole(exponent)) return true;
  return term.coefficient > 0 && std::ranges::all_of(term.monomial, [](const auto& factor) {
           return !isWhole(factor.second / 2);
         });
}

bool same(const Atom& a, const Atom& b) {
  return a.kind == b.kind && a.value == b.value && a.function.op == b.function.op &&
         near(a.function.alpha, b.function.alpha) && near(a.function.beta, b.function.beta) &&
         a.axes == b.axes &&
         std::ranges::equal(a.argument, b.argument,
                            [](const auto& x, const auto& y) { return x.sameAs(y); });
}

}  // namespace

bool Expression::sameAs(const Expression& other) const {
  if (terms_.size() != other.terms_.size()) return false;
  return std::ranges::all_of(terms_, [&](const Term& term) {
    return std::ranges::any_of(other.terms_, [&](const Term& known) {
      return same(term.monomial, known.monomial) && near(term.coefficient, known.coefficient);
    });
  });
}

Expression Expression::operator+(const Expression& other) const {
  Expression result = *this;
  for (const Term& term : other.terms_) add(result.terms_, term);
  if (result.terms_.size() > kMostTerms) algebra_->overflow();
  return result;
}

Expression Expression::operator*(const Expression& other) const {
  Expression result(*algebra_, {});
  if (terms_.size() * other.terms_.size() > kMostTerms) {
    algebra_->overflow();
    return result;
  }
  for (const Term& a : terms_) {
    for (const Term& b : other.terms_) {
      add(result.terms_, {multiplied(a.monomial, b.monomial), a.coefficient * b.coefficient});
    }
  }
  return result;
}

Expression Expression::operator+(double number) const { return *this + algebra_->number(number); }
Expression Expression::operator*(double number) const { return *this * algebra_->number(number); }

Expression Expression::power(double exponent) const {
  if (isWhole(exponent) && exponent >= 1 && exponent <= kMostMultiplied) {
    return exponent == 1 ? *this : *this * power(exponent - 1);
  }
  if (terms_.size() != 1 || !distributes(terms_[0], exponent)) {
    Expression whole = algebra_->sum(*this);
    whole.terms_[0].monomial[0].second = exponent;
    return whole;
  }
  Expression result = *this;
  Term& term = result.terms_[0];
  term.coefficient = std::pow(term.coefficient, exponent);
  for (auto& factor : term.monomial) factor.second *= exponent;
  return result;
}

Expression Algebra::atom(Atom atom) {
  const auto known =
      std::ranges::find_if(atoms_, [&](const Atom& other) { return same(other, atom); });
  const auto index = static_cast<int>(known - atoms_.begin());
  if (known == atoms_.end()) atoms_.push_back(std::move(atom));
  return {*this, {{{{index, 1.0}}, 1}}};
}

}  // namespace npusim::passes
