# Libraries from the system; a room names the ones it needs in LIBS. scripts/setup installs them.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)      # fmt::fmt
find_package(absl REQUIRED)     # absl::flat_hash_map, ...
find_package(PkgConfig REQUIRED)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)  # PkgConfig::PCRE2
pkg_check_modules(XXHASH REQUIRED libxxhash)  # header only: xxhash.h
if(SLUICE_TESTS)
  find_package(GTest REQUIRED)
  find_package(benchmark QUIET)
endif()
