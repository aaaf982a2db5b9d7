// Captured headers and cookies (manual 4.2 "capture ...", 8.8), taken from a message before it goes.
//
// The slots of a frontend are numbered in the order of declaration; policy::StreamFacts shows them to logs and samples.
// Values are copied into the stream's arena, cut to the declared length. Thread: the stream's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sluice/base/arena.h"
#include "sluice/http/fields.h"
#include "sluice/http/header_id.h"

namespace sluice::proxy {

struct CaptureSlot {
  std::string name;  // "" = filled by a capture action only
  http::HeaderId id = http::HeaderId::Unknown;
  std::uint32_t len = 0;
};

class Captures {
 public:
  std::vector<CaptureSlot> request;
  std::vector<CaptureSlot> response;
  std::string cookie;  // prefix of "NAME=value"; "" = none
  std::uint32_t cookie_len = 0;

  [[nodiscard]] bool any() const noexcept { return !request.empty() || !response.empty() || !cookie.empty(); }

  // Fills out[i] for every slot whose header is there (its last occurrence); others stay as they are. out is as long as
  // the slots; give it zeroed at the start of each exchange.
  static void take(const std::vector<CaptureSlot>& slots, const http::Fields& fields, base::Arena& arena,
                   std::span<std::string_view> out) noexcept;
  // "NAME=value" of the first cookie that begins with the wanted name; null data when there is none.
  [[nodiscard]] std::string_view request_cookie(const http::Fields& fields, base::Arena& arena) const noexcept;
  [[nodiscard]] std::string_view response_cookie(const http::Fields& fields, base::Arena& arena) const noexcept;
};

}  // namespace sluice::proxy
