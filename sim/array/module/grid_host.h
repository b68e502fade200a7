#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sim/array/module/own_kernel.h"
#include "sim/array/module/waveforms.h"

namespace npusim::modules {

/// A grid of modules in a kernel of its own, and the waveforms of all that it runs.
template <typename Grid>
class GridHost {
 public:
  /// `vcdPath`: the file for the waveforms; empty: none. Grid(name, arguments...) makes the grid.
  template <typename... Arguments>
  explicit GridHost(const std::string& vcdPath, const Arguments&... arguments) {
    const OwnKernel::Inside inside(kernel_);
    grid_ = std::make_unique<Grid>("array", arguments...);
    if (vcdPath.empty()) return;
    waveforms_ = std::make_unique<Waveforms>(vcdPath);
    grid_->traceTo(waveforms_->file());
  }
  ~GridHost() {
    const OwnKernel::Inside inside(kernel_);
    waveforms_.reset();
    grid_.reset();
  }
  GridHost(const GridHost&) = delete;
  GridHost& operator=(const GridHost&) = delete;

  /// The grid runs an instruction.
  template <typename... Arguments>
  auto run(Arguments&&... arguments) {
    const OwnKernel::Inside inside(kernel_);
    return grid_->run(std::forward<Arguments>(arguments)...);
  }

  Grid& grid() { return *grid_; }
  const Grid& grid() const { return *grid_; }

 private:
  OwnKernel kernel_;
  std::unique_ptr<Grid> grid_;
  std::unique_ptr<Waveforms> waveforms_;
};

}  // namespace npusim::modules
