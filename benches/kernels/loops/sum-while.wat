;; Sums i64 numbers, with the test at the beginning and the sum on the way down.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $i i64) (local $sum i64)
    (local.set $i (i64.extend_i32_u (local.get $n)))
    (block $done
      (loop $next
        (br_if $done (i64.eqz (local.get $i)))
        (local.set $sum (i64.add (local.get $sum) (local.get $i)))
        (local.set $i (i64.sub (local.get $i) (i64.const 1)))
        (br $next)))
    (local.get $sum)))
