#include "sluice/http/fields.h"

namespace sluice::http {

const Field* Fields::find(std::string_view name, const Field* after) const noexcept {
  const HeaderId id = header_id(name);
  if (id != HeaderId::Unknown) return find(id, after);
  if (!maybe_has(HeaderId::Unknown)) return nullptr;
  for (const Field* f = after == nullptr ? fields_ : after + 1; f != end(); ++f) {
    if (f->id == HeaderId::Unknown && f->name_len == name.size() && !f->removed() && base::iequals(f->name(), name)) {
      return f;
    }
  }
  return nullptr;
}

std::size_t Fields::count(std::string_view name) const noexcept {
  std::size_t n = 0;
  for (const Field* f = find(name); f != nullptr; f = find(name, f)) ++n;
  return n;
}

std::size_t Fields::remove(HeaderId id) noexcept {
  std::size_t n = 0;
  for (Field* f = find(id); f != nullptr; f = find(id, f), ++n) f->remove();
  return n;
}

std::size_t Fields::remove(std::string_view name) noexcept {
  std::size_t n = 0;
  for (Field* f = find(name); f != nullptr; f = find(name, f), ++n) f->remove();
  return n;
}

void Fields::rebase(const char* old_begin, std::size_t len, const char* new_begin) noexcept {
  const auto inside = [&](const char* p) { return p >= old_begin && p <= old_begin + len; };
  for (Field& f : *this) {
    if (f.id == HeaderId::Unknown && inside(f.name_data)) f.name_data = new_begin + (f.name_data - old_begin);
    if (inside(f.value_data)) f.value_data = new_begin + (f.value_data - old_begin);
  }
}

std::size_t list_element_end(std::string_view list, std::size_t begin) noexcept {
  bool quoted = false;
  for (std::size_t i = begin; i < list.size(); ++i) {
    const char c = list[i];
    if (quoted) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      return i;
    }
  }
  return list.size();
}

bool ListCursor::next(std::string_view& element) noexcept {
  while (!rest_.empty()) {
    const std::size_t i = list_element_end(rest_, 0);
    element = base::trim_ows(rest_.substr(0, i));
    rest_ = i < rest_.size() ? rest_.substr(i + 1) : std::string_view{};
    if (!element.empty()) return true;
  }
  return false;
}

bool list_has_token(std::string_view list, std::string_view token) noexcept {
  ListCursor cursor(list);
  for (std::string_view e; cursor.next(e);) {
    if (base::iequals(e, token)) return true;
  }
  return false;
}

}  // namespace sluice::http
