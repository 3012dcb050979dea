//! The rows of vector operators.
/// Calls `$callback!` with `$before` and the rows.
#[macro_export]
macro_rules! for_each_vector_op {
    ($callback:ident $($before:tt)*) => {
        $callback! {
            $($before)*
            unops {
                V128Not [0xfd 0x4d] "v128.not" v128 => v128 plain <I> |a| I::v128_not(a);
                V128AnyTrue [0xfd 0x53] "v128.any_true" v128 => u32 plain <I> |a| I::v128_any_true(a);
                I32x4Splat [0xfd 0x11] "i32x4.splat" u32 => v128 plain <I> |a| I::i32x4_splat(a);
                F32Canonical [] "f32.canonical" f32 => f32 plain <I> |a| a;
            }
            binops {
                I32x4Add [0xfd 0xae] "i32x4.add" v128 v128 => v128 plain <I> |a, b| I::i32x4_add(a, b);
                I32x4Shl [0xfd 0xab] "i32x4.shl" v128 u32 => v128 plain <I> |a, b| I::i32x4_shl(a, b);
            }
            ternops {
                V128Bitselect [0xfd 0x52] "v128.bitselect" v128 v128 v128 => v128 plain <I> |a, b, c| I::v128_bitselect(a, b, c);
                I8x16Shuffle [0xfd 0x0d] "i8x16.shuffle" v128 v128 v128 => v128 better <I> |a, b, c| I::i8x16_shuffle(a, b, c);
            }
            extracts {
                I32x4ExtractLane [0xfd 0x1b] "i32x4.extract_lane" 4 v128 => u32 plain <I, LANE> |a| I::i32x4_extract_lane::<LANE>(a);
            }
            replaces {
                I32x4ReplaceLane [0xfd 0x1c] "i32x4.replace_lane" 4 v128 u32 => v128 better <I, LANE> |a, b| I::i32x4_replace_lane::<LANE>(a, b);
            }
            loads {
                V128Load [0xfd 0x00] "v128.load" in v128 => v128 plain <I> |a| a;
            }
            stores {
                V128Store [0xfd 0x0b] "v128.store" v128 => in v128 plain <I> |a| a;
            }
            lane_loads {
                V128Load32Lane [0xfd 0x56] "v128.load32_lane" 4 I32Load I32x4ReplaceLane;
            }
            lane_stores {
                V128Store32Lane [0xfd 0x5a] "v128.store32_lane" 4 I32x4ExtractLane I32Store;
            }
            relaxed {
                I32x4RelaxedFoo [0xfd 0x100] "x" I32x4Add I32x4Add;
            }
        }
    };
}
