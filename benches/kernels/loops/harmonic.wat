;; A sum of reciprocals, in f64.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $i f64) (local $sum f64)
    (loop $next
      (local.set $i (f64.add (local.get $i) (f64.const 1)))
      (local.set $sum (f64.add (local.get $sum) (f64.div (f64.const 1) (local.get $i))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.reinterpret_f64 (local.get $sum))))
