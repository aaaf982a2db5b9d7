# Runs before a package is closed: what distributions ask for and `cmake --install` does not do.
cmake_policy(VERSION 3.25)
find_program(GZIP gzip REQUIRED)
set(top ${CPACK_TEMPORARY_INSTALL_DIRECTORY})

file(GLOB_RECURSE pages ${top}/*.1)
foreach(page ${pages})
  execute_process(COMMAND ${GZIP} -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

file(GLOB_RECURSE licenses ${top}/LICENSE)
foreach(license ${licenses})
  get_filename_component(folder ${license} DIRECTORY)
  file(REMOVE ${license})
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/../packaging/debian/copyright ${folder}/copyright)
endforeach()
