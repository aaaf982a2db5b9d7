// Dates of log lines. The text of a second is made once per thread and second; only the milliseconds differ between
// lines.
#pragma once

#include <cstdint>

namespace sluice::policy {

// "22/Nov/2026:16:46:24", local time; room for 32 characters. Returns the end.
char* write_local_date(char* out, std::int64_t wall_us) noexcept;
// The same followed by ".123".
char* write_local_date_ms(char* out, std::int64_t wall_us) noexcept;
// "22/Nov/2026:16:46:24 +0000" in UTC, or with the zone of local time.
char* write_utc_date_zone(char* out, std::int64_t wall_us) noexcept;
char* write_local_date_zone(char* out, std::int64_t wall_us) noexcept;

}  // namespace sluice::policy
