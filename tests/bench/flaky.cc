// The servers of scripts/soak: several origins in one process of which one or two are down at any time.
//
//   flaky COUNT PERIOD_MS SEED
// Prints the ports on one line. Every period the server that has been down longest comes back and another goes: in turn
// by closing its connections properly and by resetting them, always in the middle of the load. On SIGTERM prints how
// often that happened and how many connections it served.
#include <csignal>
#include <deque>
#include <random>

#include "clients.h"
#include "origin.h"

namespace {
volatile std::sig_atomic_t g_stop = 0;
}

int main(int argc, char** argv) {
  using namespace bench;
  if (argc != 4) return 2;
  const auto count = static_cast<std::size_t>(std::atoi(argv[1]));
  const std::chrono::milliseconds period(std::atoi(argv[2]));
  std::mt19937 random(static_cast<unsigned>(std::atoi(argv[3])));
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGTERM, [](int) { g_stop = 1; });
  Epoll loop;
  std::vector<std::unique_ptr<Origin>> servers;
  for (std::size_t i = 0; i < count; ++i) servers.push_back(std::make_unique<Origin>(loop));
  for (const auto& s : servers) std::printf("%d ", s->port());
  std::printf("\n");
  std::fflush(stdout);

  std::deque<std::size_t> down;
  unsigned leaves = 0, crashes = 0;
  auto next = Clock::now() + 4 * period;  // some time to begin with everything up
  while (g_stop == 0) {
    loop.turn(20);
    if (Clock::now() < next) continue;
    next = Clock::now() + period;
    if (down.size() >= 2) {
      servers[down.front()]->go_up();
      down.pop_front();
    }
    std::size_t victim = random() % count;
    while (!servers[victim]->up()) victim = (victim + 1) % count;
    const bool crash = (leaves + crashes) % 2 == 1;
    servers[victim]->go_down(crash ? Origin::End::Crash : Origin::End::Leave);
    down.push_back(victim);
    ++(crash ? crashes : leaves);
  }
  std::uint64_t connections = 0;
  for (const auto& s : servers) connections += s->connections();
  std::printf("{\"leaves\": %u, \"crashes\": %u, \"connections\": %llu}\n", leaves, crashes,
              static_cast<unsigned long long>(connections));
  return 0;
}
