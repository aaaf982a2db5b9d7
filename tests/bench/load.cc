// Load generator and origin of scripts/bench in one process with one loop, so that the core they share is left to the
// work.
//
// Prints `{"origin": PORT}` and then answers each line of standard input with a line of JSON:
//   run port=P conns=N seconds=S warm=W path=/small close=0 header=NAME drain=D pids=1,2
//       closed loop; the CPU time of the processes is read from /proc at both ends of the measured time; then up to D
//       seconds are given to what was asked and not answered yet, "stuck" is what is missing even then
//   hold port=P conns=N pids=1,2
//       opens N connections a few at a time, one request on each, keeps them open and reports the processes' memory
//       before and after
//   quit
// The user part of the CPU time comes from utime/(utime+stime), which the kernel samples by clock tick: it needs
// seconds of load.
#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "clients.h"
#include "origin.h"

namespace bench {
namespace {

struct Usage {
  std::uint64_t cpu_ns = 0;  // sum over the tasks
  std::uint64_t user_ticks = 0;
  std::uint64_t system_ticks = 0;
  std::uint64_t switches = 0;
};

using Words = std::map<std::string, std::string>;

std::vector<int> pids_of(const Words& words) {
  std::vector<int> out;
  const auto it = words.find("pids");
  if (it == words.end()) return out;
  std::istringstream in(it->second);
  for (std::string one; std::getline(in, one, ',');) out.push_back(std::stoi(one));
  return out;
}

Usage usage_of(const std::vector<int>& pids) {
  Usage u;
  for (const int pid : pids) {
    const std::string root = "/proc/" + std::to_string(pid);
    DIR* tasks = ::opendir((root + "/task").c_str());
    if (tasks == nullptr) continue;
    while (const dirent* t = ::readdir(tasks)) {
      if (t->d_name[0] == '.') continue;
      std::ifstream in(root + "/task/" + t->d_name + "/schedstat");
      std::uint64_t ns = 0, wait = 0, slices = 0;
      in >> ns >> wait >> slices;
      u.cpu_ns += ns;
      u.switches += slices;
    }
    ::closedir(tasks);
    std::ifstream in(root + "/stat");
    std::string line;
    std::getline(in, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string skip;
    for (int i = 0; i < 11; ++i) fields >> skip;
    std::uint64_t user = 0, system = 0;
    fields >> user >> system;
    u.user_ticks += user;
    u.system_ticks += system;
  }
  return u;
}

// Memory only these processes pay for, in KiB: anonymous pages.
std::uint64_t anonymous_kib(const std::vector<int>& pids) {
  std::uint64_t sum = 0;
  for (const int pid : pids) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(in, line);)
      if (line.rfind("Anonymous:", 0) == 0) sum += std::stoull(line.substr(10));
  }
  return sum;
}

int number(const Words& words, const char* name, int otherwise) {
  const auto it = words.find(name);
  return it == words.end() ? otherwise : std::stoi(it->second);
}

ClientOptions options_of(const Words& words) {
  ClientOptions o;
  o.port = number(words, "port", 0);
  o.connections = number(words, "conns", 1);
  o.close = number(words, "close", 0) != 0;
  if (words.count("path") != 0) o.path = words.at("path");
  if (words.count("header") != 0) o.extra = words.at("header") + ": 1\r\n";
  return o;
}

void turn_until(Epoll& loop, Clock::time_point until) {
  while (Clock::now() < until) loop.turn(20);
}

void settle(Epoll& loop, Clients& clients) {
  clients.stopping = true;
  clients.all.clear();
  turn_until(loop, Clock::now() + std::chrono::milliseconds(50));
}

void run(Epoll& loop, Origin& origin, const Words& words) {
  const auto pids = pids_of(words);
  const auto seconds = std::chrono::duration<double>(std::stod(words.at("seconds")));
  const auto warm = std::chrono::duration<double>(std::stod(words.at("warm")));
  auto clients = std::make_unique<Clients>(loop, options_of(words));
  clients->open_all();
  turn_until(loop, Clock::now() + std::chrono::duration_cast<Clock::duration>(warm));
  clients->counts = {};
  const std::uint64_t connections = origin.connections();
  const Usage before = usage_of(pids);
  const Usage own_before = usage_of({::getpid()});
  const auto began = Clock::now();
  turn_until(loop, began + std::chrono::duration_cast<Clock::duration>(seconds));
  const Usage after = usage_of(pids);
  const Usage own_after = usage_of({::getpid()});
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  clients->stopping = true;
  const auto limit = Clock::now() + std::chrono::seconds(number(words, "drain", 0));
  while (clients->busy() > 0 && Clock::now() < limit) loop.turn(20);
  const ClientCounts& c = clients->counts;
  std::cout << "{\"stuck\": " << clients->busy() << ", \"requests\": " << c.requests << ", \"errors\": " << c.errors
            << ", \"bytes\": " << c.bytes << ", \"seconds\": " << took << ", \"connects\": " << c.connects
            << ", \"origin_connections\": " << origin.connections() - connections
            << ", \"cpu_ns\": " << after.cpu_ns - before.cpu_ns
            << ", \"user_ticks\": " << after.user_ticks - before.user_ticks
            << ", \"system_ticks\": " << after.system_ticks - before.system_ticks
            << ", \"switches\": " << after.switches - before.switches
            << ", \"load_cpu_ns\": " << own_after.cpu_ns - own_before.cpu_ns << ", \"p50_us\": " << c.quantile(0.5)
            << ", \"p99_us\": " << c.quantile(0.99) << "}" << std::endl;
  settle(loop, *clients);
}

void hold(Epoll& loop, const Words& words) {
  const auto pids = pids_of(words);
  auto o = options_of(words);
  const int wanted = o.connections;
  {
    // Something to start with: code paths, pools and tables that are needed for any load.
    o.connections = 64;
    Clients warm(loop, o);
    warm.open_all();
    turn_until(loop, Clock::now() + std::chrono::milliseconds(300));
    settle(loop, warm);
  }
  turn_until(loop, Clock::now() + std::chrono::milliseconds(700));
  const std::uint64_t before = anonymous_kib(pids);
  o.connections = wanted;
  o.once_each = 1;
  auto clients = std::make_unique<Clients>(loop, o);
  const auto limit = Clock::now() + std::chrono::seconds(60);
  while (clients->idle < wanted && Clock::now() < limit && clients->counts.errors == 0) {
    clients->open_more(std::max(0, 32 - (clients->opened() - clients->idle)));
    loop.turn(20);
  }
  turn_until(loop, Clock::now() + std::chrono::seconds(1));
  const std::uint64_t after = anonymous_kib(pids);
  std::cout << "{\"idle\": " << clients->idle << ", \"errors\": " << clients->counts.errors
            << ", \"before_kib\": " << before << ", \"after_kib\": " << after << "}" << std::endl;
  settle(loop, *clients);
}

}  // namespace
}  // namespace bench

int main() {
  using namespace bench;
  std::signal(SIGPIPE, SIG_IGN);  // sendfile() has no MSG_NOSIGNAL
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Epoll loop;
  Origin origin(loop);
  std::cout << "{\"origin\": " << origin.port() << "}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream in(line);
    std::string verb;
    in >> verb;
    Words words;
    for (std::string word; in >> word;) {
      const auto eq = word.find('=');
      if (eq != std::string::npos) words[word.substr(0, eq)] = word.substr(eq + 1);
    }
    if (verb == "quit") break;
    if (verb == "run") run(loop, origin, words);
    if (verb == "hold") hold(loop, words);
  }
  return 0;
}
