// HTTP/1 request heads. The first byte chooses the options.
// room: http
#include "fuzz/h1_common.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::http::h1;
  if (size == 0) return 0;
  ParseOptions options;
  options.accept_unsafe = (data[0] & 1) != 0;
  options.max_head_bytes = (data[0] & 4) != 0 ? 100 : 15360;
  options.max_fields = (data[0] & 8) != 0 ? 3 : 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_head<sluice::http::RequestHead>(text, options, {});
  return 0;
}
