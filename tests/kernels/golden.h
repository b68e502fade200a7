#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace npusim {

/// Holds `text` to a file of the repository. With NPUSIM_UPDATE_GOLDEN set it writes the file.
inline void expectGolden(const std::string& text, const std::string& file) {
  const std::string path = std::string(NPUSIM_SOURCE_DIR "/") + file;
  if (std::getenv("NPUSIM_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream golden;
  golden << stream.rdbuf();
  EXPECT_EQ(golden.str(), text) << "if the change is meant, run in the build folder:\n"
                                << "  NPUSIM_UPDATE_GOLDEN=1 ctest -R Golden";
}

}  // namespace npusim
