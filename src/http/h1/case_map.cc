#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sluice/base/strings.h"
#include "sluice/http/h1/serialise.h"

namespace sluice::http::h1 {

// Sorted by name: the lists are short and read only.
struct CaseMap::Table {
  std::vector<std::pair<std::string, std::string>> rows;
  std::size_t longest = 0;
};

CaseMap::CaseMap() : table_(std::make_unique<Table>()) {}
CaseMap::~CaseMap() = default;
CaseMap::CaseMap(CaseMap&&) noexcept = default;
CaseMap& CaseMap::operator=(CaseMap&&) noexcept = default;

bool CaseMap::add(std::string_view from, std::string_view to) {
  if (from.empty() || !base::iequals(from, to)) return false;
  std::string key(from);
  for (char& c : key) c = base::to_lower(c);
  auto& rows = table_->rows;
  const auto at =
      std::lower_bound(rows.begin(), rows.end(), key, [](const auto& r, const auto& k) { return r.first < k; });
  if (at != rows.end() && at->first == key) return false;
  table_->longest = std::max(table_->longest, key.size());
  rows.insert(at, {std::move(key), std::string(to)});
  return true;
}

std::string_view CaseMap::find(std::string_view name) const noexcept {
  if (name.size() > table_->longest) return {};
  const auto& rows = table_->rows;
  const auto at = std::lower_bound(rows.begin(), rows.end(), name,
                                   [](const auto& r, std::string_view k) { return std::string_view(r.first) < k; });
  return at != rows.end() && at->first == name ? std::string_view(at->second) : std::string_view{};
}

bool CaseMap::empty() const noexcept { return table_->rows.empty(); }

}  // namespace sluice::http::h1
