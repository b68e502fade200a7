#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

namespace npusim {

/// The simulated bytes of one buffer or memory. Backing is zero-filled and taken from the system
/// page by page as it is touched; with values off there is none.
class Storage {
 public:
  /// `backedBytes`: how much of the capacity the program uses; 0 with values off.
  Storage(std::string name, bool onChip, std::int64_t capacityBytes, std::int64_t backedBytes);

  const std::string& name() const { return name_; }
  bool onChip() const { return onChip_; }
  std::int64_t capacityBytes() const { return capacityBytes_; }

  /// The `size` bytes at `address`. Throws InternalError outside the used part: a verified
  /// program never gets there.
  std::byte* at(std::int64_t address, std::int64_t size) {
    check(address, size);
    return bytes_.get() + address;
  }
  const std::byte* at(std::int64_t address, std::int64_t size) const {
    check(address, size);
    return bytes_.get() + address;
  }

  /// Whether all of [address, address + size) has backing.
  bool contains(std::int64_t address, std::int64_t size) const {
    return address >= 0 && size >= 0 && address <= backedBytes_ - size;
  }

 private:
  struct Free {
    void operator()(std::byte* bytes) const { std::free(bytes); }
  };

  void check(std::int64_t address, std::int64_t size) const {
    if (!contains(address, size)) refuse(address, size);
  }
  [[noreturn]] void refuse(std::int64_t address, std::int64_t size) const;

  std::string name_;
  bool onChip_;
  std::int64_t capacityBytes_;
  std::int64_t backedBytes_;
  std::unique_ptr<std::byte[], Free> bytes_;
};

}  // namespace npusim
