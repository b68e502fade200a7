#include "sim/config/dataflow.h"

#include <algorithm>
#include <array>
#include <vector>

#include "sim/config/dataflow_words.h"
#include "sim/core/error.h"

namespace npusim {
namespace {

using Dims = std::vector<LoopDim>;
using enum LoopDim;

/// The loops that m, n and k flatten.
const std::array<Dims, 3>& groups() {
  static const std::array<Dims, 3> kGroups = {{{B, OY, OX}, {K}, {FY, FX, C}}};
  return kGroups;
}

/// Which of m (0), n (1), k (2) has `dims` as its inner loops; -1: none.
int groupOf(const Dims& dims) {
  for (std::size_t g = 0; g < groups().size(); ++g) {
    const Dims& group = groups()[g];
    if (!dims.empty() && dims.size() <= group.size() &&
        std::equal(dims.rbegin(), dims.rend(), group.rbegin())) {
      return static_cast<int>(g);
    }
  }
  return -1;
}

constexpr std::string_view kLists =
    "must be the inner loops of one of [B, OY, OX], [K] and [FY, FX, C], such as [OX] or [FX, C]";

/// An operand of the product: the groups that index it, and how it may travel.
struct Operand {
  std::string_view key;
  int first, second;
  Travel travel;
  bool result;
};

std::string travelFault(const Operand& operand, int rows, int cols) {
  const auto indexes = [&](int group) { return operand.first == group || operand.second == group; };
  const bool held = indexes(rows) && indexes(cols);
  const bool sound = held ? operand.travel == Travel::Hold
                     : operand.result
                         ? operand.travel == Travel::Chain || operand.travel == Travel::Tree
                         : operand.travel == Travel::Forward || operand.travel == Travel::Broadcast;
  if (sound) return {};
  const std::string must = held             ? "hold, since rows and cols both index them"
                           : operand.result ? "chain or tree"
                                            : "forward or broadcast";
  return std::string(operand.key) + ": are " + std::string(name(operand.travel)) + ", must be " +
         must;
}

}  // namespace

std::string_view name(LoopDim dim) { return Word<LoopDim>{kLoopDimWords}.nameOf(dim); }
std::string_view name(Travel travel) { return Word<Travel>{kTravelWords}.nameOf(travel); }

std::span<const Dataflow> dataflowPresets() {
  using enum Travel;
  static const std::array<Dataflow, 6> kPresets = {{
      {"weight_stationary", ArrayKind::Systolic, {FY, FX, C}, {K}, Hold, Forward, Chain},
      {"output_stationary", ArrayKind::Systolic, {B, OY, OX}, {K}, Forward, Forward, Hold},
      {"input_stationary", ArrayKind::Systolic, {FY, FX, C}, {B, OY, OX}, Forward, Hold, Chain},
      {"dot_product", ArrayKind::Systolic, {K}, {C}, Hold, Broadcast, Tree},
      {"row_stationary", ArrayKind::RowStationary, {FY}, {OY}, Hold, Broadcast, Chain},
      {"cached", ArrayKind::Cached, {B, OY, OX}, {K}, Forward, Forward, Hold},
  }};
  return kPresets;
}

const Dataflow& dataflowPreset(std::string_view name) {
  const auto found = std::ranges::find(dataflowPresets(), name, &Dataflow::name);
  ensure(found != dataflowPresets().end(), "no dataflow of this name");
  return *found;
}

std::string faultOf(const Dataflow& dataflow) {
  const int rows = groupOf(dataflow.rows);
  const int cols = groupOf(dataflow.cols);
  if (rows < 0) return "rows: " + std::string(kLists);
  if (cols < 0) return "cols: " + std::string(kLists);
  if (rows == cols) return "cols: must be loops of another list than rows";
  for (const Operand& operand : {Operand{"weights", 1, 2, dataflow.weights, false},
                                 Operand{"inputs", 0, 2, dataflow.inputs, false},
                                 Operand{"outputs", 0, 1, dataflow.outputs, true}}) {
    std::string fault = travelFault(operand, rows, cols);
    if (!fault.empty()) return fault;
  }
  return {};
}

}  // namespace npusim
