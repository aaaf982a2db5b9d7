#include "sluice/http/error_pages.h"

#include <cstdint>
#include <iterator>

namespace sluice::http {

namespace {

struct Page {
  std::uint16_t status;
  std::string_view text;
};

#define HEAD                    \
  "cache-control: no-cache\r\n" \
  "connection: close\r\n"       \
  "content-type: text/html\r\n" \
  "\r\n"

constexpr Page kPages[] = {
    {200,
     "HTTP/1.1 200 OK\r\n"
     "content-length: 58\r\n" HEAD "<html><body><h1>200 OK</h1>\n"
     "Service ready.\n"
     "</body></html>\n"},
    {400,
     "HTTP/1.1 400 Bad request\r\n"
     "content-length: 90\r\n" HEAD "<html><body><h1>400 Bad request</h1>\n"
     "Your browser sent an invalid request.\n"
     "</body></html>\n"},
    {401,
     "HTTP/1.1 401 Unauthorized\r\n"
     "content-length: 112\r\n" HEAD "<html><body><h1>401 Unauthorized</h1>\n"
     "You need a valid user and password to access this content.\n"
     "</body></html>\n"},
    {403,
     "HTTP/1.1 403 Forbidden\r\n"
     "content-length: 93\r\n" HEAD "<html><body><h1>403 Forbidden</h1>\n"
     "Request forbidden by administrative rules.\n"
     "</body></html>\n"},
    {404,
     "HTTP/1.1 404 Not Found\r\n"
     "content-length: 83\r\n" HEAD "<html><body><h1>404 Not Found</h1>\n"
     "The resource could not be found.\n"
     "</body></html>\n"},
    {405,
     "HTTP/1.1 405 Method Not Allowed\r\n"
     "content-length: 146\r\n" HEAD "<html><body><h1>405 Method Not Allowed</h1>\n"
     "A request was made of a resource using a request method not supported by that resource\n"
     "</body></html>\n"},
    {407,
     "HTTP/1.1 407 Unauthorized\r\n"
     "content-length: 112\r\n" HEAD "<html><body><h1>407 Unauthorized</h1>\n"
     "You need a valid user and password to access this content.\n"
     "</body></html>\n"},
    {408,
     "HTTP/1.1 408 Request Time-out\r\n"
     "content-length: 110\r\n" HEAD "<html><body><h1>408 Request Time-out</h1>\n"
     "Your browser didn't send a complete request in time.\n"
     "</body></html>\n"},
    {410,
     "HTTP/1.1 410 Gone\r\n"
     "content-length: 114\r\n" HEAD "<html><body><h1>410 Gone</h1>\n"
     "The resource is no longer available and will not be available again.\n"
     "</body></html>\n"},
    {413,
     "HTTP/1.1 413 Payload Too Large\r\n"
     "content-length: 106\r\n" HEAD "<html><body><h1>413 Payload Too Large</h1>\n"
     "The request entity exceeds the maximum allowed.\n"
     "</body></html>\n"},
    {414,
     "HTTP/1.1 414 URI Too Long\r\n"
     "content-length: 122\r\n" HEAD "<html><body><h1>414 URI Too Long</h1>\n"
     "The requested URI is longer than the server is willing to interpret.\n"
     "</body></html>\n"},
    {421,
     "HTTP/1.1 421 Misdirected Request\r\n"
     "content-length: 104\r\n" HEAD "<html><body><h1>421 Misdirected Request</h1>\n"
     "Request sent to a non-authoritative server.\n"
     "</body></html>\n"},
    {422,
     "HTTP/1.1 422 Unprocessable Content\r\n"
     "content-length: 116\r\n" HEAD "<html><body><h1>422 Unprocessable Content</h1>\n"
     "The server cannot process the contained instructions.\n"
     "</body></html>\n"},
    {425,
     "HTTP/1.1 425 Too Early\r\n"
     "content-length: 80\r\n" HEAD "<html><body><h1>425 Too Early</h1>\n"
     "Your browser sent early data.\n"
     "</body></html>\n"},
    {429,
     "HTTP/1.1 429 Too Many Requests\r\n"
     "content-length: 117\r\n" HEAD "<html><body><h1>429 Too Many Requests</h1>\n"
     "You have sent too many requests in a given amount of time.\n"
     "</body></html>\n"},
    {431,
     "HTTP/1.1 431 Request Header Fields Too Large\r\n"
     "content-length: 148\r\n" HEAD "<html><body><h1>431 Request Header Fields Too Large</h1>\n"
     "The request header fields are larger than the server is willing to process.\n"
     "</body></html>\n"},
    {500,
     "HTTP/1.1 500 Internal Server Error\r\n"
     "content-length: 97\r\n" HEAD "<html><body><h1>500 Internal Server Error</h1>\n"
     "An internal server error occurred.\n"
     "</body></html>\n"},
    {501,
     "HTTP/1.1 501 Not Implemented\r\n"
     "content-length: 136\r\n" HEAD "<html><body><h1>501 Not Implemented</h1>\n"
     ".The server does not support the functionality required to fulfill the request.\n"
     "</body></html>\n"},
    {502,
     "HTTP/1.1 502 Bad Gateway\r\n"
     "content-length: 107\r\n" HEAD "<html><body><h1>502 Bad Gateway</h1>\n"
     "The server returned an invalid or incomplete response.\n"
     "</body></html>\n"},
    {503,
     "HTTP/1.1 503 Service Unavailable\r\n"
     "content-length: 107\r\n" HEAD "<html><body><h1>503 Service Unavailable</h1>\n"
     "No server is available to handle this request.\n"
     "</body></html>\n"},
    {504,
     "HTTP/1.1 504 Gateway Time-out\r\n"
     "content-length: 92\r\n" HEAD "<html><body><h1>504 Gateway Time-out</h1>\n"
     "The server didn't respond in time.\n"
     "</body></html>\n"},
};

#undef HEAD

static_assert(std::size(kPages) == kErrorPageCount);

}  // namespace

int error_page_index(unsigned status) noexcept {
  for (std::size_t i = 0; i < kErrorPageCount; ++i) {
    if (kPages[i].status == status) return static_cast<int>(i);
  }
  return -1;
}

unsigned error_page_status(std::size_t index) noexcept { return index < kErrorPageCount ? kPages[index].status : 0; }

std::string_view default_error_page(unsigned status) noexcept {
  const int i = error_page_index(status);
  return i < 0 ? std::string_view{} : kPages[i].text;
}

}  // namespace sluice::http
