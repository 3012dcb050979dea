;; Two functions that call each other in tail position.
(module
  (func $even (param $n i32) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (i64.const 1))))
    (return_call $odd (i32.sub (local.get $n) (i32.const 1))))

  (func $odd (param $n i32) (result i64)
    (if (i32.eqz (local.get $n)) (then (return (i64.const 0))))
    (return_call $even (i32.sub (local.get $n) (i32.const 1))))

  (func (export "run") (param $n i32) (result i64)
    (call $even (local.get $n))))
