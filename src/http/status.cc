#include "sluice/http/status.h"

#include <cstring>

namespace sluice::http {

// The reference's words, which differ from the registry's in places ("Moved Temporarily", "Request Time-out").
std::string_view status_reason(unsigned status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 102:
      return "Processing";
    case 103:
      return "Early Hints";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 203:
      return "Non-Authoritative Information";
    case 204:
      return "No Content";
    case 205:
      return "Reset Content";
    case 206:
      return "Partial Content";
    case 207:
      return "Multi-Status";
    case 210:
      return "Content Different";
    case 226:
      return "IM Used";
    case 300:
      return "Multiple Choices";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Moved Temporarily";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 305:
      return "Use Proxy";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 310:
      return "Too many Redirects";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 402:
      return "Payment Required";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 407:
      return "Proxy Authentication Required";
    case 408:
      return "Request Time-out";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Request Entity Too Large";
    case 414:
      return "Request-URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Requested range unsatisfiable";
    case 417:
      return "Expectation failed";
    case 418:
      return "I'm a teapot";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 424:
      return "Method failure";
    case 425:
      return "Too Early";
    case 426:
      return "Upgrade Required";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 449:
      return "Retry With";
    case 450:
      return "Blocked by Windows Parental Controls";
    case 451:
      return "Unavailable For Legal Reasons";
    case 456:
      return "Unrecoverable Error";
    case 499:
      return "client has closed connection";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway or Proxy Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Time-out";
    case 505:
      return "HTTP Version not supported";
    case 506:
      return "Variant also negotiate";
    case 507:
      return "Insufficient storage";
    case 508:
      return "Loop detected";
    case 509:
      return "Bandwidth Limit Exceeded";
    case 510:
      return "Not extended";
    case 511:
      return "Network authentication required";
    case 520:
      return "Web server is returning an unknown error";
    default:
      break;
  }
  switch (status / 100) {
    case 1:
      return "Informational";
    case 2:
      return "Success";
    case 3:
      return "Redirection";
    case 4:
      return "Client Error";
    case 5:
      return "Server Error";
    default:
      return "Other";
  }
}

void write_http_date(char* out, std::time_t when) noexcept {
  static constexpr char kDays[] = "SunMonTueWedThuFriSat";
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  std::tm t{};
  gmtime_r(&when, &t);
  const auto two = [](char* p, int v) {
    p[0] = static_cast<char>('0' + v / 10 % 10);
    p[1] = static_cast<char>('0' + v % 10);
  };
  std::memcpy(out, "Ddd, 00 Mmm 0000 00:00:00 GMT", kHttpDateBytes);
  std::memcpy(out, kDays + 3 * t.tm_wday, 3);
  two(out + 5, t.tm_mday);
  std::memcpy(out + 8, kMonths + 3 * t.tm_mon, 3);
  const int year = t.tm_year + 1900;
  two(out + 12, year / 100);
  two(out + 14, year);
  two(out + 17, t.tm_hour);
  two(out + 20, t.tm_min);
  two(out + 23, t.tm_sec);
}

}  // namespace sluice::http
