;; Sums the numbers below the parameter.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $i i32) (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (local.get $i)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (i64.extend_i32_u (local.get $sum))))
