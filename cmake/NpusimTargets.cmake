# Compiler settings, third-party libraries and npusim_folder().

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
option(NPUSIM_TESTS "Build the tests" ON)
option(NPUSIM_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(NPUSIM_FUZZ "Build the fuzzers, with clang and both sanitizers" OFF)

find_program(NPUSIM_CCACHE ccache)
if(NPUSIM_CCACHE)
  # The compiler names what a file includes, so ccache need not preprocess it first; and files that
  # use a precompiled header are cached too.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_DEPEND=1
    CCACHE_SLOPPINESS=pch_defines,time_macros ${NPUSIM_CCACHE})
endif()

# fp-contract is off so that a multiply and an add fuse only where the source says std::fma.
add_compile_options(-Wall -Wextra -Wconversion -Wshadow -Werror -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # False warnings of GCC 12 inside std::string's operator+ (bug 105329) and std::optional (105562).
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized)
endif()
if(NPUSIM_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(NPUSIM_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
find_package(Protobuf REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
find_package(ONNX REQUIRED)

# Debian's dnnl package file asks for OpenCL, which the CPU library does not need.
find_library(DNNL_LIBRARY dnnl REQUIRED)
add_library(npusim_dnnl INTERFACE)
target_link_libraries(npusim_dnnl INTERFACE ${DNNL_LIBRARY})

# Debian's libsystemc is compiled as C++17 and checks that at link time; its headers use the macro
# only to enable C++11 and C++14 features.
add_library(npusim_systemc INTERFACE)
target_link_libraries(npusim_systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(npusim_systemc INTERFACE SC_CPLUSPLUS=201703L)
target_include_directories(npusim_systemc SYSTEM INTERFACE ${SYSTEMC_INCLUDE_DIRS})

# libonnx: only the protobuf messages. The namespace is fixed when Debian builds the library.
add_library(npusim_onnx INTERFACE)
target_link_libraries(npusim_onnx INTERFACE onnx_proto protobuf::libprotobuf)
target_compile_definitions(npusim_onnx INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)

# npusim_folder(path USES libraries...): the library of one folder, named as its path with '/'
# replaced by '_'. Every .cpp in the folder belongs to it. USES takes folders and other targets.
function(npusim_folder path)
  cmake_parse_arguments(ARG "" "" "USES" ${ARGN})
  string(REPLACE "/" "_" target npusim_${path})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${path}/*.cpp)
  set(libraries)
  foreach(use ${ARG_USES})
    if(TARGET ${use} OR NOT use MATCHES "^(sim|workloads|kernels)/")
      list(APPEND libraries ${use})
    else()
      string(REPLACE "/" "_" use npusim_${use})
      list(APPEND libraries ${use})
    endif()
  endforeach()
  if(sources)
    add_library(${target} STATIC ${sources})
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} PUBLIC ${libraries})
  else()
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} INTERFACE ${libraries})
  endif()
endfunction()
