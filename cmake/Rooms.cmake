# sluice_room(<name> [DEPS room...] [LIBS library...])
#
# The static library sluice_<name> from every .cc below the calling folder, with include/ as its door. A room links only the
# rooms in DEPS (and, through them, what lies below) and the libraries in LIBS. A folder without sources yet makes no library
# and is left out of the DEPS of others, so that a tree under construction configures.
function(sluice_room name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set_property(GLOBAL APPEND PROPERTY SLUICE_ROOMS ${name})
  file(RELATIVE_PATH path ${CMAKE_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  set_property(GLOBAL PROPERTY SLUICE_ROOM_PATH_${name} ${path})
  if(NOT sources)
    # Header-only for now: an interface library, so that its tests and users can name it.
    add_library(sluice_${name} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(sluice_${name} STATIC ${sources})
    set(scope PUBLIC)
    # Private headers: "x.h" beside the source, or "<room>/x.h".
    target_include_directories(sluice_${name} PRIVATE ${CMAKE_SOURCE_DIR}/src)
  endif()
  target_include_directories(sluice_${name} ${scope} ${CMAKE_SOURCE_DIR}/include ${CMAKE_BINARY_DIR}/generated)
  foreach(dep ${ARG_DEPS})
    if(TARGET sluice_${dep})
      target_link_libraries(sluice_${name} ${scope} sluice_${dep})
    endif()
  endforeach()
  target_link_libraries(sluice_${name} ${scope} ${ARG_LIBS} Threads::Threads)
endfunction()

# The program: src/main.cc and the top room. Only when both are there.
function(sluice_executable)
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/src/main.cc OR NOT TARGET sluice_process)
    return()
  endif()
  add_executable(sluice ${CMAKE_SOURCE_DIR}/src/main.cc)
  target_link_libraries(sluice PRIVATE sluice_process)
  set_target_properties(sluice PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
