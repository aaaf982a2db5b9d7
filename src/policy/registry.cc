#include "policy/registry.h"

#include <absl/container/flat_hash_map.h>

#include "sluice/config/keyword.h"

namespace sluice::policy {
namespace {

template <class Row>
using Index = absl::flat_hash_map<std::string_view, const Row*>;

template <class Row>
void fill(Index<Row>& index, std::span<const Row> rows) {
  for (const Row& r : rows) index.emplace(r.name, &r);
}

const Index<FetchRow>& fetch_index() {
  static const Index<FetchRow> index = [] {
    Index<FetchRow> i;
    for (const auto rows :
         {constant_fetches(), process_fetches(), connection_fetches(), stream_fetches(), proxy_fetches(),
          target_fetches(), header_fetches(), cookie_fetches(), body_fetches(), content_fetches()}) {
      fill(i, rows);
    }
    return i;
  }();
  return index;
}

const Index<ConverterRow>& converter_index() {
  static const Index<ConverterRow> index = [] {
    Index<ConverterRow> i;
    for (const auto rows : {number_converters(), text_converters(), codec_converters(), hash_converters(),
                            date_converters(), list_converters()}) {
      fill(i, rows);
    }
    return i;
  }();
  return index;
}

const Index<AclKeyword>& acl_index() {
  static const Index<AclKeyword> index = [] {
    Index<AclKeyword> i;
    fill(i, acl_keywords());
    return i;
  }();
  return index;
}

template <class Row>
const Row* look_up(const Index<Row>& index, std::string_view name) noexcept {
  const auto it = index.find(name);
  return it == index.end() ? nullptr : it->second;
}

struct Bottleneck {
  std::uint32_t places;
  std::string_view name;
};
// Each name covers the places where that thing exists; a keyword needs those whose places it does not go beyond.
constexpr Bottleneck kThings[] = {
    {kRequestHead, "HTTP request headers"},
    {kResponseHead, "HTTP response headers"},
    {kEitherHead, "HTTP request headers,HTTP response headers"},
    {kConnected, "server connection"},
    {kWithServer, "server"},
    {kWithBackend, "backend"},
    {kWithFrontend, "frontend"},
    {kRequestKept, "HTTP request"},
    {kServerBytes, "HTTP response"},
    {kWithClient, "client connection"},
    {kInternal, "internal state"},
};

}  // namespace

const FetchRow* find_fetch(std::string_view name) noexcept { return look_up(fetch_index(), name); }
const ConverterRow* find_converter(std::string_view name) noexcept { return look_up(converter_index(), name); }
const AclKeyword* find_acl_keyword(std::string_view name) noexcept { return look_up(acl_index(), name); }

std::string unknown_fetch(std::string_view name) {
  config::Suggestion near(name);
  for (const auto& [known, row] : fetch_index()) near.offer(known);
  return config::unknown_word(config::Class::Sample, "fetch method", name, near);
}

std::string unknown_converter(std::string_view name) {
  config::Suggestion near(name);
  for (const auto& [known, row] : converter_index()) near.offer(known);
  return config::unknown_word(config::Class::Converter, "converter", name, near);
}

void apply_need(Need need, Needs& needs) noexcept {
  switch (need) {
    case Need::None:
      break;
    case Need::Timers:
      needs.timers = true;
      break;
    case Need::Counts:
      needs.counts = true;
      break;
    case Need::RequestLine:
      needs.request_line = true;
      break;
    case Need::RequestCaptures:
      needs.request_captures = true;
      break;
    case Need::ResponseCaptures:
      needs.response_captures = true;
      break;
    case Need::UniqueId:
      needs.unique_id = true;
      break;
    case Need::Request:
      needs.request_head = true;
      break;
    case Need::Response:
      needs.response_head = true;
      break;
    case Need::Body:
      needs.body = true;
      break;
  }
}

std::string missing_thing(std::uint32_t places) {
  for (const Bottleneck& b : kThings) {
    if (b.places == places) return std::string(b.name);
  }
  return "other information";
}

namespace {

std::string_view keep_line(std::string line) {
  // Listings are asked for once per process and live as long as it.
  static std::vector<std::unique_ptr<std::string>> lines;
  lines.push_back(std::make_unique<std::string>(std::move(line)));
  return *lines.back();
}

std::string with_shape(std::string_view name, std::string_view shape) {
  std::string out(name);
  if (!shape.empty()) out.append("(").append(shape).append(")");
  return out;
}

}  // namespace

void offer_listings(config::KeywordTable& table) {
  for (const auto& [name, row] : fetch_index()) {
    std::string columns = "[ ";
    for (unsigned i = 0; i < 22; ++i) columns += (row->places >> i & 1) != 0 ? "Y " : ". ";
    columns += "] " + with_shape(name, row->shape) + ": " + std::string(type_name(row->out));
    table.offer({config::Class::Sample, {}, name, keep_line(std::move(columns))});
  }
  for (const auto& [name, row] : converter_index()) {
    std::string line = with_shape(name, row->shape) + ": " + std::string(type_name(row->out)) + " => " +
                       std::string(type_name(row->in));
    table.offer({config::Class::Converter, {}, name, keep_line(std::move(line))});
  }
  for (const auto& [name, row] : acl_index()) {
    std::string line = std::string(name) + " = " + std::string(row->fetch) + " -m " + std::string(row->match);
    table.offer({config::Class::Acl, {}, name, keep_line(std::move(line))});
  }
}

}  // namespace sluice::policy
