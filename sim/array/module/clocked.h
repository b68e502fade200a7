#pragma once

#include <exception>
#include <systemc>

namespace npusim::modules {

/// What went wrong in a process. An exception that leaves a process would lose its type in the
/// kernel, so the first is kept and the clock stops.
struct Failure {
  std::exception_ptr first;

  void keep() {
    if (!first) first = std::current_exception();
    sc_core::sc_pause();
  }
};

/// A module that does something once a cycle. PEs and their controller work on the rising edge; the
/// modules at the array's edges on the falling one, which begins a cycle: they drive the links
/// that the PEs will read, and take what the PEs left.
class Clocked : public sc_core::sc_module {
 public:
  enum class Edge { Rising, Falling };

  sc_core::sc_in<bool> clock{"clock"};

 protected:
  Clocked(const sc_core::sc_module_name& moduleName, Edge edge, Failure& failure)
      : sc_core::sc_module(moduleName), failure_(failure) {
    SC_HAS_PROCESS(Clocked);
    SC_METHOD(run);
    if (edge == Edge::Rising) {
      sensitive << clock.pos();
    } else {
      sensitive << clock.neg();
    }
    dont_initialize();
  }

  virtual void step() = 0;

 private:
  void run() {
    try {
      step();
    } catch (...) {
      failure_.keep();
    }
  }

  Failure& failure_;
};

}  // namespace npusim::modules
