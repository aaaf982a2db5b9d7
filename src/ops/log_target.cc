#include "sluice/ops/log_target.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "ops/log_lane.h"
#include "ops/log_time.h"

namespace sluice::ops {

LogOutput::LogOutput(net::SocketAddress address, int fd, std::atomic<std::uint64_t>& dropped)
    : address_(address), fd_(fd), dropped_(dropped) {}
LogOutput::~LogOutput() = default;

LogLane* LogOutput::lane_of(std::size_t i) noexcept {
  auto& lane = lanes_[i];
  if (lane == nullptr) lane.reset(new (std::nothrow) LogLane(*this));
  if (lane == nullptr) dropped_.fetch_add(1, std::memory_order_relaxed);
  return lane.get();
}

void LogOutput::add(const std::string_view* pieces, std::size_t count, std::size_t max_len) noexcept {
  if (runtime::Loop* loop = runtime::Loop::current(); loop != nullptr && loop->index() < runtime::kMaxThreads) {
    LogLane* lane = lane_of(loop->index());
    if (lane == nullptr) return;
    lane->append(pieces, count, max_len);
    loop->at_turn_end(*lane);
    return;
  }
  const std::lock_guard lock(without_loop_);
  LogLane* lane = lane_of(runtime::kMaxThreads);
  if (lane == nullptr) return;
  lane->append(pieces, count, max_len);
  lane->flush();
}

base::Result<LogOutput*, std::string> LogOutputs::open(const LogTargetSpec& spec) {
  net::SocketAddress to;
  if (spec.fd >= 0) {
    const int flags = ::fcntl(spec.fd, F_GETFL);
    if (flags < 0) return base::unexpected("file descriptor " + std::to_string(spec.fd) + " is not open");
    // As the reference does: a reader that stops reading must not stop us.
    ::fcntl(spec.fd, F_SETFL, flags | O_NONBLOCK);
  } else {
    auto address = net::resolve(spec.address);
    if (!address) return base::unexpected(std::string(address.error()));
    to = *address;
  }
  for (const auto& o : outputs_) {
    if (o->fd() == spec.fd && o->address().len == to.len &&
        std::memcmp(&o->address().storage, &to.storage, to.len) == 0)
      return o.get();
  }
  outputs_.push_back(std::make_unique<LogOutput>(to, spec.fd, dropped_));
  return outputs_.back().get();
}

void LogOutputs::set_identity(LogIdentity identity) {
  identity_ = std::move(identity);
  pid_text_ = std::to_string(identity_.pid);
}

LogIdentity LogOutputs::identity_of(const GlobalLogSpec* global, std::string_view program, long pid) {
  LogIdentity id;
  id.tag = global != nullptr && global->tag ? *global->tag : std::string(program);
  id.pid = pid;
  if (global != nullptr && global->hostname) {
    id.send_hostname = true;
    id.hostname = *global->hostname;
    if (id.hostname.empty()) {
      char name[256] = {};
      if (::gethostname(name, sizeof(name) - 1) == 0) id.hostname = name;
    }
  }
  return id;
}

void LogRoute::add(LogOutput& output, const LogTargetSpec& spec) {
  Target t;
  t.output = &output;
  t.format = spec.format;
  if (t.format == LogFormat::Unset)
    t.format = outputs_.identity().send_hostname ? LogFormat::Rfc3164 : LogFormat::Local;
  t.level = spec.level;
  t.min_level = spec.min_level;
  t.max_len = spec.max_len;
  t.sample_size = spec.sample_size;
  t.sample = spec.sample;
  if (!t.sample.empty()) t.sample_at = std::make_unique<std::atomic<std::uint32_t>>(0);
  const unsigned facility = t.format == LogFormat::Short || t.format == LogFormat::Timed ? 0 : spec.facility;
  for (unsigned level = 0; level < t.priority.size(); ++level)
    t.priority[level] = "<" + std::to_string(facility * 8 + level) + ">";
  widest_ = std::max(widest_, t.level);
  structured_ = structured_ || t.format == LogFormat::Rfc5424;
  longest_ = std::max(longest_, t.max_len);
  targets_.push_back(std::move(t));
}

namespace {

bool sampled(const std::vector<LogTargetSpec::Range>& ranges, std::uint32_t place) noexcept {
  return std::any_of(ranges.begin(), ranges.end(),
                     [place](const LogTargetSpec::Range& r) { return place >= r.first && place <= r.last; });
}

// Pieces of one line.
struct Line {
  std::array<std::string_view, 16> pieces;
  std::size_t count = 0;
  void add(std::string_view piece) noexcept { pieces[count++] = piece; }
};

}  // namespace

void LogRoute::write(base::LogLevel level, std::string_view message, std::string_view structured) noexcept {
  static thread_local LogClock clock;
  if (targets_.empty() || level > widest_) return;
  while (!message.empty() && (message.back() == '\n' || message.back() == '\r')) message.remove_suffix(1);
  const runtime::WallSplit now = log_now();
  const LogIdentity& id = outputs_.identity();
  const std::string_view tag = tag_.empty() ? std::string_view(id.tag) : std::string_view(tag_);
  for (Target& t : targets_) {
    if (level > t.level) continue;
    if (!t.sample.empty()) {
      const std::uint32_t place = t.sample_at->fetch_add(1, std::memory_order_relaxed) % t.sample_size + 1;
      if (!sampled(t.sample, place)) continue;
    }
    const std::string_view priority = t.priority[static_cast<std::size_t>(std::max(level, t.min_level))];
    Line line;
    std::size_t limit = t.max_len;
    switch (t.format) {
      case LogFormat::Unset:
      case LogFormat::Local:
      case LogFormat::Rfc3164:
        line.add(priority);
        line.add(clock.rfc3164(now));
        line.add(" ");
        if (t.format == LogFormat::Rfc3164) {
          line.add(id.hostname.empty() ? std::string_view("localhost") : std::string_view(id.hostname));
          line.add(" ");
        }
        line.add(tag);
        line.add("[");
        line.add(outputs_.pid_text());
        line.add("]: ");
        break;
      case LogFormat::Rfc5424:
        line.add(priority);
        line.add("1 ");
        line.add(clock.iso(now));
        line.add(" ");
        line.add(id.hostname.empty() ? std::string_view("-") : std::string_view(id.hostname));
        line.add(" ");
        line.add(tag);
        line.add(" ");
        line.add(outputs_.pid_text());
        line.add(" - ");  // no message id
        line.add(structured.empty() ? std::string_view("-") : structured);
        line.add(" ");
        break;
      case LogFormat::Priority:
      case LogFormat::Short:
        line.add(priority);
        break;
      case LogFormat::Timed:
        line.add(priority);
        [[fallthrough]];
      case LogFormat::Iso:
        line.add(clock.iso(now));
        line.add(" ");
        break;
      case LogFormat::Raw:
        limit -= 1;  // the reference counts the newline where there is no header
        break;
    }
    line.add(message);
    t.output->add(line.pieces.data(), line.count, limit);
  }
}

namespace {

bool add_all(LogRoute& route, LogOutputs& outputs, std::span<const LogTargetSpec> specs, std::string& error) {
  for (const LogTargetSpec& spec : specs) {
    auto output = outputs.open(spec);
    if (!output) {
      error = output.error();
      return false;
    }
    route.add(**output, spec);
  }
  return true;
}

}  // namespace

std::unique_ptr<LogRoute> make_log_route(LogOutputs& outputs, const LogSpecs* proxy, const GlobalLogSpec* global,
                                         std::string& error) {
  auto route = std::make_unique<LogRoute>(outputs, proxy != nullptr && proxy->tag ? *proxy->tag : std::string());
  if (proxy == nullptr) return route;
  // In the order of their lines, as whoever reads them together expects.
  const std::span<const LogTargetSpec> own = proxy->targets;
  const std::size_t before = proxy->global ? proxy->global_at : own.size();
  if (!add_all(*route, outputs, own.first(before), error)) return nullptr;
  if (proxy->global && global != nullptr && !add_all(*route, outputs, global->targets, error)) return nullptr;
  if (!add_all(*route, outputs, own.subspan(before), error)) return nullptr;
  return route;
}

std::unique_ptr<LogRoute> make_global_log_route(LogOutputs& outputs, const GlobalLogSpec* global, std::string& error) {
  auto route = std::make_unique<LogRoute>(outputs, std::string());
  if (global != nullptr && !add_all(*route, outputs, global->targets, error)) return nullptr;
  return route;
}

}  // namespace sluice::ops
