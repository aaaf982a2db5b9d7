# Runs before the packages are closed: what Debian asks for and `cmake --install` does not do. Compressed manual pages, and in
# share/doc/<package> a copyright file and a changelog.
cmake_policy(VERSION 3.25)
find_program(GZIP gzip REQUIRED)

function(compress file)
  execute_process(COMMAND ${GZIP} -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

string(TIMESTAMP now "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH is heeded
foreach(package sluice sluice-compat)
  string(REPLACE "sluice-" "" component ${package})
  set(top ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}/usr/share)
  if(NOT EXISTS ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component})
    continue()
  endif()
  file(REMOVE ${top}/doc/sluice/LICENSE)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/../packaging/debian/copyright ${top}/doc/${package}/copyright COPYONLY)
  file(WRITE ${top}/doc/${package}/changelog "${package} (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium\n\n"
       "  * Version ${CPACK_PACKAGE_VERSION}.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${now}\n")
  compress(${top}/doc/${package}/changelog)
  file(GLOB pages ${top}/man/man1/*.1)
  foreach(page ${pages})
    compress(${page})
  endforeach()
endforeach()
