// The ports that connections to a server may come from ("source <addr>:<low>-<high>", manual 5.2). Each is used by one
// connection at a time; they are given out in turn, so that one that was just left has time to cool down.
// Thread: any; no locks.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace sluice::backend {

class SourcePorts {
 public:
  // first <= last
  SourcePorts(std::uint16_t first, std::uint16_t last);
  // 0: all are in use.
  [[nodiscard]] std::uint16_t take() noexcept;
  void give(std::uint16_t port) noexcept;

 private:
  std::uint32_t first_, count_;
  std::atomic<std::uint32_t> next_{0};
  std::unique_ptr<std::atomic<bool>[]> used_;  // by place in the range
};

// A port in use; it goes back when this does. Its SourcePorts lives longer.
class SourcePort {
 public:
  SourcePort() = default;
  explicit SourcePort(SourcePorts& of) noexcept : of_(&of), port_(of.take()) {}
  SourcePort(SourcePort&& o) noexcept : of_(o.of_), port_(std::exchange(o.port_, 0)) {}
  SourcePort& operator=(SourcePort&& o) noexcept {
    std::swap(of_, o.of_);
    std::swap(port_, o.port_);
    return *this;
  }
  ~SourcePort() {
    if (port_ != 0) of_->give(port_);
  }
  [[nodiscard]] std::uint16_t number() const noexcept { return port_; }  // 0: none

 private:
  SourcePorts* of_ = nullptr;
  std::uint16_t port_ = 0;
};

}  // namespace sluice::backend
