// The responses the proxy gives by itself when the configuration names no file for a status, byte for byte as the
// reference prints them (manual 4.2 "errorfile" lists the statuses).
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::http {

inline constexpr std::size_t kErrorPageCount = 21;

// Position of a status among the pages (ascending), 0 to kErrorPageCount - 1; -1 when there is no page for it.
[[nodiscard]] int error_page_index(unsigned status) noexcept;
[[nodiscard]] unsigned error_page_status(std::size_t index) noexcept;

// The whole response, head and body; empty when there is no page. Static storage. Thread: any.
[[nodiscard]] std::string_view default_error_page(unsigned status) noexcept;

}  // namespace sluice::http
