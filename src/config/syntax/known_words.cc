// The words of language level 3.5, whether they are built here or not (known_words.inc, made by make_known_words.py).
#include <algorithm>
#include <compare>
#include <string>

#include "sluice/config/keyword.h"

namespace sluice::config {

namespace {

struct KnownWord {
  Class cls;
  std::string_view scope;
  std::string_view name;

  auto operator<=>(const KnownWord&) const = default;
};

constexpr KnownWord kKnownWords[] = {
#include "config/syntax/known_words.inc"
};

// Rows are in the order of the class names in the listing, so a plain scan it is: only wrong configurations get here.
template <class F>
bool any_word(Class cls, std::string_view scope, F&& f) {
  return std::any_of(std::begin(kKnownWords), std::end(kKnownWords),
                     [&](const KnownWord& w) { return w.cls == cls && (scope.empty() || w.scope == scope) && f(w); });
}

}  // namespace

bool known_in_language(Class cls, std::string_view name, std::string_view scope) noexcept {
  // "timeout" is known because "timeout client" is.
  return any_word(cls, scope, [&](const KnownWord& w) {
    return w.name == name || (cls == Class::Config && w.name.size() > name.size() && w.name.starts_with(name) &&
                              w.name[name.size()] == ' ');
  });
}

std::string_view nearest_in_language(Class cls, std::string_view word, std::string_view scope) noexcept {
  Suggestion s(word);
  any_word(cls, scope, [&](const KnownWord& w) {
    s.offer(w.name);
    return false;
  });
  return s.best();
}

std::string unknown_word(Class cls, std::string_view what, std::string_view word, const Suggestion& suggestion,
                         std::string_view scope) {
  std::string s;
  if (known_in_language(cls, word, scope)) {
    s += '\'';
    s += word;
    s += "' is not supported yet";
    return s;
  }
  s += "unknown ";
  s += what;
  s += " '";
  s += word;
  s += '\'';
  s += suggestion.text();
  if (suggestion.best().empty()) {
    const std::string_view near = nearest_in_language(cls, word, scope);
    if (!near.empty()) s += "; did you mean '" + std::string(near) + "' maybe (not supported yet) ?";
  }
  return s;
}

}  // namespace sluice::config
