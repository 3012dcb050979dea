;; A chaotic map in f64: a chain of multiplications.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $x f64)
    (local.set $x (f64.const 0.3))
    (loop $next
      (local.set $x
        (f64.mul (f64.mul (f64.const 3.9) (local.get $x)) (f64.sub (f64.const 1) (local.get $x))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.reinterpret_f64 (local.get $x))))
