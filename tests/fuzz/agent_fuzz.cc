// room: backend
// What an agent may say. Everything that is kept lies inside the line; a weight is one.
#include <cstdint>
#include <string_view>

#include "sluice/backend/agent_report.h"
#include "sluice/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::backend;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const AgentReport r = parse_agent_report(line);
  const auto inside = [line](std::string_view part) {
    SLUICE_CHECK(part.empty() ||
                 (part.data() >= line.data() && part.data() + part.size() <= line.data() + line.size()));
  };
  inside(r.health_word);
  inside(r.description);
  inside(r.weight.value_or(""));
  inside(r.maxconn.value_or(""));
  SLUICE_CHECK((r.health == AgentReport::Health::Unsaid) == r.health_word.empty());
  for (const std::uint32_t configured : {0U, 1U, 10U, 256U}) {
    std::string_view error;
    if (const auto weight = parse_weight(r.weight.value_or(line), configured, error))
      SLUICE_CHECK(*weight <= 256);
    else
      SLUICE_CHECK(!error.empty());
  }
  return 0;
}
