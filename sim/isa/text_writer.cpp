#include "sim/isa/text_writer.h"

#include <fmt/format.h>

#include <span>

#include "sim/isa/text_lexer.h"
#include "sim/isa/text_words.h"

namespace npusim::isa {
namespace {

/// Appends " + 3*i0", " - 4", "i1" ...; without a variable just the number.
void addTerm(std::string& sum, std::int64_t factor, std::string_view variable) {
  const bool negative = factor < 0;
  const auto bits = static_cast<std::uint64_t>(factor);
  const std::uint64_t magnitude = negative ? 0 - bits : bits;
  if (sum.empty()) {
    sum += negative ? "-" : "";
  } else {
    sum += negative ? " - " : " + ";
  }
  if (variable.empty()) {
    sum += fmt::format("{}", magnitude);
  } else {
    sum += magnitude == 1 ? std::string(variable) : fmt::format("{}*{}", magnitude, variable);
  }
}

std::string variable(const LoopTerm& term) {
  if (term.depth == kCoreDepth && term.divisor == 1) return fmt::format("(c % {})", term.modulo);
  if (term.depth == kCoreDepth) return fmt::format("(c div {} % {})", term.divisor, term.modulo);
  if (term.modulo != 0) return fmt::format("(p{} % {})", term.depth, term.modulo);
  return fmt::format("i{}", term.depth);
}

std::string sumText(const Affine& affine, std::span<const std::int64_t> strides,
                    const DimensionNames& dims) {
  std::string sum;
  if (affine.base != 0) addTerm(sum, affine.base, "");
  for (const LoopTerm& term : affine.terms) addTerm(sum, term.stride, variable(term));
  for (std::size_t d = 0; d < strides.size(); ++d)
    if (strides[d] != 0) addTerm(sum, strides[d], dims.at(d));
  return sum.empty() ? "0" : sum;
}

std::string extentText(const Extent& extent) {
  if (extent.limit == 0 && extent.terms.empty()) return fmt::format("{}", extent.size);
  Affine left{extent.limit, extent.terms};
  for (LoopTerm& term : left.terms)
    term.stride = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(term.stride));
  return fmt::format("min({}, {})", extent.size, sumText(left, {}, {}));
}

/// "a, b, c" of what `show` makes of each item.
template <class Items, class Show>
std::string joined(const Items& items, const Show& show) {
  std::string list;
  bool first = true;
  for (const auto& item : items) {
    if (!first) list += ", ";
    first = false;
    list += show(item);
  }
  return list;
}

std::string extentsText(std::span<const Extent> extents) {
  return fmt::format("[{}]", joined(extents, extentText));
}

std::string stepText(const VectorStep& step) {
  const bool binary = isBinary(step.op);
  std::string arguments = "x";
  if (binary) {
    const std::string other =
        step.operand >= 0 ? fmt::format("x{}", step.operand) : fmt::format("{}", step.alpha);
    arguments = step.reversed ? other + ", x" : "x, " + other;
  } else if (step.alpha != 0 || step.beta != 0) {
    arguments += fmt::format(", {}", step.alpha);
  }
  if (step.beta != 0) arguments += fmt::format(", {}", step.beta);
  return fmt::format("{}({})", name(step.op), arguments);
}

}  // namespace

void TextWriter::key(std::string_view word) {
  if (!out_.empty() && out_.back() != '\n' && out_.back() != ' ') out_ += ' ';
  out_ += word;
}

bool TextWriter::optional(std::string_view word, bool present) {
  if (present) key(word);
  return present;
}

void TextWriter::value(std::int64_t number) { key(fmt::format("{}", number)); }
void TextWriter::value(float number) { key(fmt::format("{}", number)); }
void TextWriter::value(const std::string& text) { key(isPlainWord(text) ? text : quoted(text)); }
void TextWriter::value(OperatorWork::Kind kind) { key(workKindName(kind)); }
void TextWriter::value(const Extent& extent) { key(extentText(extent)); }
void TextWriter::value(const std::vector<Extent>& extents) { key(extentsText(extents)); }
void TextWriter::value(const std::array<Extent, 3>& extents) { key(extentsText(extents)); }

void TextWriter::value(const Shape& shape) {
  key(fmt::format("[{}]", joined(shape, [](std::int64_t n) { return fmt::format("{}", n); })));
}

void TextWriter::access(const Access& access, const DimensionNames& dims) {
  key(fmt::format("{}[{}] {}", names_.storages.reference(access.storage),
                  sumText(access.address, access.strides, dims), name(access.type)));
  for (const Bound& bound : access.bounds) {
    key(&bound == &access.bounds.front() ? "where" : "and");
    key(fmt::format("0 <= {} < {}", sumText(bound.origin, bound.strides, dims), bound.limit));
  }
}

void TextWriter::semaphores(const std::vector<SemaphoreId>& ids) {
  key(joined(ids, [this](SemaphoreId id) { return names_.semaphores.reference(id); }));
}

void TextWriter::loops(const std::vector<int>& depths) {
  key(joined(depths, [](int depth) { return fmt::format("i{}", depth); }));
}

void TextWriter::steps(const std::vector<VectorStep>& steps) { key(joined(steps, stepText)); }

}  // namespace npusim::isa
