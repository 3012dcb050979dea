//! The ways in which tests about objects run: with fused operations and without, collecting when it is due, whenever something is allocated, and in small
//! steps, one whenever something is.

use pirn::GcStress;

/// Whether operations are fused, and what is done about collecting.
pub fn ways() -> [(bool, GcStress); 6] {
    let all = [GcStress::None, GcStress::Collect, GcStress::Step].map(|stress| [(true, stress), (false, stress)]);
    let [[a, b], [c, d], [e, f]] = all;
    [a, b, c, d, e, f]
}
