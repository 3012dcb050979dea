//! The proposals by which WebAssembly has grown, and which of them a module may use.

use std::fmt;
use wasmparser::WasmFeatures;

/// What is supported: WebAssembly 2.0, and of what came later relaxed SIMD, extended-const, tail calls, multiple and 64-bit
/// memories, custom page sizes, threads, wide arithmetic, compact import sections, typed function references, exceptions with
/// their older instructions, and garbage collection.
pub const FEATURES: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::MEMORY64)
    .union(WasmFeatures::CUSTOM_PAGE_SIZES)
    .union(WasmFeatures::THREADS)
    .union(WasmFeatures::WIDE_ARITHMETIC)
    .union(WasmFeatures::COMPACT_IMPORTS)
    .union(WasmFeatures::FUNCTION_REFERENCES)
    .union(WasmFeatures::EXCEPTIONS)
    .union(WasmFeatures::LEGACY_EXCEPTIONS)
    .union(WasmFeatures::GC);

macro_rules! proposals {
    ($($(#[$doc:meta])* $name:ident $text:literal = $flags:expr;)*) => {
        /// A proposal that was added to WebAssembly 1.0, or will be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Proposal {
            $($(#[$doc])* $name,)*
        }

        impl Proposal {
            /// Every proposal, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// What wasmparser calls it.
            fn flags(self) -> WasmFeatures {
                match self {
                    $(Self::$name => $flags,)*
                }
            }
        }

        impl fmt::Display for Proposal {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $text,)*
                })
            }
        }
    };
}
proposals! {
    /// Mutable globals may be imported and exported.
    MutableGlobal "mutable globals" = WasmFeatures::MUTABLE_GLOBAL;
    /// Conversions from floats that do not trap.
    SaturatingFloatToInt "saturating float-to-int conversions" = WasmFeatures::SATURATING_FLOAT_TO_INT;
    /// `i32.extend8_s` and its like.
    SignExtension "sign extension" = WasmFeatures::SIGN_EXTENSION;
    /// Functions and blocks with several results, blocks with parameters.
    MultiValue "multi-value" = WasmFeatures::MULTI_VALUE;
    /// `memory.copy` and its like, passive segments.
    BulkMemory "bulk memory" = WasmFeatures::BULK_MEMORY.union(WasmFeatures::BULK_MEMORY_OPT);
    /// References as values, several tables, and the instructions on tables.
    ReferenceTypes "reference types" = WasmFeatures::REFERENCE_TYPES.union(WasmFeatures::CALL_INDIRECT_OVERLONG);
    /// `return_call` and `return_call_indirect`.
    TailCall "tail calls" = WasmFeatures::TAIL_CALL;
    /// Addition, subtraction and multiplication in constant expressions.
    ExtendedConst "extended constant expressions" = WasmFeatures::EXTENDED_CONST;
    /// Vectors of 128 bits.
    Simd "SIMD" = WasmFeatures::SIMD;
    /// Vector instructions whose results differ between machines.
    RelaxedSimd "relaxed SIMD" = WasmFeatures::RELAXED_SIMD;
    /// Shared memories and atomic instructions.
    Threads "threads" = WasmFeatures::THREADS;
    /// Threads that share everything.
    SharedEverythingThreads "shared-everything threads" = WasmFeatures::SHARED_EVERYTHING_THREADS;
    /// Several memories.
    MultiMemory "multiple memories" = WasmFeatures::MULTI_MEMORY;
    /// Memories and tables with 64-bit indices.
    Memory64 "64-bit memories" = WasmFeatures::MEMORY64;
    /// Exceptions: tags, `throw`, `try_table`.
    Exceptions "exceptions" = WasmFeatures::EXCEPTIONS;
    /// The instructions for exceptions before `try_table`: `try`, `catch`, `catch_all`, `delegate`, `rethrow`.
    LegacyExceptions "legacy exceptions" = WasmFeatures::LEGACY_EXCEPTIONS;
    /// Typed references to functions, `call_ref`.
    FunctionReferences "typed function references" = WasmFeatures::FUNCTION_REFERENCES;
    /// Structs, arrays and casts.
    Gc "garbage collection" = WasmFeatures::GC;
    /// Memories with pages of one byte.
    CustomPageSizes "custom page sizes" = WasmFeatures::CUSTOM_PAGE_SIZES;
    /// `i64.add128` and its like.
    WideArithmetic "wide arithmetic" = WasmFeatures::WIDE_ARITHMETIC;
    /// Imports of one module, or of one module and type, in a group.
    CompactImports "compact import sections" = WasmFeatures::COMPACT_IMPORTS;
    /// Continuations.
    StackSwitching "stack switching" = WasmFeatures::STACK_SWITCHING;
    /// Components.
    ComponentModel "the component model" = WasmFeatures::COMPONENT_MODEL;
}

/// Which proposals a module may use. What it does not may neither be validated nor run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features(WasmFeatures);

impl Default for Features {
    /// All that there are.
    fn default() -> Self {
        Self(FEATURES)
    }
}

impl Features {
    /// Allows a proposal, or no longer.
    pub fn set(&mut self, proposal: Proposal, allowed: bool) {
        self.0.set(proposal.flags(), allowed);
    }

    /// Whether a proposal is allowed.
    pub fn allows(self, proposal: Proposal) -> bool {
        self.0.contains(proposal.flags())
    }

    /// The first proposal that is allowed, but not supported.
    pub fn unsupported(self) -> Option<Proposal> {
        let is_missing = |proposal: &Proposal| {
            let flags = proposal.flags();
            self.0.contains(flags) && !FEATURES.contains(flags)
        };
        Proposal::ALL.iter().copied().find(is_missing)
    }

    /// What wasmparser calls them.
    pub(crate) fn flags(self) -> WasmFeatures {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{Features, Proposal};

    #[test]
    fn what_is_supported_can_be_switched_and_nothing_else() {
        assert_eq!(Features::default().unsupported(), None);
        let mut supported = Vec::new();
        for &proposal in Proposal::ALL {
            let mut features = Features::default();
            features.set(proposal, true);
            if features.unsupported().is_none() {
                assert_eq!(features, Features::default(), "{proposal} is supported, but not allowed by default");
                supported.push(proposal);
            } else {
                assert_eq!(features.unsupported(), Some(proposal));
            }
            features.set(proposal, false);
            assert_eq!(features.unsupported(), None);
        }
        use Proposal::*;
        let expected = [
            MutableGlobal,
            SaturatingFloatToInt,
            SignExtension,
            MultiValue,
            BulkMemory,
            ReferenceTypes,
            TailCall,
            ExtendedConst,
            Simd,
            RelaxedSimd,
            Threads,
            MultiMemory,
            Memory64,
            Exceptions,
            LegacyExceptions,
            FunctionReferences,
            Gc,
            CustomPageSizes,
            WideArithmetic,
            CompactImports,
        ];
        assert_eq!(supported, expected);
    }
}
