#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/mapping/mapping.h"
#include "kernels/partition/partition.h"
#include "kernels/pipeline/calibration.h"
#include "sim/config/chip_config.h"
#include "sim/core/error.h"
#include "sim/isa/program.h"
#include "workloads/graph/graph.h"

namespace npusim {

using mapping::Objective;

struct CompileOptions {
  DataType precision = DataType::Float32;
  Objective objective = Objective::Latency;
  bool values = true;  ///< lay out real constants; without, addresses and sizes only
  Partition partition = Partition::Auto;  ///< read only for several cores
  /// Called with a line that the user should know, where there is one.
  std::function<void(const std::string&)> note = {};
  /// Keep on chip what loops read in every pass, where it fits; else it is loaded in each.
  bool holdConstants = true;
  /// Weights that the chip's memories have no room for come over the host link in every prediction.
  bool allowStreaming = false;
  /// Cut attention into loops in which its scores stay on chip, where that is expected to cost
  /// less.
  bool tileAttention = true;
};

/// Graph passes: fuses, folds and cleans; then sets number formats, for int8 and int16 by what
/// `calibration` observed of the optimised graph on calibration inputs. Weights that came encoded
/// stay so or become values (settleEncodedWeights()). The graph that compile() is given, this one
/// or what fuseBehindProducts() makes of it, is what the machine computes, and in int8 and int16
/// what evaluate() is to be asked for as its reference.
Graph optimize(const Graph& graph);
Graph toPrecision(const Graph& optimized, const ChipConfig& chip, DataType precision,
                  const Calibration& calibration);

/// The same without asking whether the chip's array computes `precision`: products that it does not
/// compute are then among what OperatorsLacking names.
Graph toPrecisionAnywhere(const Graph& optimized, const ChipConfig& chip, DataType precision,
                          const Calibration& calibration);

/// An operator that a chip lacks the means for.
struct Refusal {
  std::string layer;   ///< the node's name
  std::string reason;  ///< a clause that names the operator
};

/// Operators of a network that a chip lacks the means for: all of them, in the network's order.
class OperatorsLacking : public NotPossible {
 public:
  explicit OperatorsLacking(std::vector<Refusal> all);
  const std::vector<Refusal> refusals;
};

/// A graph from toPrecision() with the arithmetic on parts of a product (the gates of an LSTM) done
/// behind products of those parts, before anything is stored: sums that stay fp32 beside int8
/// products then cost no pass and no room. Values are the same, but for roundings to 16 bits that
/// are left out.
Graph fuseBehindProducts(const Graph& graph, const ChipConfig& chip);

/// Compiles a graph from toPrecision() to a verified program for `chip`. Throws NotPossible with
/// what is needed, what there is and the smallest change that fits; OperatorsLacking for operators
/// that no size of the chip's storages would let it run. Where weights are streamed, `note` is told
/// how many bytes, and the program is for machineOf().
isa::Program compile(const Graph& graph, const ChipConfig& chip, const CompileOptions& options);

/// The machine that a program from compile() runs on: `chip`, or where it streams weights,
/// withHostMemory(chip).
ChipConfig machineOf(const isa::Program& program, const ChipConfig& chip);

}  // namespace npusim
