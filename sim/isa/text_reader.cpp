#include "sim/isa/text_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "sim/isa/text_words.h"

namespace npusim::isa {
namespace {

template <class T>
bool fromText(std::string_view text, T& number) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

/// 12 for "i12" with letter i; -1 for anything else.
int numbered(std::string_view word, char letter) {
  int number = 0;
  if (word.size() < 2 || word.front() != letter || !fromText(word.substr(1), number)) return -1;
  return number;
}

}  // namespace

void TextReader::endLine() {
  if (lexer_.peek().kind == Token::Kind::EndOfText) return;
  if (lexer_.peek().kind != Token::Kind::EndOfLine) lexer_.failExpected("the end of the line");
  lexer_.next();
}

void TextReader::key(std::string_view word) {
  if (!optional(word)) lexer_.failExpected(fmt::format("'{}'", word));
}

bool TextReader::optional(std::string_view word, bool) {
  const bool seen = lexer_.sees(word);
  if (seen) lexer_.next();
  return seen;
}

void TextReader::version(int number) {
  const Token at = lexer_.peek();
  const std::int64_t found = integer();
  if (found != number)
    lexer_.fail(at, fmt::format("the text form is of version {}; this npusim reads version {}",
                                found, number));
}

std::size_t TextReader::oneOf(std::span<const std::string_view> words, std::string_view what) {
  for (std::size_t i = 0; i < words.size(); ++i)
    if (optional(words[i])) return i;
  lexer_.failExpected(fmt::format("{} ({})", what, fmt::join(words, ", ")));
}

std::int64_t TextReader::magnitude(bool negative) {
  std::uint64_t digits = 0;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (lexer_.peek().kind != Token::Kind::Number) lexer_.failExpected("a number");
  if (!fromText(lexer_.peek().text, digits) || digits > kMax + (negative ? 1 : 0))
    lexer_.failExpected("a whole number of at most 63 bits");
  lexer_.next();
  return static_cast<std::int64_t>(negative ? 0 - digits : digits);
}

std::int64_t TextReader::integer() { return magnitude(optional("-")); }

std::int64_t TextReader::integerIn(std::int64_t low, std::int64_t high) {
  const Token at = lexer_.peek();
  const std::int64_t number = integer();
  if (number < low || number > high)
    lexer_.fail(at, fmt::format("{} must lie in {}..{}", number, low, high));
  return number;
}

void TextReader::value(std::int32_t& number) {
  using Limits = std::numeric_limits<std::int32_t>;
  number = static_cast<std::int32_t>(integerIn(Limits::min(), Limits::max()));
}

void TextReader::value(std::uint32_t& number) {
  number = static_cast<std::uint32_t>(integerIn(0, std::numeric_limits<std::uint32_t>::max()));
}

void TextReader::value(bool& yes) {
  constexpr std::array<std::string_view, 2> kWords = {"no", "yes"};
  yes = oneOf(kWords, "an answer") == 1;
}

void TextReader::value(float& number) {
  const bool negative = optional("-");
  const Token token = lexer_.peek();
  const bool numeric = token.kind == Token::Kind::Number || token.kind == Token::Kind::Word;
  if (!numeric || !fromText(token.text, number))
    lexer_.failExpected("a number in the range of fp32");
  lexer_.next();
  if (negative) number = -number;
}

void TextReader::value(std::string& text) {
  const Token::Kind kind = lexer_.peek().kind;
  if (kind != Token::Kind::Word && kind != Token::Kind::String)
    lexer_.failExpected("a word or a text in quotes");
  text = lexer_.next().text;
}

void TextReader::value(DataType& type) {
  const auto found = parseDataType(lexer_.peek().text);
  if (!found.has_value()) lexer_.failExpected("an element type (fp32, fp16, bf16, int8, ...)");
  type = *found;
  lexer_.next();
}

void TextReader::value(ReduceOp& op) {
  const std::array<std::string_view, 4> words = {name(ReduceOp::Sum), name(ReduceOp::Mean),
                                                 name(ReduceOp::Max), name(ReduceOp::Min)};
  op = static_cast<ReduceOp>(oneOf(words, "a reduction"));
}

void TextReader::value(OperatorWork::Kind& kind) {
  kind = static_cast<OperatorWork::Kind>(oneOf(kWorkKinds, "a kind of work"));
}

void TextReader::value(WeightFormat& format) {
  std::array<std::string_view, kWeightFormatWords.size()> words;
  for (std::size_t i = 0; i < words.size(); ++i) words.at(i) = kWeightFormatWords.at(i).first;
  format = kWeightFormatWords.at(oneOf(words, "a weight format")).second;
}

void TextReader::value(Shape& shape) {
  key("[");
  if (optional("]")) return;
  list([&] { shape.push_back(integer()); });
  key("]");
}

void TextReader::value(Extent& extent) {
  if (!optional("min")) {
    extent.size = integer();
    return;
  }
  key("(");
  extent.size = integer();
  key(",");
  Affine left;
  std::vector<std::int64_t> none;
  sum(left, none, {});
  key(")");
  extent.limit = left.base;
  extent.terms = std::move(left.terms);
  for (LoopTerm& term : extent.terms)
    term.stride = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(term.stride));
}

void TextReader::value(std::vector<Extent>& extents) {
  key("[");
  if (optional("]")) return;
  list([&] { value(extents.emplace_back()); });
  key("]");
}

void TextReader::value(std::array<Extent, 3>& extents) {
  const Token at = lexer_.peek();
  std::vector<Extent> read;
  value(read);
  if (read.size() != extents.size())
    lexer_.fail(at, fmt::format("found {} extents, expected {}", read.size(), extents.size()));
  std::move(read.begin(), read.end(), extents.begin());
}

void TextReader::access(Access& access, const DimensionNames& dims) {
  storage(access.storage);
  access.strides.assign(dims.count, 0);
  key("[");
  sum(access.address, access.strides, dims);
  key("]");
  value(access.type);
  if (!optional("where")) return;
  do {
    Bound& bound = access.bounds.emplace_back();
    bound.strides.assign(dims.count, 0);
    if (integerIn(0, 0) == 0) key("<=");
    sum(bound.origin, bound.strides, dims);
    key("<");
    bound.limit = integer();
  } while (optional("and"));
}

std::int32_t TextReader::reference(const NameTable& names, std::string_view kind) {
  std::int32_t id = 0;
  if (optional("$")) {
    value(id);
    return id;
  }
  const Token at = lexer_.peek();
  std::string named;
  value(named);
  const auto found = names.find(named);
  if (!found.has_value())
    lexer_.fail(at, fmt::format("there is no single {} named '{}'; there are: {}", kind, named,
                                names.listed()));
  return *found;
}

int TextReader::loopDepth(char letter) {
  const int depth = numbered(lexer_.peek().text, letter);
  if (lexer_.peek().kind != Token::Kind::Word || depth < 0)
    lexer_.failExpected(fmt::format("a loop, {0}0 to {0}{1}", letter, kMaxLoopDepth - 1));
  lexer_.next();
  return depth;
}

void TextReader::sum(Affine& affine, std::vector<std::int64_t>& strides,
                     const DimensionNames& dims) {
  bool negative = optional("-");
  for (;;) {
    term(negative, affine, strides, dims);
    if (!lexer_.sees("+") && !lexer_.sees("-")) return;
    negative = lexer_.next().text == "-";
  }
}

void TextReader::term(bool negative, Affine& affine, std::vector<std::int64_t>& strides,
                      const DimensionNames& dims) {
  const Token at = lexer_.peek();
  if (at.kind != Token::Kind::Number) {
    variable(negative ? -1 : 1, affine, strides, dims);
    return;
  }
  const std::int64_t number = magnitude(negative);
  if (optional("*")) {
    variable(number, affine, strides, dims);
  } else if (__builtin_add_overflow(affine.base, number, &affine.base)) {
    lexer_.fail(at, "the constant part of this sum exceeds 63 bits");
  }
}

void TextReader::variable(std::int64_t factor, Affine& affine, std::vector<std::int64_t>& strides,
                          const DimensionNames& dims) {
  if (optional("(")) {
    LoopTerm rotating{.depth = kCoreDepth, .stride = factor};
    if (!optional("c")) {
      rotating.depth = loopDepth('p');
    } else if (optional("div")) {
      rotating.divisor = integer();
    }
    key("%");
    rotating.modulo = integer();
    affine.terms.push_back(rotating);
    key(")");
    return;
  }
  const auto dimension = dims.find(lexer_.peek().text);
  if (dimension.has_value() && lexer_.peek().kind == Token::Kind::Word) {
    if (strides.at(*dimension) != 0) lexer_.failExpected("each dimension at most once in a sum");
    strides.at(*dimension) = factor;
    lexer_.next();
    return;
  }
  affine.terms.push_back({.depth = loopDepth('i'), .stride = factor, .modulo = 0});
}

void TextReader::semaphores(std::vector<SemaphoreId>& ids) {
  list([&] { ids.push_back(reference(names_.semaphores, "semaphore")); });
}

void TextReader::loops(std::vector<int>& depths) {
  list([&] { depths.push_back(loopDepth('i')); });
}

void TextReader::steps(std::vector<VectorStep>& steps) {
  list([&] { step(steps.emplace_back()); });
}

/// One of a binary step's two arguments: true when it is x, else the operand or the immediate.
bool TextReader::argument(VectorStep& step) {
  if (optional("x")) return true;
  step.operand = numbered(lexer_.peek().text, 'x');
  if (step.operand >= 0) {
    lexer_.next();
  } else {
    value(step.alpha);
  }
  return false;
}

void TextReader::step(VectorStep& step) {
  const auto op = parseElementOp(lexer_.peek().text);
  if (!op.has_value()) lexer_.failExpected("an operation of the vector unit (add, relu, ...)");
  step.op = *op;
  lexer_.next();
  key("(");
  if (isBinary(step.op)) {
    step.reversed = !argument(step);
    key(",");
    if (step.reversed) {
      key("x");
    } else if (argument(step)) {
      lexer_.failExpected("an operand x0, x1, ... or a number beside x");
    }
  } else {
    key("x");
    if (optional(",")) value(step.alpha);
  }
  if (optional(",")) value(step.beta);
  key(")");
}

}  // namespace npusim::isa
