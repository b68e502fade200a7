#include "tools/trace/waveform.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "sim/chip/array_factory.h"
#include "sim/core/error.h"

namespace npusim::tools {
namespace {

namespace fs = std::filesystem;

/// A file beside the one that is asked for, renamed to it when complete, else removed.
class PartFile {
 public:
  explicit PartFile(std::string whole) : whole_(std::move(whole)), part_(whole_ + ".part.vcd") {}
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  ~PartFile() {
    std::error_code ignored;
    fs::remove(part_, ignored);
  }

  const std::string& path() const { return part_; }
  void complete() const {
    std::error_code error;
    fs::rename(part_, whole_, error);
    if (error) throw BadInput(fmt::format("{}: cannot write: {}", whole_, error.message()));
  }

 private:
  std::string whole_, part_;
};

}  // namespace

void checkWaveform(const ChipConfig& chip, const std::string& file) {
  if (!file.ends_with(".vcd")) {
    throw BadInput(fmt::format("--vcd {}: the name must end in .vcd", file));
  }
  makeArray(chip, Fidelity::Module);
}

void writeWaveform(const ChipConfig& chip, TracedProduct& product, const std::string& file) {
  const PartFile part(file);
  {
    const std::unique_ptr<ArrayModel> array = makeArray(chip, Fidelity::Module);
    array->traceTo(part.path());
    array->compute(product.tile(), product.storages());
  }
  part.complete();
}

}  // namespace npusim::tools
