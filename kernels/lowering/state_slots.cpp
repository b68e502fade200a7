#include "kernels/lowering/lowering.h"
#include "sim/core/error.h"

namespace npusim::lowering {

using plan::PassStride;
using plan::View;

View Lowering::stateSlot(const View& state, bool next) {
  View slot = state;
  PassStride& pass = slot.passes.back();
  if (!next) return slot;
  slot.offset += pass.bytes;
  pass.bytes = -pass.bytes;
  return slot;
}

std::optional<PassStride> Lowering::aroundLoop(PassStride pass) const {
  ensure(pass.modulo == 0 || pass.modulo == 2, "a state lies in one of two slots");
  if (pass.modulo == 0 || pass.passes == 1 || pass.passes % 2 == 0) return std::nullopt;
  do {
    pass.repeat = plan_.repeats[static_cast<std::size_t>(pass.repeat)].parent;
    if (pass.repeat < 0) return std::nullopt;
    pass.passes = plan_.repeats[static_cast<std::size_t>(pass.repeat)].passes;
  } while (pass.passes == 1);
  return pass;
}

/// What was written in a loop is, after that, what the last pass wrote.
View Lowering::fromHere(View view) const {
  std::vector<PassStride> here;
  for (std::optional<PassStride> pass : view.passes) {
    while (pass && !plan_.isIn(repeat_, pass->repeat)) {
      view.offset += pass->last();
      pass = aroundLoop(*pass);
    }
    if (pass) here.push_back(*pass);
  }
  view.passes = std::move(here);
  return view;
}

}  // namespace npusim::lowering
