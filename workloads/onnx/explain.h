#pragma once

#include <string>

#include "sim/core/error.h"

namespace npusim::onnx_import {

/// `text` on one line: control characters, which names in a damaged file may hold, become '?'.
inline std::string printable(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) c = '?';
  }
  return text;
}

/// Runs `act` and puts "WHAT: " before the line of any error for the user that leaves it.
template <typename Act>
auto explained(const std::string& what, const Act& act) {
  try {
    return act();
  } catch (const BadInput& error) {
    throw BadInput(printable(what + ": " + error.what()));
  } catch (const NotPossible& error) {
    throw NotPossible(printable(what + ": " + error.what()));
  }
}

}  // namespace npusim::onnx_import
