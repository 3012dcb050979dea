;; The same by tail calls.
(module
  (func $product (param $n i32) (param $i i64) (param $product i64) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (local.get $product))))
    (return_call $product
      (i32.sub (local.get $n) (i32.const 1))
      (i64.add (local.get $i) (i64.const 2))
      (i64.mul (local.get $product) (local.get $i))))

  (func (export "run") (param $n i32) (result i64)
    (call $product (local.get $n) (i64.const 1) (i64.const 1))))
