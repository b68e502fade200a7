#pragma once

#include <cstdint>

#include "sim/array/module/clocked.h"
#include "sim/array/module/delay.h"
#include "sim/array/module/geometry.h"
#include "sim/array/module/local_store.h"
#include "sim/array/module/word.h"
#include "sim/array/observer.h"
#include "sim/core/traffic.h"

namespace npusim::modules {

/// A link through a PE: what comes in and what goes out.
template <typename W>
struct Link {
  explicit Link(const std::string& name)
      : in((name + "_in").c_str()), out((name + "_out").c_str()) {}

  sc_core::sc_in<W> in;
  sc_core::sc_out<W> out;
};

/// What a PE counted in an instruction.
struct PeCounts {
  std::int64_t macs = 0, zeroMacs = 0;
  ReadWrite store;                  ///< bytes at its local store
  ReadWrite spared;                 ///< of those, what gating on zero inputs would spare
  ByOperand<std::int64_t> network;  ///< bytes that it received or handed on as sums

  PeCounts& operator+=(const PeCounts& other);
};

/// What a PE did in its last step, as waveforms show it.
template <typename T>
struct PeView {
  bool works = false;
  T input{}, weight{};  ///< the last of the step
  T sumIn{}, sum{};     ///< the partial sum before and after
  Place place;
};

/// One processing element. Two operands run through it, one down its column and one across its row;
/// the third it holds in its local store. In each step it multiplies the inputs and weights that
/// meet and adds them to the sum, whichever way that came, and hands on what came from its
/// neighbours.
template <typename T>
class Pe : public Clocked {
 public:
  Pe(const sc_core::sc_module_name& moduleName, const Geometry& geometry, std::int64_t row,
     Failure& failure);

  Link<Word<T>> down{"down"}, across{"across"};
  Link<Delivery<T>> load{"load"};  ///< fills the local store for the next fold
  Link<Word<T>> leave{"leave"};    ///< takes held sums away

  /// Since the last call.
  PeCounts takeCounts();
  PeCycle cycle() const;
  void traceTo(sc_core::sc_trace_file* file) const;

 private:
  void step() override;
  void turn();
  void fill(const Word<T>& word);
  void multiplyAdd(const Word<T>& weights, const Word<T>& inputs, Word<T>& sum);
  void countStep(const Word<T>& weights, const Word<T>& inputs);
  Word<T> leavingWord();

  const Geometry& geometry_;
  const std::int64_t row_;
  LocalStore<T> store_;
  Word<T> leaving_;             ///< a finished sum that waits for its turn to leave
  std::int64_t leavesIn_ = -1;  ///< cycles until then; -1: nothing waits
  std::int64_t busy_ = 0;       ///< cycles that the step still takes
  Delay<Word<T>> downLink_, acrossLink_, leaveLink_;
  Delay<Delivery<T>> loadLink_;
  PeCounts counts_;
  PeView<T> view_;
};

}  // namespace npusim::modules
