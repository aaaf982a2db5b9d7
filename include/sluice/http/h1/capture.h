// A snapshot of a message that could not be parsed, for the CLI's "show errors". Plain data: the owner copies it whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sluice/base/time.h"
#include "sluice/http/h1/head_parser.h"

namespace sluice::http::h1 {

struct ErrorCapture {
  base::WallTime when;
  bool in_response = false;
  ParseError error;
  std::uint64_t chunk_left = 0;  // bytes left of the current chunk
  std::uint64_t body_left = 0;
  std::uint32_t connection_flags = 0;
  std::uint32_t stream_flags = 0;
  std::uint32_t message_flags = 0;
  std::uint32_t buffer_bytes = 0;  // size of the buffer it lay in
  std::uint32_t out_bytes = 0;     // of data[], already forwarded
  std::string data;                // what was received, at most one buffer
};

}  // namespace sluice::http::h1
