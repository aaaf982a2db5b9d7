# Everything under tests/ that is compiled:
#   test_<room>        tests/unit/<room>/**/*.cc and tests/fakes/<room>/*.cc, linked with that room only     ctest label unit
#   <name>_fuzz        tests/fuzz/<name>_fuzz.cc; with libFuzzer in the fuzz preset, otherwise with a driver that replays
#                      tests/fuzz/corpus/<name>/                                                             ctest label fuzz
#   benchmarks         tests/bench/*_bench.cc (Google Benchmark); not part of `all`
#   bench_tools        tests/bench/{loadgen,origin,floor,...}.cc, used by scripts/bench; not part of `all`
#   checkheaders       every door header compiled alone; not part of `all`

get_property(rooms GLOBAL PROPERTY SLUICE_ROOMS)

function(sluice_test_includes target)
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests ${CMAKE_SOURCE_DIR}/src)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# sluice_room_tests(<room>): called for every room; a room without tests makes no target.
function(sluice_room_tests name)
  get_property(path GLOBAL PROPERTY SLUICE_ROOM_PATH_${name})
  set(globs ${CMAKE_SOURCE_DIR}/tests/unit/${name}/*.cc ${CMAKE_SOURCE_DIR}/tests/fakes/${name}/*.cc)
  if(NOT path STREQUAL name)
    list(APPEND globs ${CMAKE_SOURCE_DIR}/tests/unit/${path}/*.cc ${CMAKE_SOURCE_DIR}/tests/fakes/${path}/*.cc)
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${globs})
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  target_link_libraries(test_${name} PRIVATE sluice_${name} GTest::gmock GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE SLUICE_TEST_DIR="${CMAKE_SOURCE_DIR}/tests")
  sluice_test_includes(test_${name})
  # One ctest entry per room; scripts/test runs the programs itself and counts the single cases.
  add_test(NAME unit.${name} COMMAND test_${name})
  set_tests_properties(unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

foreach(room ${rooms})
  sluice_room_tests(${room})
endforeach()

# Fuzz targets say which room they need in a line `// room: <name>`.
file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cc)
add_custom_target(fuzzers)
foreach(source ${fuzzers})
  get_filename_component(target ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" subject ${target})
  file(STRINGS ${source} room_line REGEX "^// room: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^// room: *([a-z_0-9]+).*" "\\1" room "${room_line}")
  if(NOT TARGET sluice_${room})
    message(STATUS "fuzz target ${target} waits for room '${room}'")
    continue()
  endif()
  if(SLUICE_FUZZ)
    add_executable(${target} ${source})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${target} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc)
    add_test(NAME fuzz.${subject} COMMAND ${target} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${subject})
    set_tests_properties(fuzz.${subject} PROPERTIES LABELS fuzz TIMEOUT 300)
  endif()
  target_link_libraries(${target} PRIVATE sluice_${room})
  sluice_test_includes(${target})
  add_dependencies(fuzzers ${target})
endforeach()

# Micro-benchmarks name their room the same way.
add_custom_target(benchmarks)
file(GLOB benches CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/*_bench.cc)
foreach(source ${benches})
  get_filename_component(target ${source} NAME_WE)
  file(STRINGS ${source} room_line REGEX "^// room: " LIMIT_COUNT 1)
  string(REGEX REPLACE "^// room: *([a-z_0-9]+).*" "\\1" room "${room_line}")
  if(NOT TARGET sluice_${room} OR NOT TARGET benchmark::benchmark_main)
    continue()
  endif()
  add_executable(${target} EXCLUDE_FROM_ALL ${source})
  target_link_libraries(${target} PRIVATE sluice_${room} benchmark::benchmark_main)
  sluice_test_includes(${target})
  add_dependencies(benchmarks ${target})
endforeach()

# Load generator, origin and floor proxy of scripts/bench: plain programs without any room.
add_custom_target(bench_tools)
file(GLOB tools CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/bench/*.cc)
list(FILTER tools EXCLUDE REGEX "_bench\\.cc$")
foreach(source ${tools})
  get_filename_component(tool ${source} NAME_WE)
  add_executable(bench_${tool} EXCLUDE_FROM_ALL ${source})
  set_target_properties(bench_${tool} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
  target_link_libraries(bench_${tool} PRIVATE Threads::Threads)
  add_dependencies(bench_tools bench_${tool})
endforeach()

# Door headers must stand alone.
file(GLOB_RECURSE doors RELATIVE ${CMAKE_SOURCE_DIR}/include CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/include/sluice/*.h)
set(door_sources)
foreach(door ${doors})
  string(MAKE_C_IDENTIFIER ${door} id)
  set(file ${CMAKE_BINARY_DIR}/checkheaders/${id}.cc)
  file(CONFIGURE OUTPUT ${file} CONTENT "#include \"${door}\"\n#include \"${door}\"\n")
  list(APPEND door_sources ${file})
endforeach()
if(door_sources)
  add_library(checkheaders OBJECT EXCLUDE_FROM_ALL ${door_sources})
  target_include_directories(checkheaders PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/generated)
endif()
