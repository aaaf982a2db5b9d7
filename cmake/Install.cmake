# What `cmake --install` lays out. Components: `sluice`, the program and what belongs to it, and `compat`, the link by which it
# is called haproxy. Texts that name folders are made when they are installed, so that one build serves every prefix.
include(GNUInstallDirs)
option(SLUICE_COMPAT_LINK "Install the link sbin/haproxy" ON)

install(TARGETS sluice RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sluice)
install(FILES README INSTALL LICENSE doc/intro.txt doc/configuration.txt
        DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/sluice COMPONENT sluice)
if(EXISTS ${CMAKE_SOURCE_DIR}/doc/management.txt)
  install(FILES doc/management.txt DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/sluice COMPONENT sluice)
endif()
install(FILES examples/quickstart.cfg DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/doc/sluice/examples COMPONENT sluice)

foreach(name SOURCE_DIR BINARY_DIR PROJECT_VERSION SLUICE_LANGUAGE_LEVEL)
  if(name MATCHES "_DIR$")
    string(APPEND facts "set(SLUICE_${name} \"${CMAKE_${name}}\")\n")
  else()
    string(APPEND facts "set(${name} \"${${name}}\")\n")
  endif()
endforeach()
install(CODE "${facts}include(\"${CMAKE_SOURCE_DIR}/cmake/InstallTexts.cmake\")" COMPONENT sluice)
if(SLUICE_COMPAT_LINK)
  install(CODE "include(\"${CMAKE_SOURCE_DIR}/cmake/InstallCompat.cmake\")" COMPONENT compat)
endif()
