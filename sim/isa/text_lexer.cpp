#include "sim/isa/text_lexer.h"

#include <fmt/format.h>

#include "sim/core/yaml_tree.h"

namespace npusim::isa {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool isWordStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool isWordPart(char c) { return isWordStart(c) || isDigit(c) || c == '.'; }

std::size_t wordLength(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && isWordPart(text[length])) ++length;
  return length;
}

std::size_t digits(std::string_view text, std::size_t from) {
  while (from < text.size() && isDigit(text[from])) ++from;
  return from;
}

/// Length of digits [. digits] [e [+-] digits].
std::size_t numberLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return i < text.size() ? text[i] : '\0'; };
  std::size_t end = digits(text, 0);
  if (at(end) == '.') end = digits(text, end + 1);
  if (at(end) == 'e') {
    const std::size_t sign = at(end + 1) == '+' || at(end + 1) == '-' ? 1 : 0;
    if (isDigit(at(end + 1 + sign))) end = digits(text, end + 1 + sign);
  }
  return end;
}

/// Value of a lower-case hexadecimal digit, or -1.
int hexValue(char c) {
  if (isDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string shown(const Token& token) {
  switch (token.kind) {
    case Token::Kind::EndOfLine:
      return "the end of the line";
    case Token::Kind::EndOfText:
      return "the end of the text";
    case Token::Kind::QuotedLine:
      return "a quoted line";
    case Token::Kind::String:
      return quoted(token.text);
    default:
      return fmt::format("'{}'", token.text);
  }
}

}  // namespace

bool isPlainWord(std::string_view text) {
  return !text.empty() && isWordStart(text.front()) && wordLength(text) == text.size();
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += fmt::format("\\{}", c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

TextLexer::TextLexer(std::string_view text, std::string fileName)
    : text_(text), fileName_(std::move(fileName)) {
  advance();
  if (token_.kind == Token::Kind::EndOfLine) advance();
}

Token TextLexer::next() {
  Token token = std::move(token_);
  advance();
  return token;
}

bool TextLexer::sees(std::string_view text) const {
  return (token_.kind == Token::Kind::Word || token_.kind == Token::Kind::Symbol) &&
         token_.text == text;
}

void TextLexer::failExpected(std::string_view expected) const {
  fail(token_, fmt::format("found {}, expected {}", shown(token_), expected));
}

void TextLexer::fail(const Token& token, const std::string& what) const {
  throw BadInput({fileName_, token.line, token.column}, oneLine(what));
}

char TextLexer::at(std::size_t offset) const {
  return position_ + offset < text_.size() ? text_[position_ + offset] : '\0';
}

void TextLexer::skipBlanks() {
  while (at(0) == ' ' || at(0) == '\t' || at(0) == '\r') ++position_;
  if (at(0) == '#')
    while (position_ < text_.size() && at(0) != '\n') ++position_;
}

void TextLexer::take(Token::Kind kind, std::size_t length) {
  token_.kind = kind;
  token_.text = text_.substr(position_, length);
  position_ += token_.text.size();
}

void TextLexer::advance() {
  skipBlanks();
  token_ = Token{Token::Kind::EndOfText, "", line_, static_cast<int>(position_ - lineStart_) + 1};
  if (position_ == text_.size()) return;
  const std::string_view rest = text_.substr(position_);
  const char c = rest.front();
  if (c == '\n') {
    token_.kind = Token::Kind::EndOfLine;
    for (; at(0) == '\n'; skipBlanks()) {
      ++line_;
      lineStart_ = ++position_;
    }
  } else if (isWordStart(c)) {
    take(Token::Kind::Word, wordLength(rest));
  } else if (isDigit(c)) {
    take(Token::Kind::Number, numberLength(rest));
  } else if (c == '"') {
    lexString();
  } else if (c == '|') {
    ++position_;
    if (at(0) == ' ') ++position_;
    take(Token::Kind::QuotedLine, text_.substr(position_).find('\n'));
  } else if (rest.starts_with("<=")) {
    take(Token::Kind::Symbol, 2);
  } else if (std::string_view("[]()+-*%,<$").find(c) != std::string_view::npos) {
    take(Token::Kind::Symbol, 1);
  } else {
    fail(token_, fmt::format("character {} has no meaning here", quoted(rest.substr(0, 1))));
  }
}

void TextLexer::lexString() {
  token_.kind = Token::Kind::String;
  ++position_;
  while (at(0) != '"') {
    if (position_ >= text_.size() || at(0) == '\n')
      fail(token_, "this text has no closing quote on its line");
    if (at(0) == '\\') {
      lexEscape();
    } else {
      token_.text += text_[position_++];
    }
  }
  ++position_;
}

void TextLexer::lexEscape() {
  const char code = at(1);
  position_ += 2;
  if (code == 'n') {
    token_.text += '\n';
  } else if (code == 't') {
    token_.text += '\t';
  } else if (code == '"' || code == '\\') {
    token_.text += code;
  } else if (code == 'x' && hexValue(at(0)) >= 0 && hexValue(at(1)) >= 0) {
    token_.text += static_cast<char>(hexValue(at(0)) * 16 + hexValue(at(1)));
    position_ += 2;
  } else {
    fail(token_, "a backslash must begin one of \\n \\t \\\" \\\\ or \\xHH (lower case)");
  }
}

}  // namespace npusim::isa
