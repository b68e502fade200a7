#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/memory/dram/trace_run.h"

namespace npusim::tools {

/// Reads a trace of memory requests, a line each: `cycle|- address R|W`, words apart by blanks. The
/// address is decimal or 0x and hex digits; `-` is a closed-loop request, a number an arrival in
/// memory clocks. `#` begins a comment; lines without words are skipped.
///
/// Throws BadInput with file:line:column for what is no request, or an address beyond the memory.
class TraceReader {
 public:
  static constexpr std::int64_t kLatestCycle = 1'000'000'000'000'000;

  /// `file` "-" is standard input; addresses are below `capacityBytes`.
  TraceReader(const std::string& file, std::int64_t capacityBytes);
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;
  ~TraceReader();

  /// The next request; false at the end.
  bool next(TraceRequest& request);

 private:
  bool refill();
  bool parse(std::string_view line, TraceRequest& request) const;
  std::int64_t cycle(std::string_view word, std::size_t column) const;
  std::int64_t address(std::string_view word, std::size_t column) const;
  [[noreturn]] void fail(std::size_t column, const std::string& message) const;

  std::string file_;
  int descriptor_;
  std::int64_t capacityBytes_;
  std::vector<char> block_;
  const char* cursor_;    ///< the next line
  const char* linesEnd_;  ///< of the whole lines; the last one ends in '\n'
  const char* bytesEnd_;  ///< of what was read
  bool ended_ = false;    ///< nothing more to read
  int line_ = 0;
};

}  // namespace npusim::tools
