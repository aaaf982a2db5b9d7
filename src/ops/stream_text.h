// Streams as text: the line of `show sess` and the block of `show sess all` (management manual 9.3). The layout is that
// of the reference; what its flag words hold are the states of our own machines (doc/management.txt). Thread: that of
// the stream.
#pragma once

#include <string>

#include "sluice/proxy/stream_view.h"

namespace sluice::ops {

// "0x55d0c8a1f2c0"
void append_pointer(std::string& out, const void* p);
// "12s", "1m30s", "2h5m"; "" for kNever; times in the past print as "0s".
std::string duration_text(base::TimePoint until, base::TimePoint now);

void append_stream_line(std::string& out, const proxy::StreamView& stream, base::TimePoint now, bool with_uri);
void append_stream_block(std::string& out, const proxy::StreamView& stream, base::TimePoint now, bool with_uri);

}  // namespace sluice::ops
