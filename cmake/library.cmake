# The library: one cargo build, and the targets pqpush::pqpush (shared) and pqpush::pqpush_static.

find_program(PQPUSH_CARGO cargo REQUIRED)
if(DEFINED ENV{CARGO_TARGET_DIR})
  set(PQPUSH_CARGO_TARGET_DIR "$ENV{CARGO_TARGET_DIR}")
else()
  set(PQPUSH_CARGO_TARGET_DIR "${PROJECT_SOURCE_DIR}/target")
endif()
set(PQPUSH_CARGO_OUTPUT "${PQPUSH_CARGO_TARGET_DIR}/release")

# What a static link needs beside the library: rustc --print native-static-libs.
set(PQPUSH_NATIVE_LIBRARIES gcc_s util rt pthread m dl c)

set(PQPUSH_SHARED_FILE "libpqpush.so.${PROJECT_VERSION}")
set(PQPUSH_SONAME "libpqpush.so.${PQPUSH_ABI}")
set(PQPUSH_LIBRARY_DIR "${PROJECT_BINARY_DIR}/lib")
set(PQPUSH_SHARED_LIBRARY "${PQPUSH_LIBRARY_DIR}/${PQPUSH_SHARED_FILE}")
set(PQPUSH_STATIC_LIBRARY "${PQPUSH_CARGO_OUTPUT}/libpqpush.a")

# cargo knows best whether there is anything to do, so it is asked every time. The links make the build tree look like
# an installed one: a program linked here finds the library by its SONAME.
separate_arguments(PQPUSH_CARGO_ARGUMENTS UNIX_COMMAND "${PQPUSH_CARGO_FLAGS}")
set(PQPUSH_ENABLED_FEATURES)
foreach(feature IN LISTS PQPUSH_FEATURES)
  string(TOUPPER "PQPUSH_${feature}" name)
  if(${name})
    list(APPEND PQPUSH_ENABLED_FEATURES ${feature})
  endif()
endforeach()
if(NOT PQPUSH_ENABLED_FEATURES STREQUAL PQPUSH_FEATURES)
  list(JOIN PQPUSH_ENABLED_FEATURES "," PQPUSH_ENABLED_FEATURES)
  list(APPEND PQPUSH_CARGO_ARGUMENTS --no-default-features "--features=${PQPUSH_ENABLED_FEATURES}")
endif()
add_custom_target(pqpush_cargo ALL
  COMMAND "${PQPUSH_CARGO}" build --release --lib --target-dir "${PQPUSH_CARGO_TARGET_DIR}" ${PQPUSH_CARGO_ARGUMENTS}
  COMMAND "${CMAKE_COMMAND}" -E make_directory "${PQPUSH_LIBRARY_DIR}"
  COMMAND "${CMAKE_COMMAND}" -E copy_if_different "${PQPUSH_CARGO_OUTPUT}/libpqpush.so" "${PQPUSH_SHARED_LIBRARY}"
  COMMAND "${CMAKE_COMMAND}" -E create_symlink "${PQPUSH_SHARED_FILE}" "${PQPUSH_LIBRARY_DIR}/${PQPUSH_SONAME}"
  COMMAND "${CMAKE_COMMAND}" -E create_symlink "${PQPUSH_SONAME}" "${PQPUSH_LIBRARY_DIR}/libpqpush.so"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  BYPRODUCTS "${PQPUSH_SHARED_LIBRARY}" "${PQPUSH_STATIC_LIBRARY}"
  COMMENT "cargo build --release"
  USES_TERMINAL VERBATIM)

add_library(pqpush::pqpush SHARED IMPORTED GLOBAL)
set_target_properties(pqpush::pqpush PROPERTIES
  IMPORTED_LOCATION "${PQPUSH_SHARED_LIBRARY}"
  IMPORTED_SONAME "${PQPUSH_SONAME}"
  INTERFACE_INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}/include")
add_dependencies(pqpush::pqpush pqpush_cargo)

add_library(pqpush::pqpush_static STATIC IMPORTED GLOBAL)
set_target_properties(pqpush::pqpush_static PROPERTIES
  IMPORTED_LOCATION "${PQPUSH_STATIC_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${PROJECT_SOURCE_DIR}/include"
  INTERFACE_LINK_LIBRARIES "${PQPUSH_NATIVE_LIBRARIES}")
add_dependencies(pqpush::pqpush_static pqpush_cargo)
