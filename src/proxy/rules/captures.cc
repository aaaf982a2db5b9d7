// Taking captured headers and cookies out of a message.
#include "sluice/base/strings.h"
#include "sluice/proxy/capture.h"

namespace sluice::proxy {
namespace {

// The first cookie of a Cookie value whose "NAME=value" begins with `prefix`.
std::string_view find_cookie(std::string_view list, std::string_view prefix) noexcept {
  while (!list.empty()) {
    const auto semi = list.find(';');
    const std::string_view one = base::trim_ows(list.substr(0, semi));
    if (one.size() >= prefix.size() && one.starts_with(prefix)) return one;
    if (semi == std::string_view::npos) break;
    list.remove_prefix(semi + 1);
  }
  return {};
}

}  // namespace

void Captures::take(const std::vector<CaptureSlot>& slots, const http::Fields& fields, base::Arena& arena,
                    std::span<std::string_view> out) noexcept {
  for (std::size_t i = 0; i < slots.size() && i < out.size(); ++i) {
    const CaptureSlot& slot = slots[i];
    if (slot.name.empty()) continue;
    const http::Field* last = nullptr;
    const bool known = slot.id != http::HeaderId::Unknown;
    for (const auto* f = known ? fields.find(slot.id) : fields.find(slot.name); f != nullptr;
         f = known ? fields.find(slot.id, f) : fields.find(slot.name, f)) {
      last = f;
    }
    if (last != nullptr) out[i] = arena.copy(last->value().substr(0, slot.len));
  }
}

std::string_view Captures::request_cookie(const http::Fields& fields, base::Arena& arena) const noexcept {
  if (cookie.empty()) return {};
  for (const auto* f = fields.find(http::HeaderId::Cookie); f != nullptr; f = fields.find(http::HeaderId::Cookie, f)) {
    const auto c = find_cookie(f->value(), cookie);
    if (c.data() != nullptr) return arena.copy(c.substr(0, cookie_len));
  }
  return {};
}

std::string_view Captures::response_cookie(const http::Fields& fields, base::Arena& arena) const noexcept {
  if (cookie.empty()) return {};
  for (const auto* f = fields.find(http::HeaderId::SetCookie); f != nullptr;
       f = fields.find(http::HeaderId::SetCookie, f)) {
    const std::string_view v = f->value();
    const std::string_view one = base::trim_ows(v.substr(0, v.find(';')));
    if (one.starts_with(cookie)) return arena.copy(one.substr(0, cookie_len));
  }
  return {};
}

}  // namespace sluice::proxy
