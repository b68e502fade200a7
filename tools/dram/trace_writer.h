#pragma once

#include <cstdio>
#include <string>

#include "sim/memory/memory_model.h"

namespace npusim::tools {

/// Writes what a memory is asked for as a closed-loop trace (trace_reader.h): a line for each 64
/// bytes that a piece touches, in order, once where neighbouring pieces share them. The file is
/// there when finish() has returned; until then a temporary one beside it holds the lines.
class TraceWriter {
 public:
  /// Throws BadInput naming the file when it cannot be written.
  explicit TraceWriter(const std::string& file);
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;
  ~TraceWriter();

  void add(Direction direction, const Piece& piece);
  void finish();

 private:
  void flush();
  [[noreturn]] void fail(int reason) const;

  std::string file_, temporary_, lines_;
  std::FILE* stream_ = nullptr;
  bool done_ = false;
  Direction lastDirection_ = Direction::Read;
  std::int64_t lastBlock_ = -1;
};

}  // namespace npusim::tools
