#pragma once

#include <string>
#include <vector>

namespace npusim::tools {

/// What a child process left.
struct Finished {
  int exitCode = -1;  ///< 128 + N when signal N ended it
  std::string out, err;
};

/// Runs the built npusim with these arguments.
Finished npusim(const std::vector<std::string>& arguments);

/// A shell command line; "$NPUSIM" in it is the built npusim.
Finished shell(const std::string& command);

/// A new empty folder, removed with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  /// Names of what is in it, sorted; subfolders' contents too.
  std::vector<std::string> contents() const;

 private:
  std::string path_;
};

std::string readText(const std::string& file);
void writeText(const std::string& file, const std::string& text);

}  // namespace npusim::tools
