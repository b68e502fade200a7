#pragma once

#include <systemc>

namespace npusim::modules {

/// A SystemC kernel of the array's own, beside the chip's. The chip asks for a tile's cost in the
/// middle of one of its processes and goes on in the same instant, while the array's clock has to
/// tick a few hundred times for the answer: so there are two kernels, each with its own time. The
/// library keeps the present kernel in a variable, which Inside changes and changes back.
class OwnKernel {
 public:
  OwnKernel();
  /// Whatever was made inside must be gone.
  ~OwnKernel();
  OwnKernel(const OwnKernel&) = delete;
  OwnKernel& operator=(const OwnKernel&) = delete;

  /// While it lives, everything of SystemC means this kernel: modules that are made, sc_start().
  class Inside {
   public:
    explicit Inside(const OwnKernel& kernel);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    sc_core::sc_simcontext* const current_;
    sc_core::sc_simcontext* const global_;
  };

 private:
  sc_core::sc_simcontext* context_;
};

}  // namespace npusim::modules
