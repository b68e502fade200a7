#pragma once

#include <string>
#include <systemc>

namespace npusim::modules {

/// A VCD file, written while it lives.
class Waveforms {
 public:
  /// `path` ends in ".vcd". Throws BadInput where the file cannot be written.
  explicit Waveforms(const std::string& path);
  ~Waveforms();
  Waveforms(const Waveforms&) = delete;
  Waveforms& operator=(const Waveforms&) = delete;

  sc_core::sc_trace_file* file() { return file_; }

 private:
  sc_core::sc_trace_file* file_;
};

}  // namespace npusim::modules
