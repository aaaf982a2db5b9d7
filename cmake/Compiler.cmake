# Language level, warnings, sanitizers, compiler cache: the same for every room.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")

find_program(SLUICE_CCACHE ccache)
if(SLUICE_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SLUICE_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow)
if(SLUICE_WERROR)
  add_compile_options(-Werror)
endif()
add_compile_options(-fno-omit-frame-pointer)

if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # The instrumentation hides initialisations from GCC's analysis: these two report what is not there.
    add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow)
    if(SLUICE_SANITIZE MATCHES "thread")
      add_compile_options(-Wno-tsan)  # atomic_thread_fence
    endif()
  endif()
endif()
if(SLUICE_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "SLUICE_FUZZ needs clang: cmake --preset fuzz")
  endif()
  # Pools keep nothing under AddressSanitizer, so a field of theirs has no reader.
  add_compile_options(-fsanitize=fuzzer-no-link -Wno-unused-private-field)
endif()
if(SLUICE_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT SLUICE_IPO_OK LANGUAGES CXX)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${SLUICE_IPO_OK})
endif()

# What the program says about itself: sluice/version.h, made at configure time.
set(SLUICE_LANGUAGE_LEVEL 3.5)
configure_file(${CMAKE_SOURCE_DIR}/cmake/version.h.in ${CMAKE_BINARY_DIR}/generated/sluice/version.h @ONLY)
