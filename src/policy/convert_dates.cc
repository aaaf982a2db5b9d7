// Dates as text (manual 7.3.1 http_date, ltime, utime, ...), and converters that ask the live state of proxies.
#include <time.h>

#include <cstring>

#include "policy/registry.h"
#include "sluice/base/strings.h"
#include "sluice/http/status.h"

namespace sluice::policy {
namespace {

// Digits of the fraction of a second in the sample: 0, 3 or 6.
constexpr std::int64_t power10(int n) { return n == 0 ? 1 : 10 * power10(n - 1); }

bool prepare_http_date(Build& b) {
  const std::string_view unit = b.args[1].given() ? b.args[1].text : "s";
  b.args[1].num = unit == "s" ? 0 : unit == "ms" ? 3 : 6;
  if (unit == "s" || unit == "ms" || unit == "us") return true;
  b.error = "unit '" + std::string(unit) + "' is not one of 's', 'ms' and 'us'";
  return false;
}
bool http_date(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  const auto room = ctx.scratch->take(http::kHttpDateBytes);
  if (room.data() == nullptr) return false;
  const std::int64_t unit = a[1].num == 0 ? 1 : a[1].num == 3 ? 1000 : 1000000;
  const std::int64_t when = (s.num + (a[0].given() ? a[0].num : 0)) / unit;
  // Four-digit years only: anything else is no HTTP date.
  if (when < -62135596800 || when > 253402300799) return false;
  http::write_http_date(room.data(), when);
  s.set_str({room.data(), room.size()});
  return true;
}

// strftime(3), and "%3N"-like fractions where the sample has them.
template <bool Local, int Digits>
bool format_time(SampleContext& ctx, const Arg* a, Sample& s) noexcept {
  constexpr std::int64_t kUnit = power10(Digits);
  std::int64_t seconds = s.num / kUnit;
  std::int64_t fraction = s.num % kUnit;
  if (fraction < 0) {
    fraction += kUnit;
    --seconds;
  }
  const std::int64_t offset = a[1].given() ? a[1].num : 0;
  const time_t when = static_cast<time_t>(seconds + offset);
  tm parts{};
  if ((Local ? localtime_r(&when, &parts) : gmtime_r(&when, &parts)) == nullptr) return false;
  char format[512];
  std::size_t n = 0;
  const std::string_view in = a[0].text;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (n + 16 > sizeof format) return false;
    if (in[i] == '%' && i + 1 < in.size() && in[i + 1] == '%') {
      format[n++] = '%';
      format[n++] = '%';
      ++i;
      continue;
    }
    if (Digits != 0 && in[i] == '%' && i + 1 < in.size()) {
      std::size_t wanted = 9;
      std::size_t k = i + 1;
      if (in[k] >= '1' && in[k] <= '9') wanted = static_cast<std::size_t>(in[k++] - '0');
      if (k < in.size() && in[k] == 'N') {
        std::int64_t nanos = fraction * power10(9 - Digits);
        char digits[9];
        for (int d = 8; d >= 0; --d, nanos /= 10) digits[d] = static_cast<char>('0' + nanos % 10);
        std::memcpy(format + n, digits, wanted);
        n += wanted;
        i = k;
        continue;
      }
    }
    format[n++] = in[i];
  }
  format[n] = 0;
  const auto room = ctx.scratch->rest();
  const std::size_t used = room.empty() ? 0 : strftime(room.data(), room.size(), format, &parts);
  ctx.scratch->keep(used);
  s.set_str({room.data(), used});
  return true;
}

constexpr auto kInt = SampleType::Sint;
constexpr auto kStr = SampleType::Str;
constexpr ConverterRow kRows[] = {
    {"http_date", "[integer,string]", kInt, kStr, http_date, prepare_http_date},
    {"ltime", "string[,integer]", kInt, kStr, format_time<true, 0>},
    {"utime", "string[,integer]", kInt, kStr, format_time<false, 0>},
    {"ms_ltime", "string[,integer]", kInt, kStr, format_time<true, 3>},
    {"ms_utime", "string[,integer]", kInt, kStr, format_time<false, 3>},
    {"us_ltime", "string[,integer]", kInt, kStr, format_time<true, 6>},
    {"us_utime", "string[,integer]", kInt, kStr, format_time<false, 6>},
};

bool nbsrv(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  ProxyState state;
  if (ctx.lookup == nullptr || !ctx.lookup->backend(s.text, state)) return false;
  s.set_int(state.usable_servers);
  return true;
}
bool fe_exists(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  ProxyState state;
  if (ctx.lookup == nullptr) return false;
  s.set_bool(ctx.lookup->frontend(s.text, state));
  return true;
}
// "backend/server", or a server of the stream's backend.
bool find_server(SampleContext& ctx, std::string_view text, ServerState& state) noexcept {
  if (ctx.lookup == nullptr) return false;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) return ctx.lookup->server(text.substr(0, slash), text.substr(slash + 1), state);
  return ctx.stream != nullptr && ctx.stream->backend != nullptr &&
         ctx.lookup->server(ctx.stream->backend->name, text, state);
}
bool srv_is_up(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  ServerState state;
  if (!find_server(ctx, s.text, state)) return false;
  s.set_bool(state.up);
  return true;
}
bool srv_queue(SampleContext& ctx, const Arg*, Sample& s) noexcept {
  ServerState state;
  if (!find_server(ctx, s.text, state)) return false;
  s.set_int(state.queued);
  return true;
}

constexpr ConverterRow kStateRows[] = {
    {"nbsrv", "", kStr, kInt, nbsrv},
    {"fe_exists", "", kStr, SampleType::Bool, fe_exists},
    {"srv_is_up", "", kStr, SampleType::Bool, srv_is_up},
    {"srv_queue", "", kStr, kInt, srv_queue},
};

}  // namespace

std::span<const ConverterRow> date_converters() { return kRows; }
std::span<const ConverterRow> list_converters() { return kStateRows; }

}  // namespace sluice::policy
