#include "sim/core/error.h"

namespace npusim {

std::string prefix(const SourceLocation& where) {
  if (where.file.empty()) return {};
  std::string text = where.file + ":";
  if (where.line > 0) text += std::to_string(where.line) + ":";
  if (where.line > 0 && where.column > 0) text += std::to_string(where.column) + ":";
  return text + " ";
}

}  // namespace npusim
