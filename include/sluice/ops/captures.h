// Captured protocol errors as `show errors` prints them (management manual 9.3 "show errors"). Filled by whoever keeps
// the captures of the proxies. Thread: see stats.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sluice/base/time.h"

namespace sluice::ops {

struct CapturedError {
  bool request = true;
  base::WallTime when{};
  std::uint32_t event = 0;  // number of the capture, from 0
  // The proxy that captured it, and the other side.
  std::string proxy;
  std::uint32_t proxy_id = 0;
  std::string frontend;  // of a response error: the frontend it came by
  std::uint32_t frontend_id = 0;
  std::string backend;  // empty: none
  std::int64_t backend_id = -1;
  std::string server;  // empty: none
  std::int64_t server_id = -1;
  std::string source;  // "127.0.0.1:59884"

  std::string bytes;               // what was received, from the start of the message
  std::uint64_t buffer_start = 0;  // its place in the stream
  std::uint32_t out_bytes = 0;     // of them already sent on
  std::uint32_t free_bytes = 0;    // left in the buffer
  std::uint32_t wrap_bytes = 0;    // size of the buffer
  std::uint32_t error_at = 0;      // offset into bytes
  std::string state_name;          // "MSG_HDR_NAME"
  std::uint32_t state = 0;
  std::uint32_t connection_flags = 0, stream_flags = 0, message_flags = 0;
  std::uint64_t chunk_bytes = 0, body_bytes = 0;
};

class CaptureSource {
 public:
  // Captures since start.
  [[nodiscard]] virtual std::uint64_t events() const = 0;
  // Places to ask, 0 .. slots()-1: one for requests and one for responses per proxy. False: nothing was captured there.
  [[nodiscard]] virtual std::size_t slots() const = 0;
  virtual bool capture(std::size_t slot, CapturedError& out) const = 0;

 protected:
  ~CaptureSource() = default;
};

}  // namespace sluice::ops
