// Stats files: totals of the process before, taken over at the start (manual 3.1 "stats-file", management manual 9.5).
// Only objects with a "guid" are in them.
//
//   #fe guid,stot,conn_tot,bin,...        one block per kind: fe, be, li, srv; the first line names its columns
//   front-1,17,17,4711,...                one line per object
//
// A reader looks for the columns by their names: files of older and newer versions can be read, what is unknown on
// either side is passed over. Thread: reading: start-up, before the loops run. Writing: any; figures are relaxed.
#pragma once

#include <string>
#include <string_view>

#include "sluice/proxy/global.h"

namespace sluice::ops {

// Part of the global section.
struct StatsFileSpec {
  std::string path;  // "stats-file"; "" = none
};

// Up to 127 letters, digits and ". : - _" (manual 4.2 "guid").
bool is_guid(std::string_view text) noexcept;

// The blocks of a file, piece by piece: block 0 .. kStatsFileBlocks - 1, proxies one after the other.
inline constexpr unsigned kStatsFileBlocks = 4;
void append_stats_head(std::string& out, unsigned block);
void append_stats(std::string& out, unsigned block, const proxy::Proxy& proxy);

// Adds what the text says to the counters of thread 0. Returns a sentence about the first damaged line, "" when there
// is none; lines before it count.
std::string apply_stats(std::string_view text, proxy::Global& global);
// The same for a file.
std::string load_stats_file(const std::string& path, proxy::Global& global);

}  // namespace sluice::ops
