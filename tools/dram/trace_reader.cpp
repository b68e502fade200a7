#include "tools/dram/trace_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "sim/core/error.h"
#include "tools/units.h"

namespace npusim::tools {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kShownWord = 24;
constexpr const char* kForm = "a request is 'cycle|- address R|W'";

[[noreturn]] void failReading(const std::string& file, int reason) {
  throw BadInput(
      fmt::format("cannot read '{}' ({}), give a readable trace", file, std::strerror(reason)));
}

int openTrace(const std::string& file) {
  if (file == "-") return STDIN_FILENO;
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) failReading(file, errno);
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    failReading(file, EISDIR);
  }
  return descriptor;
}

bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

constexpr unsigned char kNoDigit = 255;
constexpr std::array<unsigned char, 256> kHexDigits = [] {
  std::array<unsigned char, 256> digits{};
  digits.fill(kNoDigit);
  for (unsigned char d = 0; d < 10; ++d) digits[static_cast<std::size_t>('0' + d)] = d;
  for (unsigned char d = 0; d < 6; ++d) {
    digits[static_cast<std::size_t>('a' + d)] = static_cast<unsigned char>(10 + d);
    digits[static_cast<std::size_t>('A' + d)] = static_cast<unsigned char>(10 + d);
  }
  return digits;
}();

/// A line scanned without a look at what is wrong: `at` is null when it is not of the usual form.
struct Scan {
  const char* at;

  void blanks() {
    while (*at == ' ' || *at == '\t') ++at;
  }
  /// At most 18 digits, which 64 bits hold; with more the value wraps, and nobody reads it.
  std::int64_t decimal() {
    const char* const begin = at;
    std::uint64_t value = 0;
    for (unsigned digit; (digit = static_cast<unsigned>(*at - '0')) < 10; ++at) {
      value = value * 10 + digit;
    }
    if (at == begin || at - begin > 18) at = nullptr;
    return static_cast<std::int64_t>(value);
  }
  std::int64_t hex() {
    const char* const begin = at;
    std::uint64_t value = 0;
    for (unsigned digit; (digit = kHexDigits[static_cast<unsigned char>(*at)]) != kNoDigit; ++at) {
      value = value * 16 + digit;
    }
    if (at == begin || at - begin > 15) at = nullptr;
    return static_cast<std::int64_t>(value);
  }
};

/// The usual line; null when parse() has to look at it. Every line ends in '\n', on which each scan
/// stops.
const char* scanLine(const char* line, TraceRequest& request) {
  Scan scan{line};
  request.arrival = TraceRequest::kClosedLoop;
  if (*scan.at == '-') {
    ++scan.at;
  } else {
    request.arrival = scan.decimal();
    if (scan.at == nullptr) return nullptr;
  }
  if (!isBlank(*scan.at)) return nullptr;
  scan.blanks();
  const bool hex = scan.at[0] == '0' && scan.at[1] == 'x';
  if (hex) scan.at += 2;
  request.address = hex ? scan.hex() : scan.decimal();
  if (scan.at == nullptr || !isBlank(*scan.at)) return nullptr;
  scan.blanks();
  if (*scan.at != 'R' && *scan.at != 'W') return nullptr;
  request.direction = *scan.at == 'R' ? Direction::Read : Direction::Write;
  if (scan.at[1] == '\r') ++scan.at;
  return scan.at[1] == '\n' ? scan.at + 2 : nullptr;
}

/// A word of a line and its column, counted from 1.
struct Word {
  std::string_view text;
  std::size_t column = 1;
};

/// The next word of `line` from `begin` on; empty at its end or a comment.
Word nextWord(std::string_view line, std::size_t begin) {
  while (begin < line.size() && isBlank(line[begin])) ++begin;
  std::size_t end = begin;
  while (end < line.size() && !isBlank(line[end]) && line[end] != '#') ++end;
  return {line.substr(begin, end - begin), begin + 1};
}

/// For a message: short, and nothing that a terminal would act on.
std::string shown(std::string_view word) {
  std::string text(word);
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return shortened(text, kShownWord);
}

bool parseNumber(std::string_view digits, int base, std::int64_t& value) {
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  return error == std::errc() && end == digits.data() + digits.size() && value >= 0 &&
         digits.front() != '-';
}

}  // namespace

TraceReader::TraceReader(const std::string& file, std::int64_t capacityBytes)
    : file_(file == "-" ? "standard input" : file),
      descriptor_(openTrace(file)),
      capacityBytes_(capacityBytes),
      block_(kBlockBytes + 1),  // and a last '\n' that the file may lack
      cursor_(block_.data()),
      linesEnd_(cursor_),
      bytesEnd_(cursor_) {}

TraceReader::~TraceReader() {
  if (descriptor_ != STDIN_FILENO) ::close(descriptor_);
}

bool TraceReader::next(TraceRequest& request) {
  for (;;) {
    if (cursor_ == linesEnd_ && !refill()) return false;
    ++line_;
    if (const char* end = scanLine(cursor_, request); end != nullptr) {
      if (request.address >= capacityBytes_ || request.arrival > kLatestCycle) {
        parse({cursor_, static_cast<std::size_t>(end - cursor_ - 1)}, request);
      }
      cursor_ = end;
      return true;
    }
    const auto* end = static_cast<const char*>(
        std::memchr(cursor_, '\n', static_cast<std::size_t>(linesEnd_ - cursor_)));
    const std::string_view line(cursor_, static_cast<std::size_t>(end - cursor_));
    cursor_ = end + 1;
    if (parse(line, request)) return true;
  }
}

/// Moves the part of a line that is left to the front and reads on, until there is a whole line.
bool TraceReader::refill() {
  char* const begin = block_.data();
  auto used = static_cast<std::size_t>(bytesEnd_ - cursor_);
  std::memmove(begin, cursor_, used);
  cursor_ = linesEnd_ = begin;
  while (linesEnd_ == begin) {
    if (used == kBlockBytes) {
      ++line_;
      fail(1, fmt::format("the line is longer than {} bytes; {}", kBlockBytes, kForm));
    }
    const ssize_t got = ended_ ? 0 : ::read(descriptor_, begin + used, kBlockBytes - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) failReading(file_, errno);
    ended_ = got == 0;
    if (ended_ && used == 0) break;
    used += static_cast<std::size_t>(got);
    if (ended_) begin[used++] = '\n';
    for (std::size_t end = used; end > 0 && linesEnd_ == begin; --end) {
      if (begin[end - 1] == '\n') linesEnd_ = begin + end;
    }
  }
  bytesEnd_ = begin + used;
  return linesEnd_ != begin;
}

/// Any line: true for a request, false for none.
bool TraceReader::parse(std::string_view line, TraceRequest& request) const {
  std::array<Word, 4> words;
  std::size_t begin = 0;
  for (Word& word : words) {
    word = nextWord(line, begin);
    begin = word.column - 1 + word.text.size();
  }
  if (words[0].text.empty()) return false;
  const char* const missing = words[1].text.empty()   ? "the address"
                              : words[2].text.empty() ? "R or W"
                                                      : nullptr;
  request.arrival = cycle(words[0].text, words[0].column);
  if (missing == nullptr || !words[1].text.empty()) {
    request.address = address(words[1].text, words[1].column);
  }
  if (missing != nullptr) fail(begin + 1, fmt::format("{}, {} is missing", kForm, missing));
  if (words[2].text != "R" && words[2].text != "W") {
    fail(words[2].column, fmt::format("'{}' must be R or W", shown(words[2].text)));
  }
  request.direction = words[2].text == "R" ? Direction::Read : Direction::Write;
  if (!words[3].text.empty()) {
    fail(words[3].column, fmt::format("unexpected '{}', {}", shown(words[3].text), kForm));
  }
  return true;
}

std::int64_t TraceReader::cycle(std::string_view word, std::size_t column) const {
  std::int64_t value = TraceRequest::kClosedLoop;
  if (word == "-") return value;
  if (!parseNumber(word, 10, value) || value > kLatestCycle) {
    fail(column, fmt::format("'{}' must be - or a cycle, a whole number up to {}", shown(word),
                             grouped(kLatestCycle)));
  }
  return value;
}

std::int64_t TraceReader::address(std::string_view word, std::size_t column) const {
  const bool hex = word.size() > 2 && word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
  std::int64_t value = 0;
  if (!parseNumber(hex ? word.substr(2) : word, hex ? 16 : 10, value)) {
    fail(column, fmt::format("'{}' must be an address, decimal or 0x and hex digits, below 2^63",
                             shown(word)));
  }
  if (value >= capacityBytes_) {
    fail(column, fmt::format("address {} is beyond the memory, which holds {}; give smaller ones "
                             "or --set capacity_mib=N",
                             shown(word), bytes(capacityBytes_)));
  }
  return value;
}

void TraceReader::fail(std::size_t column, const std::string& message) const {
  throw BadInput(SourceLocation{file_, line_, static_cast<int>(column)}, message);
}

}  // namespace npusim::tools
