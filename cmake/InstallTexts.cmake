# Runs while installing: fills in the folders of this prefix and puts the texts in place. DESTDIR is heeded. Given:
# SLUICE_SOURCE_DIR, SLUICE_BINARY_DIR, PROJECT_VERSION, SLUICE_LANGUAGE_LEVEL, CMAKE_INSTALL_PREFIX.
cmake_policy(VERSION 3.25)

set(SLUICE_BINDIR ${CMAKE_INSTALL_PREFIX}/bin)
set(SLUICE_DOCDIR ${CMAKE_INSTALL_PREFIX}/share/doc/sluice)
# Below /usr/local and elsewhere configuration stays in the prefix; the system's own programs have theirs in /etc.
set(SLUICE_SYSCONFDIR ${CMAKE_INSTALL_PREFIX}/etc)
set(zsh_folder ${CMAKE_INSTALL_PREFIX}/share/zsh/site-functions)
if(CMAKE_INSTALL_PREFIX MATCHES "^/usr/?$")
  set(SLUICE_SYSCONFDIR /etc)
  if(EXISTS /etc/debian_version)
    set(zsh_folder /usr/share/zsh/vendor-completions)
  endif()
endif()
file(READ ${SLUICE_SOURCE_DIR}/packaging/completion/commands.txt SLUICE_CTL_COMMANDS)
string(STRIP "${SLUICE_CTL_COMMANDS}" SLUICE_CTL_COMMANDS)

# sluice_text(<source> <folder> <name>): with the places filled in.
function(sluice_text source folder name)
  get_filename_component(kind ${source} NAME)
  set(made ${SLUICE_BINARY_DIR}/install/${kind}.d/${name})
  configure_file(${SLUICE_SOURCE_DIR}/${source} ${made} @ONLY)
  file(INSTALL DESTINATION ${folder} TYPE FILE FILES ${made})
  set(CMAKE_INSTALL_MANIFEST_FILES ${CMAKE_INSTALL_MANIFEST_FILES} PARENT_SCOPE)
endfunction()

# sluice_configuration(<source> <folder> <name>): the same, but what an administrator may have changed is kept. Not in the
# manifest, so that who removes the files listed there keeps it too.
function(sluice_configuration source folder name)
  if(EXISTS $ENV{DESTDIR}${folder}/${name})
    message(STATUS "Kept: $ENV{DESTDIR}${folder}/${name}")
    return()
  endif()
  sluice_text(${source} ${folder} ${name})
endfunction()

sluice_text(doc/sluice.1.in ${CMAKE_INSTALL_PREFIX}/share/man/man1 sluice.1)
sluice_text(packaging/completion/sluice.bash.in ${CMAKE_INSTALL_PREFIX}/share/bash-completion/completions sluice)
sluice_text(packaging/completion/_sluice.in ${zsh_folder} _sluice)
sluice_text(packaging/sluice.service.in ${CMAKE_INSTALL_PREFIX}/lib/systemd/system sluice.service)
sluice_text(packaging/sluice.sysusers ${CMAKE_INSTALL_PREFIX}/lib/sysusers.d sluice.conf)
sluice_text(packaging/sluice.tmpfiles ${CMAKE_INSTALL_PREFIX}/lib/tmpfiles.d sluice.conf)
sluice_configuration(packaging/sluice.cfg.in ${SLUICE_SYSCONFDIR}/sluice sluice.cfg)
sluice_configuration(packaging/sluice.default.in ${SLUICE_SYSCONFDIR}/default sluice)
if(SLUICE_SYSCONFDIR STREQUAL "/etc")
  sluice_configuration(packaging/sluice.logrotate /etc/logrotate.d sluice)
  sluice_configuration(packaging/sluice.rsyslog /etc/rsyslog.d 49-sluice.conf)
else()
  # Nobody reads these below the prefix: copy them to /etc/logrotate.d and /etc/rsyslog.d by hand.
  sluice_text(packaging/sluice.logrotate ${SLUICE_DOCDIR}/examples logrotate.conf)
  sluice_text(packaging/sluice.rsyslog ${SLUICE_DOCDIR}/examples rsyslog.conf)
endif()
