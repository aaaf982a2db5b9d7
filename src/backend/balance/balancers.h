// The makers of all balancers; make_balancer() chooses among them.
#pragma once

#include <cstdint>
#include <memory>

#include "sluice/backend/balancer.h"

namespace sluice::backend {

std::unique_ptr<Balancer> make_round_robin();
std::unique_ptr<Balancer> make_static_rr();
std::unique_ptr<Balancer> make_least_conn();
std::unique_ptr<Balancer> make_first();
std::unique_ptr<Balancer> make_random(std::uint32_t draws, std::uint64_t seed);
std::unique_ptr<Balancer> make_hash_map();
std::unique_ptr<Balancer> make_hash_ring();

}  // namespace sluice::backend
