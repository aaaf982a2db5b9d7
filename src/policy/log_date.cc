#include "policy/log_date.h"

#include <time.h>

#include <cstring>

namespace sluice::policy {
namespace {

struct Second {
  std::int64_t second = -1;
  char text[32];  // date, blank, zone
};
constexpr std::size_t kDateBytes = 20;
constexpr std::size_t kZonedBytes = 26;

void two(char* out, int v) noexcept {
  out[0] = static_cast<char>('0' + v / 10 % 10);
  out[1] = static_cast<char>('0' + v % 10);
}

void fill(Second& s, std::int64_t second, bool local) noexcept {
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto when = static_cast<time_t>(second);
  tm t{};
  if (local) {
    localtime_r(&when, &t);
  } else {
    gmtime_r(&when, &t);
  }
  char* p = s.text;
  two(p, t.tm_mday);
  p[2] = '/';
  std::memcpy(p + 3, kMonths + t.tm_mon * 3, 3);
  p[6] = '/';
  const int year = t.tm_year + 1900;
  two(p + 7, year / 100);
  two(p + 9, year % 100);
  p[11] = ':';
  two(p + 12, t.tm_hour);
  p[14] = ':';
  two(p + 15, t.tm_min);
  p[17] = ':';
  two(p + 18, t.tm_sec);
  p[20] = ' ';
  const long offset = local ? t.tm_gmtoff : 0;
  const long minutes = (offset < 0 ? -offset : offset) / 60;
  p[21] = offset < 0 ? '-' : '+';
  two(p + 22, static_cast<int>(minutes / 60));
  two(p + 24, static_cast<int>(minutes % 60));
  s.second = second;
}

// A few neighbouring seconds: accept and request dates of one line may differ.
template <bool Local>
const char* text_of(std::int64_t second) noexcept {
  thread_local Second cache[4];
  Second& s = cache[static_cast<std::size_t>(second) & 3];
  if (s.second != second) fill(s, second, Local);
  return s.text;
}

}  // namespace

char* write_local_date(char* out, std::int64_t wall_us) noexcept {
  std::memcpy(out, text_of<true>(wall_us / 1000000), kDateBytes);
  return out + kDateBytes;
}
char* write_local_date_ms(char* out, std::int64_t wall_us) noexcept {
  out = write_local_date(out, wall_us);
  const auto ms = static_cast<int>(wall_us / 1000 % 1000);
  out[0] = '.';
  out[1] = static_cast<char>('0' + ms / 100);
  two(out + 2, ms % 100);
  return out + 4;
}
char* write_utc_date_zone(char* out, std::int64_t wall_us) noexcept {
  std::memcpy(out, text_of<false>(wall_us / 1000000), kZonedBytes);
  return out + kZonedBytes;
}
char* write_local_date_zone(char* out, std::int64_t wall_us) noexcept {
  std::memcpy(out, text_of<true>(wall_us / 1000000), kZonedBytes);
  return out + kZonedBytes;
}

}  // namespace sluice::policy
