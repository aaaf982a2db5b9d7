// Reason phrases and HTTP dates.
#pragma once

#include <cstdint>
#include <ctime>
#include <string_view>

namespace sluice::http {

// The reason the reference prints for a status, "Other" style text for unknown ones. Static storage. Thread: any.
[[nodiscard]] std::string_view status_reason(unsigned status) noexcept;

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7), 29 characters. Thread: any.
inline constexpr std::size_t kHttpDateBytes = 29;
void write_http_date(char* out, std::time_t when) noexcept;

// The date of the last second asked for, kept ready. One per thread.
class HttpDateCache {
 public:
  // The view is valid until the next call.
  std::string_view get(std::time_t now) noexcept {
    if (now != second_) {
      write_http_date(text_, now);
      second_ = now;
    }
    return {text_, kHttpDateBytes};
  }

 private:
  std::time_t second_ = -1;
  char text_[kHttpDateBytes] = {};
};

}  // namespace sluice::http
