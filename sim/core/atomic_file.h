#pragma once

#include <string>
#include <string_view>

namespace npusim {

/// Writes a file so that it is either complete or not there: into a temporary file in the same
/// folder, renamed to `path` when all of it is written. An existing file is replaced (its mode is
/// kept, a link is followed); what is no regular file, such as a pipe, is written to directly.
/// Throws BadInput naming `path` and the system's reason; then nothing is left behind and an
/// existing file is as it was.
void writeFileAtomically(const std::string& path, std::string_view contents);

}  // namespace npusim
