//! Proposals by which WebAssembly has grown, by their names on the command line.

use pirn::Config;

macro_rules! features {
    ($($name:ident $switch:ident $text:literal;)*) => {
        /// A proposal that is supported.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
        #[allow(missing_docs, reason = "their names say it")]
        pub enum Feature {
            $(#[value(name = $text)] $name,)*
        }

        impl Feature {
            /// All, in the order in which they came.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            fn disable(self, config: &mut Config) {
                match self {
                    $(Self::$name => config.$switch(false),)*
                };
            }
        }
    };
}

features! {
    MutableGlobal wasm_mutable_global "mutable-global";
    SaturatingFloatToInt wasm_saturating_float_to_int "saturating-float-to-int";
    SignExtension wasm_sign_extension "sign-extension";
    MultiValue wasm_multi_value "multi-value";
    BulkMemory wasm_bulk_memory "bulk-memory";
    ReferenceTypes wasm_reference_types "reference-types";
    TailCall wasm_tail_call "tail-call";
    ExtendedConst wasm_extended_const "extended-const";
    Simd wasm_simd "simd";
    RelaxedSimd wasm_relaxed_simd "relaxed-simd";
    Threads wasm_threads "threads";
    MultiMemory wasm_multi_memory "multi-memory";
    Memory64 wasm_memory64 "memory64";
    Exceptions wasm_exceptions "exceptions";
    LegacyExceptions wasm_legacy_exceptions "legacy-exceptions";
    FunctionReferences wasm_function_references "function-references";
    Gc wasm_gc "gc";
    CustomPageSizes wasm_custom_page_sizes "custom-page-sizes";
    WideArithmetic wasm_wide_arithmetic "wide-arithmetic";
    CompactImports wasm_compact_imports "compact-imports";
}

/// Has modules that use these refused.
pub fn disable(config: &mut Config, features: &[Feature]) {
    for feature in features {
        feature.disable(config);
        // What builds on it goes with it.
        if *feature == Feature::Simd {
            Feature::RelaxedSimd.disable(config);
        }
    }
}
