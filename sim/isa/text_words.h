#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "sim/isa/program.h"

namespace npusim::isa {

/// Word of the text form for a kind of work, in the order of OperatorWork::Kind.
constexpr std::array<std::string_view, 4> kWorkKinds = {"matrix", "convolution", "vector",
                                                        "movement"};
constexpr std::string_view workKindName(OperatorWork::Kind kind) {
  return kWorkKinds.at(static_cast<std::size_t>(kind));
}

}  // namespace npusim::isa
