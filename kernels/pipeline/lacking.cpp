#include <utility>

#include "kernels/pipeline/compile.h"

namespace npusim {
namespace {

/// What is wrong with the first few, how many more there are, and the way out.
std::string line(const std::vector<Refusal>& all) {
  constexpr std::size_t kShown = 4;
  std::string text;
  for (std::size_t i = 0; i < all.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : "; ") + all[i].reason;
  }
  if (all.size() > kShown) text += "; and " + std::to_string(all.size() - kShown) + " more";
  return text + "; npusim run --fallback cpu runs " + (all.size() == 1 ? "it" : "them") +
         " on the host's CPU";
}

}  // namespace

OperatorsLacking::OperatorsLacking(std::vector<Refusal> all)
    : NotPossible(line(all)), refusals(std::move(all)) {}

}  // namespace npusim
