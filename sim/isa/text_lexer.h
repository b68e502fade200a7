#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sim/core/error.h"

namespace npusim::isa {

/// Piece of a program's text form.
struct Token {
  enum class Kind : std::uint8_t {
    Word,        ///< letter or _, then letters, digits, _ and .
    Number,      ///< unsigned: 12, 0.5, 1e-05
    String,      ///< "..." with \" \\ \n \t \xHH; `text` is what it stands for
    Symbol,      ///< one of []()+-*%,<$ or <=
    QuotedLine,  ///< | and the rest of the line
    EndOfLine,   ///< one for any number of empty or commented (#) lines
    EndOfText,
  };
  Kind kind = Kind::EndOfText;
  std::string text;
  int line = 1, column = 1;
};

/// Cuts text into tokens, one ahead.
class TextLexer {
 public:
  TextLexer(std::string_view text, std::string fileName);

  const Token& peek() const { return token_; }
  Token next();
  /// True when the next token is this word or symbol.
  bool sees(std::string_view text) const;

  /// Throws BadInput at the next token: "found X, expected `expected`".
  [[noreturn]] void failExpected(std::string_view expected) const;
  /// Throws BadInput at `token`.
  [[noreturn]] void fail(const Token& token, const std::string& what) const;

 private:
  void advance();
  void skipBlanks();
  void lexString();
  void lexEscape();
  /// Makes the next `length` characters, or all that are left, the token.
  void take(Token::Kind kind, std::size_t length);
  char at(std::size_t offset) const;

  std::string_view text_;
  std::string fileName_;
  std::size_t position_ = 0, lineStart_ = 0;
  int line_ = 1;
  Token token_;
};

/// True when `text` is a Word token.
bool isPlainWord(std::string_view text);
/// `text` as a String token.
std::string quoted(std::string_view text);

}  // namespace npusim::isa
