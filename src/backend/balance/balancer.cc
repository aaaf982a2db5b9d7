#include "sluice/backend/balancer.h"

#include "backend/balance/balancers.h"

namespace sluice::backend {

std::unique_ptr<Balancer> make_balancer(Algorithm algorithm, const BackendSpec& spec, std::uint64_t seed) {
  switch (algorithm) {
    case Algorithm::RoundRobin:
      return make_round_robin();
    case Algorithm::StaticRr:
      return make_static_rr();
    case Algorithm::LeastConn:
      return make_least_conn();
    case Algorithm::First:
      return make_first();
    case Algorithm::Random:
      return make_random(spec.draws, seed);
    case Algorithm::Source:
      return spec.hash_method == HashMethod::Consistent ? make_hash_ring() : make_hash_map();
  }
  return make_round_robin();
}

std::string_view algorithm_name(Algorithm a) noexcept {
  switch (a) {
    case Algorithm::RoundRobin:
      return "roundrobin";
    case Algorithm::StaticRr:
      return "static-rr";
    case Algorithm::LeastConn:
      return "leastconn";
    case Algorithm::First:
      return "first";
    case Algorithm::Random:
      return "random";
    case Algorithm::Source:
      return "source";
  }
  return "unknown";
}

}  // namespace sluice::backend
