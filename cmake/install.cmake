# The installed tree: libraries, headers, pkg-config file and CMake package, none of which knows its prefix.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(PQPUSH_PKGCONFIG_DIR "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
set(PQPUSH_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/pqpush")

file(RELATIVE_PATH PQPUSH_PREFIX_FROM_PKGCONFIG "/prefix/${PQPUSH_PKGCONFIG_DIR}" "/prefix")
list(TRANSFORM PQPUSH_NATIVE_LIBRARIES PREPEND "-l" OUTPUT_VARIABLE PQPUSH_NATIVE_FLAGS)
list(JOIN PQPUSH_NATIVE_FLAGS " " PQPUSH_NATIVE_FLAGS)
configure_file(cmake/pqpush.pc.in "${PROJECT_BINARY_DIR}/pqpush.pc" @ONLY)

configure_package_config_file(cmake/pqpushConfig.cmake.in "${PROJECT_BINARY_DIR}/pqpushConfig.cmake"
  INSTALL_DESTINATION "${PQPUSH_CMAKE_DIR}"
  PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may break what the one before it had.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/pqpushConfigVersion.cmake" COMPATIBILITY SameMinorVersion)

install(PROGRAMS "${PQPUSH_SHARED_LIBRARY}" DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES "${PQPUSH_LIBRARY_DIR}/${PQPUSH_SONAME}" "${PQPUSH_LIBRARY_DIR}/libpqpush.so" "${PQPUSH_STATIC_LIBRARY}"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(FILES include/pqpush.h include/pqpush.hpp DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY include/pqpush DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(FILES "${PROJECT_BINARY_DIR}/pqpush.pc" DESTINATION "${PQPUSH_PKGCONFIG_DIR}")
install(FILES "${PROJECT_BINARY_DIR}/pqpushConfig.cmake" "${PROJECT_BINARY_DIR}/pqpushConfigVersion.cmake"
        DESTINATION "${PQPUSH_CMAKE_DIR}")
