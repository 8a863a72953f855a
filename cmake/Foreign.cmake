# SPDX-License-Identifier: Apache-2.0
# Foreign libraries, as targets whose headers are SYSTEM. Which folder may use which one is said in CMakeLists.txt.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(rocksdb REQUIRED IMPORTED_TARGET rocksdb)

# RocksDB's static library: 3 MB less resident memory and a fifth less time for a read than through the shared one. The
# thread sanitizer has to tell its accesses from ours by the file they are in (tests/tsan.supp): there, the shared one.
option(KDB_SHARED_ROCKSDB "link RocksDB's shared library" OFF)
add_library(kdb_rocksdb INTERFACE)
if(KDB_SHARED_ROCKSDB)
    target_link_libraries(kdb_rocksdb INTERFACE PkgConfig::rocksdb)
else()
    find_library(ROCKSDB_ARCHIVE librocksdb.a REQUIRED)
    target_include_directories(kdb_rocksdb SYSTEM INTERFACE ${rocksdb_INCLUDE_DIRS})
    target_link_libraries(kdb_rocksdb INTERFACE
        ${ROCKSDB_ARCHIVE} snappy lz4 zstd bz2 z Threads::Threads ${CMAKE_DL_LIBS})
endif()
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(cjose REQUIRED IMPORTED_TARGET cjose)
pkg_check_modules(jansson REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(msgpack REQUIRED IMPORTED_TARGET msgpack)
pkg_check_modules(zlib REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(edit REQUIRED IMPORTED_TARGET libedit)

# Finds a header or stops with the Debian package that has it.
function(kdb_require_path variable name package)
    find_path(${variable} NAMES ${name} ${ARGN})
    if(NOT ${variable})
        message(FATAL_ERROR "${name} not found: install the Debian package ${package}, or run scripts/install-deps")
    endif()
endfunction()

# tomlplusplus, compiled into the one C++ file that uses it.
kdb_require_path(KDB_TOML_DIR toml++/toml.h libtomlplusplus-dev)
add_library(kdb_tomlplusplus INTERFACE)
target_include_directories(kdb_tomlplusplus SYSTEM INTERFACE ${KDB_TOML_DIR})

# llhttp: Debian ships its generated C source inside node-llhttp.
kdb_require_path(KDB_LLHTTP_SOURCE_DIR llhttp/llhttp.c node-llhttp PATHS /usr/share)
kdb_require_path(KDB_LLHTTP_HEADER_DIR llhttp.h node-llhttp PATHS /usr/share/include /usr/include PATH_SUFFIXES llhttp)
add_library(kdb_llhttp STATIC EXCLUDE_FROM_ALL
    ${KDB_LLHTTP_SOURCE_DIR}/llhttp/api.c ${KDB_LLHTTP_SOURCE_DIR}/llhttp/http.c ${KDB_LLHTTP_SOURCE_DIR}/llhttp/llhttp.c)
target_include_directories(kdb_llhttp SYSTEM PUBLIC ${KDB_LLHTTP_HEADER_DIR})
target_compile_options(kdb_llhttp PRIVATE -w)
# Its loose mode takes any byte for the line feed behind a chunk size.
target_compile_definitions(kdb_llhttp PUBLIC LLHTTP_STRICT_MODE=1)

# libpg_query: its raw parse tree is described by PostgreSQL's own server headers.
kdb_require_path(KDB_PG_QUERY_DIR pg_query.h libpg-query-dev)
find_program(KDB_PG_CONFIG pg_config REQUIRED)
execute_process(COMMAND ${KDB_PG_CONFIG} --includedir-server
    OUTPUT_VARIABLE pg_server_default OUTPUT_STRIP_TRAILING_WHITESPACE)
kdb_require_path(KDB_PG_SERVER_DIR nodes/parsenodes.h postgresql-server-dev-15
    PATHS /usr/include/postgresql/15/server ${pg_server_default} NO_DEFAULT_PATH)
find_library(KDB_PG_QUERY_LIBRARY NAMES libpg_query.a pg_query REQUIRED)
add_library(kdb_pg_query INTERFACE)
target_include_directories(kdb_pg_query SYSTEM INTERFACE
    ${KDB_PG_QUERY_DIR} ${KDB_PG_QUERY_DIR}/pg_query ${KDB_PG_SERVER_DIR})
target_link_libraries(kdb_pg_query INTERFACE ${KDB_PG_QUERY_LIBRARY} Threads::Threads)

# DuckDB: the header at compile time, the library beside the program, opened on first need.
set(KDB_DUCKDB_DIR ${CMAKE_SOURCE_DIR}/build/deps/duckdb)
add_library(kdb_duckdb_header INTERFACE)
target_include_directories(kdb_duckdb_header SYSTEM INTERFACE ${KDB_DUCKDB_DIR}/include)
file(GLOB engine_sources ${CMAKE_SOURCE_DIR}/src/engine/*.c)
if(engine_sources)
    execute_process(COMMAND ${CMAKE_SOURCE_DIR}/scripts/fetch-duckdb COMMAND_ERROR_IS_FATAL ANY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${KDB_DUCKDB_DIR}/stamp)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
    file(CREATE_LINK ${KDB_DUCKDB_DIR}/lib/libduckdb.so ${CMAKE_BINARY_DIR}/lib/libduckdb.so COPY_ON_ERROR)
    install(FILES ${CMAKE_BINARY_DIR}/lib/libduckdb.so TYPE LIB)
endif()
