#pragma once

#include <stdexcept>
#include <string>

namespace npusim {

/// Process exit codes; every command ends with one of these.
enum class ExitCode : int {
  Done = 0,         ///< the command did what it was asked
  CheckFailed = 1,  ///< it ran, but a check on its result failed
  BadInput = 2,     ///< a file, option or value is wrong
  NotPossible = 3,  ///< does not fit this chip, or is not supported
  OurBug = 4,       ///< npusim contradicted itself
};

/// Where in a file the user should look. Lines and columns count from 1; 0 means unknown.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;
};

/// "file:line:column: " with unknown parts left out; empty without a file.
std::string prefix(const SourceLocation& where);

/// An error that the user can act on. `what()` is the one line to print.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& line) : std::runtime_error(line), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Something the user gave is wrong: says what, and what would be right.
class BadInput : public Error {
 public:
  explicit BadInput(const std::string& line) : Error(ExitCode::BadInput, line) {}
  BadInput(const SourceLocation& where, const std::string& line)
      : Error(ExitCode::BadInput, prefix(where) + line) {}
};

/// The input is sound but this chip or this version cannot run it.
class NotPossible : public Error {
 public:
  explicit NotPossible(const std::string& line) : Error(ExitCode::NotPossible, line) {}
};

/// The run ended, but what it computed failed a check.
class CheckFailed : public Error {
 public:
  explicit CheckFailed(const std::string& line) : Error(ExitCode::CheckFailed, line) {}
};

/// Our own contradiction (exit 4): never the user's fault.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Throws InternalError with `line` unless `condition` holds.
inline void ensure(bool condition, const char* line) {
  if (!condition) throw InternalError(line);
}

}  // namespace npusim
