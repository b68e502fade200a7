#pragma once

#include <string>

namespace npusim::tools {

/// Writes to standard output. Throws BadInput with the system's reason when it cannot.
void print(const std::string& text);

/// Throws BadInput when `file` surely cannot be written: its folder is missing or it is a folder.
/// Said before a long run instead of after it.
void expectWritable(const std::string& file);

/// Makes the folder unless it is there. Throws BadInput with the system's reason.
void makeFolder(const std::string& folder);

/// A whole file. Throws BadInput when it cannot be read.
std::string readFile(const std::string& file);

/// What the program is doing, on one line of a terminal that is wiped at the end; silent when
/// standard error is no terminal.
class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }
  void show(const std::string& doing) const;
  void clear() const;                        ///< wipes the line, before something else is printed
  void note(const std::string& text) const;  ///< a line on standard error that stays

 private:
  bool terminal_;
};

}  // namespace npusim::tools
