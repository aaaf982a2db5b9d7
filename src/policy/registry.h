// The tables of samples, converters and ACL keywords, and how one is described.
//
// To add a sample: a row in the fetch_*.cc of its subject. The functions are pure readers of SampleContext.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/args.h"
#include "sluice/policy/expression.h"

namespace sluice::policy {

// Handed to a row's prepare(): it checks the arguments and may precompute.
struct Build {
  Arg* args;
  std::size_t count;  // slots of the shape, given or not
  CompileScope& scope;
  std::string error;                                  // set when prepare() returns false
  std::vector<std::shared_ptr<const void>>& objects;  // owned by the program
  std::vector<std::unique_ptr<std::string>>& texts;
  std::string_view keep(std::string s) {
    texts.push_back(std::make_unique<std::string>(std::move(s)));
    return *texts.back();
  }
};
using PrepareFn = bool (*)(Build&);
using FetchFn = bool (*)(SampleContext&, const Arg*, Sample&, Cursor&) noexcept;
using ConvertFn = bool (*)(SampleContext&, const Arg*, Sample&) noexcept;

// Places by their column picture, as `-dKsmp` prints them.
constexpr std::uint32_t places_of(std::string_view columns) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] == 'Y') bits |= 1U << i;
  }
  return bits;
}
inline constexpr std::uint32_t kEverywhere = places_of("YYYYYYYYYYYYYYYYYYYYYY");
inline constexpr std::uint32_t kInternal = places_of("YYYYYYYYYYYYYYYYYYYY.Y");
inline constexpr std::uint32_t kWithClient = places_of("YYYYYYYYYYYYYYYYYYYY..");
inline constexpr std::uint32_t kWithFrontend = places_of("YYYYYYYYYYYYYYYYYYY...");
inline constexpr std::uint32_t kRequestHead = places_of("..YYYYYYYYY...........");
inline constexpr std::uint32_t kRequestKept = places_of("..YYYYYYYYYYYYYYYYY...");
inline constexpr std::uint32_t kEitherHead = places_of("..YYYYYYYYYYYYYYYY.Y..");
inline constexpr std::uint32_t kWithBackend = places_of("......YYYYYYYYYYYYYY..");
inline constexpr std::uint32_t kWithServer = places_of("..........YYYYYYYYYY..");
inline constexpr std::uint32_t kConnected = places_of("...........YYYYYYYYY..");
inline constexpr std::uint32_t kResponseHead = places_of("...........YYYYYYY.Y..");
inline constexpr std::uint32_t kServerBytes = places_of(".........YYYYYYYYYY...");

enum class Need : std::uint8_t {
  None,
  Timers,
  Counts,
  RequestLine,
  RequestCaptures,
  ResponseCaptures,
  UniqueId,
  Request,
  Response,
  Body
};

struct FetchRow {
  std::string_view name;
  std::string_view shape;
  SampleType out;
  std::uint32_t places;
  FetchFn fn;
  Need need = Need::None;
  PrepareFn prepare = nullptr;
};
struct ConverterRow {
  std::string_view name;
  std::string_view shape;
  SampleType in;
  SampleType out;
  ConvertFn fn;
  PrepareFn prepare = nullptr;
};
struct AclKeyword {
  std::string_view name;   // "path_beg"
  std::string_view fetch;  // "path"
  std::string_view match;  // "beg"
};

// The subjects' tables.
std::span<const FetchRow> constant_fetches();
std::span<const FetchRow> process_fetches();
std::span<const FetchRow> connection_fetches();
std::span<const FetchRow> stream_fetches();
std::span<const FetchRow> proxy_fetches();
std::span<const FetchRow> target_fetches();
std::span<const FetchRow> header_fetches();
std::span<const FetchRow> cookie_fetches();
std::span<const FetchRow> body_fetches();
std::span<const FetchRow> content_fetches();
std::span<const ConverterRow> number_converters();
std::span<const ConverterRow> text_converters();
std::span<const ConverterRow> codec_converters();
std::span<const ConverterRow> hash_converters();
std::span<const ConverterRow> date_converters();
std::span<const ConverterRow> list_converters();
std::span<const AclKeyword> acl_keywords();

// Null when this program has no such word.
const FetchRow* find_fetch(std::string_view name) noexcept;
const ConverterRow* find_converter(std::string_view name) noexcept;
const AclKeyword* find_acl_keyword(std::string_view name) noexcept;

// "unknown fetch method 'x'; did you mean 'y' maybe ?" or "'x' is not supported yet".
std::string unknown_fetch(std::string_view name);
std::string unknown_converter(std::string_view name);

void apply_need(Need need, Needs& needs) noexcept;

// "HTTP request headers": what a keyword needs and a place may lack, for messages.
std::string missing_thing(std::uint32_t places);

}  // namespace sluice::policy
