#include "workloads/description/expression.h"

#include <cctype>

#include "sim/core/error.h"

namespace npusim {
namespace {

using LookUp = std::function<std::int64_t(const std::string&)>;

/// Recursive descent: a sum of products of atoms.
class Parser {
 public:
  Parser(std::string_view text, const LookUp& lookUp) : text_(text), lookUp_(lookUp) {}

  std::int64_t parse() {
    const std::int64_t value = sum();
    if (peek() != '\0') fail("has something left at '" + std::string(text_.substr(at_)) + "'");
    return value;
  }

 private:
  static constexpr int kDeepest = 100;

  [[noreturn]] void fail(const std::string& what) const {
    throw BadInput("expression '" + std::string(text_) + "' " + what);
  }

  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool accept(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  std::int64_t sum() {
    std::int64_t value = product();
    while (true) {
      const bool minus = peek() == '-';
      if (!minus && peek() != '+') return value;
      ++at_;
      const std::int64_t next = product();
      const bool wraps = minus ? __builtin_sub_overflow(value, next, &value)
                               : __builtin_add_overflow(value, next, &value);
      if (wraps) fail("is too large");
    }
  }

  std::int64_t product() {
    std::int64_t value = atom();
    while (true) {
      if (accept('*')) {
        if (__builtin_mul_overflow(value, atom(), &value)) fail("is too large");
      } else if (accept('/')) {
        const std::int64_t divisor = atom();
        if (divisor <= 0) fail("divides by " + std::to_string(divisor));
        if (value % divisor != 0) {
          fail("divides " + std::to_string(value) + " by " + std::to_string(divisor) +
               ", which leaves a rest");
        }
        value /= divisor;
      } else {
        return value;
      }
    }
  }

  std::int64_t atom() {
    if (accept('(')) {
      if (++depth_ > kDeepest) fail("is nested too deeply");
      const std::int64_t value = sum();
      --depth_;
      if (!accept(')')) fail("lacks a ')'");
      return value;
    }
    if (accept('$')) return lookUp_(word([](char c) { return std::isalnum(c) != 0 || c == '_'; }));
    const std::string digits = word([](char c) { return std::isdigit(c) != 0; });
    constexpr std::size_t kMostDigits = 18;
    if (digits.empty() || digits.size() > kMostDigits) {
      fail("needs a number, a $name or '(' at '" + std::string(text_.substr(at_)) + "'");
    }
    return std::stoll(digits);
  }

  template <typename Belongs>
  std::string word(const Belongs& belongs) {
    peek();
    std::string result;
    while (at_ < text_.size() && static_cast<signed char>(text_[at_]) > 0 && belongs(text_[at_])) {
      result += text_[at_++];
    }
    return result;
  }

  std::string_view text_;
  const LookUp& lookUp_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::int64_t evaluateExpression(std::string_view text, const LookUp& lookUp) {
  return Parser(text, lookUp).parse();
}

}  // namespace npusim
