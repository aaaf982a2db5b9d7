# `cpack -G DEB` in the build folder: the packages sluice and sluice-compat. scripts/package does all of it.
set(SLUICE_MAINTAINER "Sluice maintainers <maintainers@localhost>" CACHE STRING "Who answers for the packages: Name <address>")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sluice)
set(CPACK_PACKAGE_VENDOR Sluice)
set(CPACK_PACKAGE_CONTACT ${SLUICE_MAINTAINER})
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL sluice)
if(SLUICE_COMPAT_LINK)
  list(APPEND CPACK_COMPONENTS_ALL compat)
endif()
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/PackageFinish.cmake)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_SLUICE_PACKAGE_NAME sluice)
set(CPACK_DEBIAN_SLUICE_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_SLUICE_PACKAGE_DEPENDS "systemd | passwd")  # whoever makes the user
set(CPACK_DEBIAN_SLUICE_PACKAGE_SUGGESTS "rsyslog, logrotate")
set(CPACK_COMPONENT_SLUICE_DESCRIPTION "load balancer for TCP and HTTP
Sluice reads the configuration files of HAProxy, writes the same logs and
answers the same commands on its sockets. It balances connections and
requests over servers, checks and protects them, and can look at requests,
change, answer or refuse them.")
set(packaging ${CMAKE_SOURCE_DIR}/packaging)
set(CPACK_DEBIAN_SLUICE_PACKAGE_CONTROL_EXTRA
    ${packaging}/debian/conffiles ${packaging}/debian/postinst ${packaging}/debian/prerm ${packaging}/debian/postrm)

set(CPACK_DEBIAN_COMPAT_PACKAGE_NAME sluice-compat)
set(CPACK_DEBIAN_COMPAT_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_COMPAT_PACKAGE_DEPENDS "sluice (>= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_COMPAT_DESCRIPTION "Sluice in the place of the program haproxy
Makes /usr/sbin/haproxy a link to Sluice. If the package haproxy is there, its
program is moved aside and its service, configuration and user go on with
Sluice from the next restart of the service; removing this package undoes it.")
set(CPACK_DEBIAN_COMPAT_PACKAGE_CONTROL_EXTRA ${packaging}/debian-compat/preinst ${packaging}/debian-compat/postrm)

include(CPack)
