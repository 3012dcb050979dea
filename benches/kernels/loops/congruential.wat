;; A generator of random numbers: multiply and add, and a mask.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $x i32) (local $sum i32)
    (local.set $x (i32.const 12345))
    (loop $next
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (i32.const 12345)))
      (local.set $sum (i32.add (local.get $sum) (i32.and (i32.shr_u (local.get $x) (i32.const 16)) (i32.const 32767))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.extend_i32_u (local.get $sum))))
