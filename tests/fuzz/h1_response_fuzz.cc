// HTTP/1 response heads. The first byte chooses the options and what is answered.
// room: http
#include "fuzz/h1_common.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::http::h1;
  if (size == 0) return 0;
  ParseOptions options;
  options.accept_unsafe = (data[0] & 1) != 0;
  ResponseContext context;
  context.to_head = (data[0] & 2) != 0;
  context.to_connect = (data[0] & 4) != 0;
  context.to_upgrade = (data[0] & 8) != 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_head<sluice::http::ResponseHead>(text, options, context);
  return 0;
}
