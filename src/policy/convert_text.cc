// Text converters: case, cutting, trimming, joining, regsub (manual 7.3.1).
#include <array>
#include <bitset>
#include <cstring>

#include "policy/registry.h"
#include "policy/texts.h"
#include "sluice/base/strings.h"
#include "sluice/http/uri.h"
#include "sluice/policy/regex.h"

namespace sluice::policy {
namespace {

template <class Fn>
bool map_bytes(SampleContext& ctx, Sample& s, Fn&& fn) noexcept {
  if (s.text.empty()) return true;
  const auto room = ctx.scratch->take(s.text.size());
  if (room.data() == nullptr) return false;
  for (std::size_t i = 0; i < room.size(); ++i) room[i] = fn(s.text[i]);
  s.text = {room.data(), room.size()};
  return true;
}
bool to_lower(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  return map_bytes(ctx, s, [](char c) { return static_cast<char>(lower(c)); });
}
bool to_upper(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  return map_bytes(ctx, s, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
}
bool length(SampleContext&, const Arg*, Sample& s) noexcept {
  s.set_int(static_cast<std::int64_t>(s.text.size()));
  return true;
}
bool prepare_bytes(Build& b) {
  for (std::size_t i = 0; i < 2; ++i) {
    if (!b.args[i].given()) continue;
    Arg number;
    if (!type_arg(ArgKind::Int, b.args[i].text, number)) {
      b.error = "expects a number, got '" + std::string(b.args[i].text) + "' (variables are not supported yet)";
      return false;
    }
    b.args[i].num = number.num;
  }
  return true;
}
bool bytes(SampleContext&, const Arg* a, Sample& s) noexcept {
  if (a[0].num < 0 || (a[1].given() && a[1].num < 0)) return false;
  const auto offset = static_cast<std::uint64_t>(a[0].num);
  if (offset >= s.text.size()) {
    s.set_bin({});
    return true;
  }
  s.set_bin(s.text.substr(offset, a[1].given() ? static_cast<std::size_t>(a[1].num) : std::string_view::npos));
  return true;
}

// "field" and "word": arg 0 the index, 1 the delimiters, 2 how many (0 = all that follow).
bool prepare_parts(Build& b) {
  if (b.args[0].num == 0) {
    b.error = "the index counts from 1, or from -1 backwards";
    return false;
  }
  return true;
}
bool is_delimiter(char c, std::string_view set) noexcept { return std::memchr(set.data(), c, set.size()) != nullptr; }
// Between the delimiters, empty fields count.
bool field(SampleContext&, const Arg* a, Sample& s) noexcept {
  const std::string_view text = s.text;
  const std::string_view set = a[1].text;
  const std::int64_t count = a[2].given() ? a[2].num : 1;
  std::int64_t skip = (a[0].num > 0 ? a[0].num : -a[0].num) - 1;
  std::int64_t left = count;
  if (a[0].num > 0) {
    std::size_t begin = 0;
    for (; skip > 0; --skip) {
      while (begin < text.size() && !is_delimiter(text[begin], set)) ++begin;
      if (begin >= text.size()) {
        s.set_str({});
        return true;
      }
      ++begin;
    }
    std::size_t end = begin;
    for (; end < text.size(); ++end) {
      if (is_delimiter(text[end], set) && count != 0 && --left == 0) break;
    }
    s.set_str(text.substr(begin, end - begin));
    return true;
  }
  std::size_t end = text.size();
  for (; skip > 0; --skip) {
    while (end > 0 && !is_delimiter(text[end - 1], set)) --end;
    if (end == 0) {
      s.set_str({});
      return true;
    }
    --end;
  }
  std::size_t begin = end;
  for (; begin > 0; --begin) {
    if (is_delimiter(text[begin - 1], set) && count != 0 && --left == 0) break;
  }
  s.set_str(text.substr(begin, end - begin));
  return true;
}
// Runs of delimiters separate, empty words do not exist.
bool word(SampleContext&, const Arg* a, Sample& s) noexcept {
  const std::string_view text = s.text;
  const std::string_view set = a[1].text;
  const std::int64_t count = a[2].given() ? a[2].num : 1;
  std::int64_t wanted = a[0].num > 0 ? a[0].num : -a[0].num;
  if (a[0].num > 0) {
    std::size_t i = 0;
    const auto skip_delimiters = [&] {
      while (i < text.size() && is_delimiter(text[i], set)) ++i;
    };
    const auto skip_word = [&] {
      while (i < text.size() && !is_delimiter(text[i], set)) ++i;
    };
    skip_delimiters();
    for (; wanted > 1; --wanted) {
      skip_word();
      skip_delimiters();
    }
    const std::size_t begin = i;
    if (count == 0) {
      i = text.size();
    } else {
      skip_word();
      for (std::int64_t n = count; n > 1 && i < text.size(); --n) {
        const std::size_t end = i;
        skip_delimiters();
        if (i == text.size()) {
          i = end;
          break;
        }
        skip_word();
      }
    }
    s.set_str(text.substr(begin, i - begin));
    return true;
  }
  std::size_t i = text.size();
  const auto skip_delimiters = [&] {
    while (i > 0 && is_delimiter(text[i - 1], set)) --i;
  };
  const auto skip_word = [&] {
    while (i > 0 && !is_delimiter(text[i - 1], set)) --i;
  };
  skip_delimiters();
  for (; wanted > 1; --wanted) {
    skip_word();
    skip_delimiters();
  }
  const std::size_t end = i;
  if (count == 0) {
    i = 0;
  } else {
    skip_word();
    for (std::int64_t n = count; n > 1 && i > 0; --n) {
      const std::size_t begin = i;
      skip_delimiters();
      if (i == 0) {
        i = begin;
        break;
      }
      skip_word();
    }
  }
  s.set_str(text.substr(i, end - i));
  return true;
}
bool ltrim(SampleContext&, const Arg* a, Sample& s) noexcept {
  while (!s.text.empty() && is_delimiter(s.text.front(), a[0].text)) s.text.remove_prefix(1);
  return true;
}
bool rtrim(SampleContext&, const Arg* a, Sample& s) noexcept {
  while (!s.text.empty() && is_delimiter(s.text.back(), a[0].text)) s.text.remove_suffix(1);
  return true;
}
bool cut_crlf(SampleContext&, const Arg*, Sample& s) noexcept {
  const auto end = s.text.find_first_of("\r\n");
  if (end != std::string_view::npos) s.text = s.text.substr(0, end);
  return true;
}
bool reverse(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  const std::string_view in = s.text;
  std::size_t i = in.size();
  return map_bytes(ctx, s, [&](char) { return in[--i]; });
}
// "www.example.com" to "com.example.www"
bool reverse_dom(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  const auto room = ctx.scratch->take(s.text.size());
  if (room.data() == nullptr) return false;
  std::string_view rest = s.text;
  std::size_t n = 0;
  while (true) {
    const auto dot = rest.rfind('.');
    const std::string_view label = dot == std::string_view::npos ? rest : rest.substr(dot + 1);
    if (!label.empty()) std::memcpy(room.data() + n, label.data(), label.size());
    n += label.size();
    if (dot == std::string_view::npos) break;
    room[n++] = '.';
    rest = rest.substr(0, dot);
  }
  s.set_str({room.data(), n});
  return true;
}
bool prepare_concat(Build& b) {
  if (b.args[1].given()) {
    b.error = "variable '" + std::string(b.args[1].text) + "' : variables are not supported yet";
    return false;
  }
  return true;
}
bool concat(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  const auto room = ctx.scratch->take(s.text.size() + a[0].text.size() + a[2].text.size());
  if (room.data() == nullptr) return false;
  std::size_t n = 0;
  for (const std::string_view part : {s.text, a[0].text, a[2].text}) {
    if (!part.empty()) std::memcpy(room.data() + n, part.data(), part.size());
    n += part.size();
  }
  s.set_str({room.data(), n});
  return true;
}
bool host_only(SampleContext&, const Arg*, Sample& s) noexcept {
  const std::string_view text = s.text;
  // An IPv6 address keeps its brackets.
  if (!text.empty() && text.front() == '[') {
    const auto end = text.find(']');
    s.set_str(end == std::string_view::npos ? text : text.substr(0, end + 1));
  } else {
    s.set_str(text.substr(0, text.rfind(':')));
  }
  return true;
}
bool port_only(SampleContext&, const Arg*, Sample& s) noexcept {
  const auto colon = s.text.rfind(':');
  const bool bracketed = colon != std::string_view::npos && s.text.find(']', colon) != std::string_view::npos;
  s.set_int(colon == std::string_view::npos || bracketed ? 0 : leading_int(s.text.substr(colon + 1)));
  return true;
}
// "a=1&b=2": the value of one parameter
bool param(SampleContext&, const Arg* a, Sample& s) noexcept {
  const char delimiter = a[1].given() && !a[1].text.empty() ? a[1].text[0] : '&';
  std::string_view rest = s.text;
  while (!rest.empty()) {
    const auto end = rest.find(delimiter);
    const std::string_view item = rest.substr(0, end);
    const auto equal = item.find('=');
    if (item.substr(0, equal) == a[0].text) {
      s.set_str(equal == std::string_view::npos ? std::string_view{} : item.substr(equal + 1));
      return true;
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return false;
}
bool prepare_regsub(Build& b) {
  bool ignore_case = false;
  b.args[2].num = 0;
  for (const char c : b.args[2].text) {
    if (c == 'g') {
      b.args[2].num = 1;
    } else if (c == 'i') {
      ignore_case = true;
    } else {
      b.error = "invalid flag '" + std::string(1, c) + "', expected 'i' and 'g'";
      return false;
    }
  }
  auto regex = std::make_shared<Regex>(Regex::compile(b.args[0].text, ignore_case, b.scope.options.regex_jit, b.error));
  if (!regex->valid()) return false;
  b.args[0].object = regex.get();
  b.objects.push_back(std::move(regex));
  return true;
}
bool regsub(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  const auto room = ctx.scratch->rest();
  bool matched = false;
  const std::size_t n =
      static_cast<const Regex*>(a[0].object)->replace(s.text, a[1].text, a[2].num != 0, room, matched);
  if (n == Regex::npos) return false;
  if (!matched) return true;
  ctx.scratch->keep(n);
  s.set_str({room.data(), n});
  return true;
}

constexpr auto kStr = SampleType::Str;
constexpr ConverterRow kRows[] = {
    {"lower", "", kStr, kStr, to_lower},
    {"upper", "", kStr, kStr, to_upper},
    {"length", "", kStr, SampleType::Sint, length},
    {"bytes", "string[,string]", SampleType::Bin, SampleType::Bin, bytes, prepare_bytes},
    {"field", "integer,string[,integer]", kStr, kStr, field, prepare_parts},
    {"word", "integer,string[,integer]", kStr, kStr, word, prepare_parts},
    {"ltrim", "string", kStr, kStr, ltrim},
    {"rtrim", "string", kStr, kStr, rtrim},
    {"cut_crlf", "", kStr, kStr, cut_crlf},
    {"reverse", "", kStr, kStr, reverse},
    {"reverse_dom", "", kStr, kStr, reverse_dom},
    {"concat", "string[,string,string]", kStr, kStr, concat, prepare_concat},
    {"host_only", "", kStr, kStr, host_only},
    {"port_only", "", kStr, SampleType::Sint, port_only},
    {"param", "string[,string]", kStr, kStr, param},
    {"regsub", "regex,string[,string]", kStr, kStr, regsub, prepare_regsub},
};

}  // namespace

std::span<const ConverterRow> text_converters() { return kRows; }

}  // namespace sluice::policy
