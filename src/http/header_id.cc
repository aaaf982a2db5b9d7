#include "sluice/http/header_id.h"

#include "http/header_table.h"

namespace sluice::http {

HeaderId header_id(std::string_view name) noexcept {
  if (name.size() < kMinKnownName || name.size() > kMaxKnownName) return HeaderId::Unknown;
  const unsigned id = kHeaderTable.slots[kHeaderTable.slot(name.data(), name.size())];
  if (id == 0 || kHeaderTable.lengths[id] != name.size()) return HeaderId::Unknown;
  const char* known = kHeaderTable.names[id].text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (base::to_lower(name[i]) != known[i]) return HeaderId::Unknown;
  }
  return static_cast<HeaderId>(id);
}

std::string_view header_name(HeaderId id) noexcept {
  const auto i = static_cast<std::size_t>(id);
  return i < kHeaderIdCount ? std::string_view{kHeaderTable.names[i].text, kHeaderTable.lengths[i]}
                            : std::string_view{};
}

}  // namespace sluice::http
