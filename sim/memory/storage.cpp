#include "sim/memory/storage.h"

#include <utility>

#include "sim/core/error.h"

namespace npusim {

Storage::Storage(std::string name, bool onChip, std::int64_t capacityBytes,
                 std::int64_t backedBytes)
    : name_(std::move(name)),
      onChip_(onChip),
      capacityBytes_(capacityBytes),
      backedBytes_(backedBytes) {
  if (backedBytes_ == 0) return;
  bytes_.reset(static_cast<std::byte*>(
      std::calloc(static_cast<std::size_t>(backedBytes_), sizeof(std::byte))));
  if (!bytes_) {
    throw NotPossible("this machine has no " + std::to_string(backedBytes_) +
                      " bytes for the values in '" + name_ + "'; try --values off");
  }
}

void Storage::refuse(std::int64_t address, std::int64_t size) const {
  throw InternalError("access to " + std::to_string(size) + " bytes at " + std::to_string(address) +
                      " of '" + name_ + "', which the program uses up to " +
                      std::to_string(backedBytes_));
}

}  // namespace npusim
