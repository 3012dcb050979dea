;; A product, modulo 2^64, of odd numbers.
(module
  (func (export "run") (param $n i32) (result i64)
    (local $i i64) (local $product i64)
    (local.set $i (i64.const 1))
    (local.set $product (i64.const 1))
    (loop $loop
      (local.set $product (i64.mul (local.get $product) (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 2)))
      (br_if $loop (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $product)))
